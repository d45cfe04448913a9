"""The service as its own process, on the real Kafka and the real database, with the simulated Chert beside it."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from aiokafka.errors import TopicAlreadyExistsError

from harness.ports import LOOPBACK, free_port
from harness.processes import Command, Supervisor
from harness.topics import TopicFactory

TOPICS = (
    "tenant.installed",
    "tenant.updated",
    "tenant.uninstalled",
    "message.sent",
    "message.refused",
    "message.received",
    "contact.linked",
    "contact.created",
    "contact.erased",
)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Owns the processes of one test."""
    with Supervisor() as supervisor:
        yield supervisor


@pytest.fixture
async def topics(topic: TopicFactory) -> None:
    """The topics that the service reads and writes, which other services' tests may have made."""
    for name in TOPICS:
        with suppress(TopicAlreadyExistsError):
            await topic(name=name)


@pytest.fixture
def chert_command(tmp_path: Path) -> Command:
    """The simulated Chert."""
    return Command(
        name="chert",
        arguments=(sys.executable, "-m", "simulators.chert"),
        log=tmp_path / "chert.log",
        environment={
            **os.environ,
            "CHERT_SIM_PORT": str(free_port()),
            "CHERT_SIM_SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
            "CHERT_SIM_WEBHOOK_SECRET": "ab" * 32,
            "CHERT_SIM_ISSUER": "https://chert.test",
            "CHERT_SIM_AUDIENCE": "chert",
        },
    )


@pytest.fixture
def actions_command(
    tmp_path: Path, chert_command: Command, kafka_bootstrap: str, mongo_url: str, topics: None
) -> Command:
    """The service; nobody listens where it would ask `oauth`."""
    secrets = tmp_path / "secrets.json"
    secrets.write_text(
        json.dumps(
            {
                "hubspot_client_secrets": ["client-secret"],
                "chert_signing_secret": "0123456789abcdef0123456789abcdef",
                "oauth_credential": "service-credential",
                "number_hash_key": "number-hash-key-0123456789",
            }
        )
    )
    return Command(
        name="actions",
        arguments=(sys.executable, "-m", "actions"),
        log=tmp_path / "actions.log",
        environment={
            **{name: value for name, value in os.environ.items() if not name.startswith("ACTIONS_")},
            "ACTIONS_ENVIRONMENT": "development",
            "ACTIONS_HOST": LOOPBACK,
            "ACTIONS_PORT": str(free_port()),
            "ACTIONS_KAFKA_BOOTSTRAP": kafka_bootstrap,
            "ACTIONS_MONGO_URL": mongo_url,
            "ACTIONS_MONGO_DATABASE": f"actions_{uuid.uuid4().hex}",
            "ACTIONS_PUBLIC_BASE_URL": "https://app.example.test",
            "ACTIONS_SECRETS_FILE": str(secrets),
            "ACTIONS_OAUTH_URL": f"http://{LOOPBACK}:{free_port()}",
            "ACTIONS_CHERT_URL": f"http://{LOOPBACK}:{chert_command.environment['CHERT_SIM_PORT']}",
        },
    )


@pytest.fixture
async def oauth(actions_command: Command) -> AsyncIterator[list[str]]:
    """An `oauth` that knows no active account; the result grows with each request line it gets."""
    asked: list[str] = []
    body = b'{"status": "inactive", "tenant": null}'
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        asked.append(request.decode().partition("\r\n")[0])
        writer.write(head.encode() + body)
        writer.close()
        await writer.wait_closed()

    port = urlsplit(actions_command.environment["ACTIONS_OAUTH_URL"]).port
    async with await asyncio.start_server(answer, LOOPBACK, port):
        yield asked


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """A client."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        yield client
