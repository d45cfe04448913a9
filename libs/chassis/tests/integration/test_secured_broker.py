"""TLS and SASL against the real broker, with certificates made here."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError
from libs.chassis.tests.integration._secured import (
    PASSWORD,
    USERNAME,
    Certificates,
    SecuredBroker,
    certificates,
    serving,
)

from chassis import kafka
from chassis.clock import SystemClock
from chassis.health import Health
from chassis.kafka_security import KafkaSettings
from chassis.metrics import Metrics
from harness.topics import create_topic
from harness.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SECONDS = 30.0


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
