"""Every battery runs on the in-memory version and on the real database."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from actions.models import Attempt, Lease, Outgoing, Send
from chassis import mongo
from chassis.clock import ManualClock
from chassis.mongo import Document


@pytest.fixture(params=["in memory", pytest.param("mongo", marks=pytest.mark.integration)])
def backend(request: pytest.FixtureRequest) -> str:
    """Which version."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands until it is moved."""
    return ManualClock()


@pytest.fixture
async def mongo_database(request: pytest.FixtureRequest) -> AsyncIterator[AsyncDatabase[Document]]:
    """A fresh database on the session's server, dropped afterwards."""
    async with mongo.connect(request.getfixturevalue("mongo_url"), "actions") as client:
        name = f"actions_{uuid.uuid4().hex}"
        yield client[name]
        await client.drop_database(name)


@pytest.fixture
def draft() -> Send:
    """A send as it is claimed."""
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    return Send(
        key="wf:62515:ap-1",
        portal_id=62515,
        generation=3,
        project_id="project-1",
        chert_tenant="acme",
        contact_id="904",
        source="workflow",
        workflow_id=9,
        user_id=None,
        fingerprint="f" * 64,
        plan=Outgoing(phone="+14155551234", body="Hi\u0000 Zoë 🎈 {{", external_id="904", name="Zoë"),
        claimed_at=at,
        lease=Lease("holder-1", fence=1, beat=1),
        attempts=(Attempt("begun", at, 1, "0" * 32),),
    )


class Commands(CommandListener):
    """Keeps the names of commands, and what was looked for: in which collection, and by which fields."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.filters: set[tuple[str, frozenset[str]]] = set()

    def clear(self) -> None:
        """Forget them."""
        self.names.clear()
        self.filters.clear()

    def started(self, event: CommandStartedEvent) -> None:
        """Look at a command before it goes out."""
        self.names.append(event.command_name)
        if event.command_name in {"find", "aggregate"}:
            by = event.command.get("filter", {"a whole collection": True})
            self.filters.add((event.command[event.command_name], frozenset(by)))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to see."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to see."""


@pytest.fixture
def commands() -> Commands:
    """What the database is asked."""
    return Commands()


@pytest.fixture
async def watched(mongo_url: str, commands: Commands) -> AsyncIterator[AsyncDatabase[Document]]:
    """A fresh database, watched."""
    async with mongo.connect(mongo_url, "actions", event_listeners=[commands]) as client:
        name = f"actions_{uuid.uuid4().hex}"
        yield client[name]
        await client.drop_database(name)
