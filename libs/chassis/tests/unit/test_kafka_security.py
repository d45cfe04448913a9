"""Settings of a Kafka that is not open to everyone."""

from pathlib import Path
from typing import Any

import pytest
from faststream.security import SASLScram256
from pydantic import ValidationError

from chassis.kafka_security import KafkaSettings, client_options

BROKER = {"kafka_bootstrap": "localhost:1"}
LOGIN: dict[str, Any] = {
    "kafka_mechanism": "SCRAM-SHA-256",
    "kafka_username": "chert",
    "kafka_password_file": Path("password"),
}


def test_an_open_broker_needs_nothing() -> None:
    """Without a word about it the connection is plain."""
    assert "PLAINTEXT" == client_options(KafkaSettings(**BROKER).kafka_security())["security_protocol"]


@pytest.mark.parametrize(
    ("told", "remedy"),
    [
        ({"kafka_ca_file": Path("ca.pem")}, "set KAFKA_TLS"),
        ({"kafka_tls": True, "kafka_key_file": Path("key.pem")}, "set both"),
        ({"kafka_username": "chert"}, "all three"),
        (LOGIN | {"kafka_mechanism": "PLAIN"}, "set KAFKA_TLS"),
    ],
)
def test_contradictions_are_refused_with_a_remedy(told: dict[str, Any], remedy: str) -> None:
    """Half a setting is refused with a sentence that says what to set."""
    with pytest.raises(ValidationError, match=remedy):
        KafkaSettings(**BROKER, **told)


def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    """A missing password, authority or key is said by its setting, never by what is in it."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    missing = tmp_path / "missing"
    for told, name in (
        (LOGIN | {"kafka_password_file": missing}, "KAFKA_PASSWORD_FILE"),
        ({"kafka_tls": True, "kafka_ca_file": broken}, "KAFKA_CA_FILE"),
        ({"kafka_tls": True, "kafka_certificate_file": broken, "kafka_key_file": broken}, "KAFKA_CERTIFICATE_FILE"),
    ):
        with pytest.raises(SystemExit, match=name):
            KafkaSettings(**BROKER, **told).kafka_security()


def test_a_password_is_read_without_the_newline_behind_it(tmp_path: Path) -> None:
    """Editors end a file with a newline, which is not part of the password."""
    (tmp_path / "password").write_text("hunter2\n")
    security = KafkaSettings(**BROKER, **LOGIN | {"kafka_password_file": tmp_path / "password"}).kafka_security()

    assert isinstance(security, SASLScram256)
    assert "hunter2" == security.password
