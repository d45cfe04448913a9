"""TLS and SASL against the real broker, with certificates made here."""

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from rich.console import Console

from chassis import kafka
from chassis.clock import SystemClock
from chassis.health import Health
from chassis.kafka_security import KafkaSettings
from chassis.metrics import Metrics
from harness.backends import embedded
from harness.backends.embedded import EmbeddedBroker
from harness.ports import LOOPBACK, free_port
from harness.processes import Supervisor
from harness.topics import create_topic
from harness.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

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


SECONDS = 30.0


@contextmanager
def serving(folder: Path, files: Certificates) -> Iterator[SecuredBroker]:
    """A secured broker."""
    with Supervisor() as supervisor:
        broker = SecuredBroker(supervisor, folder, files)
        broker.start()
        yield broker
        broker.stop()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates that hold."""
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, files: Certificates) -> Iterator[SecuredBroker]:
    """A secured broker whose certificates hold."""
    with serving(tmp_path_factory.mktemp("secured"), files) as broker:
        yield broker


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    """What an operator mounts; editors end a file with a newline."""
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    return path


async def publish(settings: KafkaSettings) -> None:
    """Connect as a service does, and publish once the broker answers."""
    clock = SystemClock()
    health = Health(clock, Metrics())
    broker = kafka.broker(settings.kafka_bootstrap, "tests", settings.kafka_security())
    async with kafka.running(broker, health=health, clock=clock):

        async def ready() -> bool:
            return not await health.missing()

        await eventually(ready, what="the broker to answer", seconds=SECONDS)
        await broker.publish(json.dumps("hello"), "greetings")


async def knock(settings: KafkaSettings) -> None:
    """Look whether the broker can be spoken to, as a service does before it starts; it tries again until it can."""
    await kafka._probe(kafka.broker(settings.kafka_bootstrap, "tests", settings.kafka_security()))


async def test_a_certificate_opens_the_door(secured: SecuredBroker, files: Certificates) -> None:
    """With mutual TLS a service connects and publishes."""
    await kafka_topic(secured)
    settings = KafkaSettings(
        kafka_bootstrap=secured.for_certificates,
        kafka_tls=True,
        kafka_ca_file=files.authority,
        kafka_certificate_file=files.client,
        kafka_key_file=files.client_key,
    )

    await publish(settings)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_a_password_opens_the_door(
    mechanism: Any, secured: SecuredBroker, files: Certificates, password_file: Path
) -> None:
    """With a name and a password over TLS a service connects and publishes."""
    await kafka_topic(secured)
    settings = KafkaSettings(
        kafka_bootstrap=secured.for_names,
        kafka_tls=True,
        kafka_ca_file=files.authority,
        kafka_mechanism=mechanism,
        kafka_username=USERNAME,
        kafka_password_file=password_file,
    )

    await publish(settings)


async def test_a_wrong_password_is_a_broker_that_is_away(
    secured: SecuredBroker, files: Certificates, tmp_path: Path
) -> None:
    """Who is refused stays up, and `/readyz` names Kafka."""
    (tmp_path / "password").write_text("wrong")
    settings = KafkaSettings(
        kafka_bootstrap=secured.for_names,
        kafka_tls=True,
        kafka_ca_file=files.authority,
        kafka_mechanism="SCRAM-SHA-512",
        kafka_username=USERNAME,
        kafka_password_file=tmp_path / "password",
    )

    with pytest.raises(KafkaConnectionError):
        await knock(settings)


async def test_a_broker_that_does_not_believe_us_is_named(
    secured: SecuredBroker, files: Certificates, tmp_path: Path
) -> None:
    """A certificate of ours that the broker's authority did not sign: readiness says whose setting that is."""
    strangers = certificates(tmp_path / "strangers")
    settings = KafkaSettings(
        kafka_bootstrap=secured.for_certificates,
        kafka_tls=True,
        kafka_ca_file=files.authority,
        kafka_certificate_file=strangers.client,
        kafka_key_file=strangers.client_key,
    )

    assert "KAFKA_CERTIFICATE_FILE" in await told_of(settings)


async def test_another_authority_is_not_believed(secured: SecuredBroker, tmp_path: Path) -> None:
    """A broker whose certificate somebody else signed is not spoken to."""
    strangers = certificates(tmp_path / "strangers")
    settings = KafkaSettings(
        kafka_bootstrap=secured.for_certificates,
        kafka_tls=True,
        kafka_ca_file=strangers.authority,
        kafka_certificate_file=strangers.client,
        kafka_key_file=strangers.client_key,
    )

    with pytest.raises(KafkaConnectionError):
        await knock(settings)
    assert "is not accepted" in await told_of(settings)


async def test_an_expired_certificate_is_not_believed(tmp_path: Path) -> None:
    """A broker whose certificate has ended is not spoken to, and nobody crashes for it."""
    files = certificates(tmp_path / "expired", expired=True)
    with serving(tmp_path, files) as broker:
        settings = KafkaSettings(
            kafka_bootstrap=broker.for_certificates,
            kafka_tls=True,
            kafka_ca_file=files.authority,
            kafka_certificate_file=files.client,
            kafka_key_file=files.client_key,
        )

        with pytest.raises(KafkaConnectionError):
            await knock(settings)
        assert "certificate has expired" in await told_of(settings)


async def told_of(settings: KafkaSettings) -> str:
    """What readiness says of Kafka as soon as it knows more than that it is away."""
    clock = SystemClock()
    health = Health(clock, Metrics())
    broker = kafka.broker(settings.kafka_bootstrap, "tests", settings.kafka_security())

    async def told() -> str | None:
        missing = (await health.missing())["kafka"]
        return None if missing == "BrokerAwayError" else missing

    async with kafka.running(broker, health=health, clock=clock):
        return await eventually(told, what="why", seconds=SECONDS)


async def kafka_topic(secured: SecuredBroker) -> None:
    """The topic that the tests publish to."""
    with contextlib.suppress(TopicAlreadyExistsError):
        await create_topic(secured.bootstrap, "greetings", 1)
