"""Every battery runs on the in-memory stores and on the real database, and there within the common subset."""

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from pymongo import AsyncMongoClient, monitoring

from chassis.clock import ManualClock
from contracts.messages import MessagePart, MessageReceived
from timeline.adapters.in_memory import InMemoryLanes, InMemoryStores
from timeline.adapters.mongo import MongoLanes, MongoStores
from timeline.models import Conversation, Entry, Received, Work
from timeline.ports import LaneStore

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)

COMMANDS: Final = {
    "insert", "update", "delete", "find", "findAndModify", "getMore", "createIndexes",
    "hello", "ismaster", "endSessions", "dropDatabase",
}  # fmt: skip
OPERATORS: Final = {
    "$set", "$unset", "$inc", "$max", "$min", "$push", "$each", "$pull", "$setOnInsert",
    "$in", "$or", "$exists", "$lt", "$lte", "$gt", "$gte", "$db", "$readPreference",
}  # fmt: skip
GROWING: Final = {"inbox", "entries", "links", "communications", "refs"}
SWEEPS: Final = [{"since"}, {"waiting_for"}, {"message.chert_tenant"}, {"outbox.time"}, {"portal_id", "assigned_at"}]
RARE: Final = [
    {"portal_id", "contact_id"},
    {"portal_id", "contact_id", "state"},
    {"portal_id", "message.chat_id"},
    {"message.chert_tenant", "message.chat_id"},
    {"portal_id", "assigned_at", "purged"},
    {"portal_id"},
    {"received_at", "waiting_for"},
    {"received_at"},
    {"$or"},
    {"chat_id"},
]


class Subset(monitoring.CommandListener):
    """Notes commands that leave the subset, or that read a growing collection whole where no index is real."""

    def __init__(self) -> None:
        self.breaches: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Look at a command before it goes out."""
        command: Mapping[str, Any] = event.command
        if event.command_name not in COMMANDS:
            self.breaches.append(event.command_name)
        self.breaches.extend(sorted(set(operators(command)) - OPERATORS))
        if command.get(event.command_name) in GROWING:
            self.breaches.extend(f"{sorted(keys)} in a filter" for keys in filters(command) if not direct(keys))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to see."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to see."""


def operators(part: object) -> Iterator[str]:
    """Every name with a dollar in a command."""
    if isinstance(part, Mapping):
        for name, value in part.items():
            if str(name).startswith("$"):
                yield str(name)
            yield from operators(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from operators(value)


def filters(command: Mapping[str, Any]) -> Iterator[set[str]]:
    """The names that a command's conditions are about."""
    if "find" in command:
        yield set(command["filter"])
    if "findAndModify" in command:
        yield set(command["query"])
    for write in (*command.get("updates", ()), *command.get("deletes", ())):
        yield set(write["q"])


def direct(names: set[str]) -> bool:
    """Whether a condition is by key, one of the few sweeps, or rare: retention, a change, a question."""
    return "_id" in names or names in SWEEPS or names in RARE


@pytest.fixture(params=["in_memory", pytest.param("mongo", marks=pytest.mark.integration)])
async def memory(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[InMemoryStores | MongoStores]:
    """Each implementation in turn, empty."""
    if request.param == "in_memory":
        yield InMemoryStores()
        return
    subset = Subset()
    url = request.getfixturevalue("mongo_url")
    async with AsyncMongoClient(url, tz_aware=True, retryWrites=False, event_listeners=[subset]) as client:
        database = client[f"timeline_{uuid.uuid4().hex}"]
        stores = MongoStores(database, clock)
        await stores.ensure_indexes()
        yield stores
        await client.drop_database(database.name)
    assert [] == subset.breaches


@pytest.fixture
def short_lanes(memory: InMemoryStores | MongoStores) -> LaneStore:
    """Lanes whose work lists take two lines."""
    if isinstance(memory, InMemoryStores):
        return InMemoryLanes(memory.lane_outbox, max_pending=2)
    return MongoLanes(memory.database, memory.lane_outbox, max_pending=2)


@pytest.fixture
def received() -> Any:
    """Makes a row of the inbox."""

    def received(message_id: str = "m1", *, chert_tenant: str = "acme", seconds: int = 0) -> Received:
        message = MessageReceived(
            chert_tenant=chert_tenant,
            chat_id="chat.1",
            message_id=message_id,
            event_id="e1",
            sender="+14155551234",
            is_group=True,
            parts=(
                MessagePart(type="text", value="Zoë\u0000 🎈 {{ $x }}"),
                MessagePart(type="media", attachment_id="in_1"),
            ),
            received_at=NOW + timedelta(seconds=seconds, microseconds=123),
        )
        return Received(message, "00-11111111111111111111111111111111-2222222222222222-01")

    return received


@pytest.fixture
def entry(received: Any) -> Any:
    """Makes an entry."""

    def entry(message_id: str = "m1", *, portal_id: int = 62515) -> Entry:
        row = received(message_id)
        return Entry(portal_id, "project-1", 3, row.message, row.traceparent)

    return entry


@pytest.fixture
def work() -> Any:
    """Makes a line of a work list."""

    def work(ticket: str, *, entry_id: str = "62515:acme:m1", seconds: int = 0) -> Work:
        return Work(ticket, entry_id, "62515:acme:chat.1", NOW + timedelta(seconds=seconds))

    return work


@pytest.fixture
def conversation() -> Conversation:
    """A conversation, with signs in its id that mean something to databases."""
    return Conversation(62515, "acme", "chat.$1")
