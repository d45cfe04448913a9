"""The service as its own process, on the real Kafka and database, with both simulators and the gateway around it."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from aiokafka.errors import TopicAlreadyExistsError

from harness.addresses import Addresses, Environments, RunFiles
from harness.browser import Browser
from harness.control import HubSpotControl
from harness.credentials import Credentials, write_private
from harness.ports import answers, free_port
from harness.processes import Command, Process, Supervisor
from harness.topics import TopicFactory

MODULES = {
    "hubspot": "simulators.hubspot",
    "chert": "simulators.chert",
    "gateway": "harness.gateway",
    "oauth": "oauth",
}
TOPICS = ("tenant.installed", "tenant.updated", "tenant.uninstalled", "app.uninstalled")
START_SECONDS = 30.0

Start = Callable[..., Process]


@pytest.fixture
async def topics(topic: TopicFactory) -> None:
    """The topics that the service reads and writes, which other services' tests may have made."""
    for name in TOPICS:
        with suppress(TopicAlreadyExistsError):
            await topic(name=name)


@pytest.fixture
def environments(tmp_path: Path, kafka_bootstrap: str, mongo_url: str) -> Environments:
    """What each process is told; a database of this test's own, and a clock that it may move."""
    addresses = Addresses.choose(gateway_port=free_port(), kafka_bootstrap=kafka_bootstrap, mongo_url=mongo_url)
    environments = Environments(addresses, Credentials.generate(), RunFiles(tmp_path))
    write_private(environments.files.clock, {})
    write_private(environments.files.key_ring, environments.credentials.key_ring())
    write_private(environments.files.secrets("oauth"), environments.credentials.secrets_of("oauth"))
    return environments


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Owns the processes of one test."""
    with Supervisor() as supervisor:
        yield supervisor


@pytest.fixture
def start(supervisor: Supervisor, environments: Environments, topics: None, tmp_path: Path) -> Start:
    """Starts a process and waits until it listens; another port makes it one more of its kind."""

    def run(name: str, port: int | None = None) -> Process:
        own = {
            **environments.of(name),
            **({"OAUTH_MONGO_DATABASE": f"oauth_{environments.addresses.gateway_port}"} if name == "oauth" else {}),
            **({f"{name.upper()}_PORT": str(port)} if port else {}),
        }
        command = Command(
            name=name,
            arguments=(sys.executable, "-m", MODULES[name]),
            log=environments.files.log(name),
            environment=own,
        )
        process = supervisor.start(command)
        listens = port or (
            environments.addresses.gateway_port if name == "gateway" else environments.addresses.ports[name]
        )
        process.wait_ready(lambda: answers(listens), seconds=START_SECONDS)
        return process

    return run


@pytest.fixture
async def oauth(start: Start) -> Process:
    """The service, with everything around it running."""
    for name in ("hubspot", "chert", "gateway"):
        start(name)
    return start("oauth")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser."""
    async with Browser() as browser:
        yield browser


@pytest.fixture
async def hubspot(environments: Environments) -> AsyncIterator[HubSpotControl]:
    """What a HubSpot admin does."""
    control = HubSpotControl(environments.addresses.url("hubspot"))
    yield control
    await control.close()


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """A plain client."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        yield client
