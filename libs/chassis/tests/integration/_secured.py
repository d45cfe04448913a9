"""A real broker that believes certificates and passwords, with certificates made here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from rich.console import Console

from harness.backends import embedded
from harness.backends.embedded import EmbeddedBroker
from harness.ports import LOOPBACK, free_port
from harness.processes import Supervisor

USERNAME, PASSWORD = "chert", "made-up-password"

_LISTENERS = """
listeners=PLAINTEXT://{host}:{open},CONTROLLER://{host}:{controller},SSL://{host}:{certified},SASL_SSL://{host}:{named}
advertised.listeners=PLAINTEXT://{host}:{open},SSL://{host}:{certified},SASL_SSL://{host}:{named}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
listener.name.ssl.ssl.client.auth=required
listener.name.sasl_ssl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
  user_{username}="{password}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


@dataclass(frozen=True)
class Certificates:
    """Files of one authority: its own certificate, and one with its key for the broker and for a client."""

    authority: Path
    broker: Path
    client: Path
    client_key: Path


def certificates(folder: Path, *, expired: bool = False) -> Certificates:
    """Made now; an expired broker's certificate ended yesterday."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    ends = datetime.now(UTC) - timedelta(days=1) if expired else None
    begins = None if ends is None else ends - timedelta(days=1)
    broker = authority.issue_cert(LOOPBACK, not_before=begins, not_after=ends)
    client = authority.issue_cert("chert.example.com", common_name="chert")
    files = Certificates(*(folder / name for name in ("ca.pem", "broker.pem", "client.pem", "client-key.pem")))
    authority.cert_pem.write_to_path(files.authority)
    files.broker.write_bytes(_pkcs8(broker) + b"".join(blob.bytes() for blob in broker.cert_chain_pems))
    files.client.write_bytes(b"".join(blob.bytes() for blob in client.cert_chain_pems))
    client.private_key_pem.write_to_path(files.client_key)
    return files


def _pkcs8(certificate: trustme.LeafCert) -> bytes:
    """The only form of a key that Kafka reads."""
    key = load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class SecuredBroker(EmbeddedBroker):
    """Open where the harness asks for it, and secured beside."""

    format_options = ("--add-scram", f"SCRAM-SHA-512=[name={USERNAME},password={PASSWORD}]")

    def __init__(self, supervisor: Supervisor, folder: Path, files: Certificates) -> None:
        super().__init__(supervisor, embedded.prepare(Console(stderr=True)), folder)
        self._files, self._certified, self._named = files, free_port(), free_port()

    @property
    def for_certificates(self) -> str:
        """Where a client shows a certificate."""
        return f"{LOOPBACK}:{self._certified}"

    @property
    def for_names(self) -> str:
        """Where a client gives a name and a password."""
        return f"{LOOPBACK}:{self._named}"

    @property
    def authority(self) -> Path:
        """Who signed its certificate."""
        return self._files.authority

    def format(self) -> Path:
        """Its data folder; the listeners that are believed stand behind the settings of any broker."""
        is_new = not self._settings.exists()
        data = super().format()
        if is_new:
            self._add_listeners()
        return data

    def _add_listeners(self) -> None:
        text = self._settings.read_text()
        controller = text.partition("CONTROLLER://")[2].partition("\n")[0].rpartition(":")[2]
        self._settings.write_text(
            text
            + _LISTENERS.format(
                host=LOOPBACK,
                open=self.bootstrap.rpartition(":")[2],
                controller=controller,
                certified=self._certified,
                named=self._named,
                keystore=self._files.broker,
                truststore=self._files.authority,
                username=USERNAME,
                password=PASSWORD,
            )
        )


@contextmanager
def serving(folder: Path, files: Certificates) -> Iterator[SecuredBroker]:
    """A secured broker."""
    with Supervisor() as supervisor:
        broker = SecuredBroker(supervisor, folder, files)
        broker.start()
        yield broker
        broker.stop()
