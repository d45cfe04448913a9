"""How Kafka is reached where it is not open to everyone: TLS, and who we say we are (SASL, or a certificate)."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512
from pydantic import BaseModel, model_validator

KafkaSecurity = BaseSecurity
"""How a client shows itself to a broker."""

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

_SASL: Final[dict[Mechanism, type[SASLPlaintext] | type[SASLScram256] | type[SASLScram512]]] = {
    "PLAIN": SASLPlaintext,
    "SCRAM-SHA-256": SASLScram256,
    "SCRAM-SHA-512": SASLScram512,
}


_HANDSHAKE_SECONDS: Final = 2.0
_ALERT_SECONDS: Final = 0.5
"""How long a broker that does not like our certificate may take to say so: with TLS 1.3, after the handshake."""


class KafkaSettings(BaseModel):
    """Where Kafka is and what it wants to see.

    Attributes:
        kafka_bootstrap: `host:port` of brokers, comma separated.
        kafka_tls: whether the connection is encrypted, and the broker's certificate and name are checked.
        kafka_ca_file: PEM file of who signs brokers' certificates; without it, whom the machine trusts.
        kafka_certificate_file: PEM file of our own certificate, where brokers want one.
        kafka_key_file: PEM file of its key.
        kafka_mechanism: how we log in (SASL); without it, not by name.
        kafka_username: the name we log in with.
        kafka_password_file: file whose content is the password.
    """

    kafka_bootstrap: str
    kafka_tls: bool = False
    kafka_ca_file: Path | None = None
    kafka_certificate_file: Path | None = None
    kafka_key_file: Path | None = None
    kafka_mechanism: Mechanism | None = None
    kafka_username: str | None = None
    kafka_password_file: Path | None = None

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> "KafkaSettings":
        files = (self.kafka_ca_file, self.kafka_certificate_file, self.kafka_key_file)
        login = (self.kafka_mechanism, self.kafka_username, self.kafka_password_file)
        if any(files) and not self.kafka_tls:
            raise ValueError("KAFKA_CA_FILE, KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE mean TLS; set KAFKA_TLS to true")
        if (self.kafka_certificate_file is None) != (self.kafka_key_file is None):
            raise ValueError("a certificate needs its key: set both KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE")
        if any(login) and not all(login):
            raise ValueError("a login needs all three: KAFKA_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD_FILE")
        if self.kafka_mechanism == "PLAIN" and not self.kafka_tls:
            raise ValueError("PLAIN shows the password to the network; set KAFKA_TLS to true")
        return self

    def kafka_security(self) -> KafkaSecurity:
        """What clients are given.

        Raises:
            SystemExit: a file cannot be read, or is no certificate, key or password; the text says which.
        """
        context = self._context() if self.kafka_tls else None
        if self.kafka_mechanism is None or self.kafka_username is None or self.kafka_password_file is None:
            return BaseSecurity(ssl_context=context)
        try:
            password = self.kafka_password_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SystemExit(f"KAFKA_PASSWORD_FILE cannot be read: {type(error).__name__}") from None
        return _SASL[self.kafka_mechanism](self.kafka_username, password, ssl_context=context)

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.kafka_ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SystemExit(f"KAFKA_CA_FILE cannot be used: {type(error).__name__}") from None
        if self.kafka_certificate_file is not None:
            try:
                context.load_cert_chain(self.kafka_certificate_file, self.kafka_key_file)
            except (OSError, ssl.SSLError) as error:
                text = "KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE cannot be used together"
                raise SystemExit(f"{text}: {type(error).__name__}") from None
        return context


def client_options(security: KafkaSecurity | None) -> dict[str, Any]:
    """The same for a client of aiokafka's own, which takes keywords."""
    return parse_security(security)


async def certificate_trouble(bootstrap: Iterable[str], security: KafkaSecurity | None) -> str | None:
    """Why TLS fails, in a sentence, if it does: clients of Kafka only say that a broker does not answer."""
    context: ssl.SSLContext | None = client_options(security).get("ssl_context")
    if context is None:
        return None
    for address in bootstrap:
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                await _shake_hands(address, context)
        except ssl.SSLCertVerificationError as error:
            return f"the certificate of {address} is not accepted: {error.verify_message}"
        except ssl.SSLError as error:
            return f"{address} refuses TLS with us (KAFKA_CERTIFICATE_FILE): {error.reason}"
        except (OSError, TimeoutError):
            continue
    return None


async def _shake_hands(address: str, context: ssl.SSLContext) -> None:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ALERT_SECONDS):
                await reader.read(1)
    finally:
        writer.transport.abort()
