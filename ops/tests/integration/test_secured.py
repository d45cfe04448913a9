"""The operator's command on a cluster that wants TLS and a login: every client of it, with the services' settings."""

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from libs.chassis.tests.integration._secured import PASSWORD, USERNAME, SecuredBroker, certificates, serving

from harness.operators import Operator
from harness.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

FILE = Path(__file__).parents[3] / "deploy" / "topics.yaml"
SECONDS = 60.0


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """A broker that wants a name and a password over TLS."""
    folder = tmp_path_factory.mktemp("secured")
    with serving(folder, certificates(folder / "certificates")) as broker:
        yield broker


@pytest.fixture
def operator(secured: SecuredBroker, tmp_path: Path) -> Operator:
    """Somebody with a login of their own."""
    password, secrets = tmp_path / "password", tmp_path / "secrets.json"
    password.write_text(PASSWORD)
    secrets.write_text(json.dumps({"ops_credential": "o", "redaction_key": "r", "permissions": ["reveal"]}))
    told = {
        "PATH": os.environ["PATH"],
        "CHERTCTL_OPERATOR": "ana",
        "CHERTCTL_KAFKA_BOOTSTRAP": secured.for_names,
        "CHERTCTL_KAFKA_TLS": "true",
        "CHERTCTL_KAFKA_CA_FILE": str(secured.authority),
        "CHERTCTL_KAFKA_MECHANISM": "SCRAM-SHA-512",
        "CHERTCTL_KAFKA_USERNAME": USERNAME,
        "CHERTCTL_KAFKA_PASSWORD_FILE": str(password),
        "CHERTCTL_SECRETS_FILE": str(secrets),
        "XDG_STATE_HOME": str(tmp_path),
    }
    return Operator(told, tmp_path)


async def ask(operator: Operator, *arguments: str) -> Any:
    """What a command answers."""
    return await asyncio.to_thread(operator.ask, *arguments)


async def test_every_client_logs_in(secured: SecuredBroker, operator: Operator) -> None:
    """Topics are made and compared, lag is measured, topics and dead letters are read, and an act is audited."""
    assert "ops.audited" in (await ask(operator, "topics", "create", "--file", str(FILE)))["created"]
    assert [] == await ask(operator, "topics", "diff", "--file", str(FILE))

    async def grouped() -> bool:
        with operator.start("topics", "lag") as process:
            _, said = await asyncio.to_thread(process.communicate)
        return "GroupCoordinatorNotAvailable" not in said

    await eventually(grouped, what="a new cluster to know of groups", seconds=SECONDS)
    async with AIOKafkaProducer(bootstrap_servers=secured.bootstrap) as producer:
        await producer.send_and_wait("message.sent", b"words", key=b"acme", partition=0)

    assert {1} == {one["messages"] for one in await ask(operator, "topics", "lag") if one["topic"] == "message.sent"}
    assert ["message.sent:0:0"] == [one["place"] for one in await ask(operator, "topics", "tail", "message.sent")]
    assert [] == (await ask(operator, "dlq", "list"))["letters"]
    revealed = await ask(operator, "topics", "show", "message.sent:0:0", "--reveal", "--reason", "ticket 7")
    assert "words" == revealed["content"]
    assert {"reveal"} == {one["data"]["verb"] for one in await ask(operator, "topics", "tail", "ops.audited")}


async def test_without_the_login_nothing_is_reached(operator: Operator) -> None:
    """The same call without the settings ends with words, not with an answer."""
    reached = "CHERTCTL_KAFKA_BOOTSTRAP"
    told = {name: value for name, value in operator.environment.items() if "_KAFKA_" not in name or name == reached}
    stranger = replace(operator, environment=told)

    said = await asyncio.to_thread(stranger.call, "topics", "lag", exit_code=1)

    assert "Kafka" in said
