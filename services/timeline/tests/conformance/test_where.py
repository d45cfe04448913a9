"""Where is this id, on the real database: every look is by key or by an index of its own, however many there are."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient, monitoring
from pymongo.asynchronous.database import AsyncDatabase

from chassis.clock import ManualClock
from chassis.mongo import Document
from timeline.adapters.mongo import MongoStores
from timeline.handlers.refs import RefKeeper
from timeline.handlers.where import Where
from timeline.models import Placed, Received

pytestmark = pytest.mark.integration

PORTAL = 62515
INDEXES = {"event_id_hashed", "trace_id_hashed", "chat_id_hashed"}


class Filters(monitoring.CommandListener):
    """Keeps by what was looked for."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, frozenset[str]]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Look at a command before it goes out."""
        if event.command_name in {"find", "aggregate"}:
            condition = event.command.get("filter", {"a whole collection": True})
            self.seen.append((event.command[event.command_name], frozenset(condition)))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to see."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to see."""


@pytest.fixture
def filters() -> Filters:
    """What is looked for."""
    return Filters()


@pytest.fixture
async def watched(mongo_url: str, filters: Filters) -> AsyncIterator[AsyncDatabase[Document]]:
    """A database, watched."""
    async with AsyncMongoClient(mongo_url, tz_aware=True, retryWrites=False, event_listeners=[filters]) as client:
        name = f"timeline_{uuid.uuid4().hex}"
        yield client[name]
        await client.drop_database(name)


async def test_every_look_is_by_key_or_index(
    watched: AsyncDatabase[Document], filters: Filters, clock: ManualClock, entry: Any
) -> None:
    """Whatever kind of id is asked for, nothing but the few accounts is read whole where indexes are real."""
    stores = MongoStores(watched, clock)
    await stores.ensure_indexes()
    one, memory = entry(portal_id=PORTAL), stores.stores
    await memory.entries.add([one], clock.now())
    row = Placed(Received(one.message, one.traceparent), (PORTAL,))
    await memory.inbox.add([row], clock.now())
    await memory.communications.own(PORTAL, {"77": one.id})
    await RefKeeper(memory.refs, str.swapcase).received([row])
    where = Where(
        refs=memory.refs,
        inbox=memory.inbox,
        entries=memory.entries,
        owners=memory.communications,
        tenants=memory.tenants,
        lanes=stores.accounts,
        hash_number=str.swapcase,
    )
    message = one.message
    asked = [one.id, one.row_id, message.event_id, message.chat_id, message.sender, "904", "77", "nobody's"]
    filters.seen.clear()

    answers = [await where(known_as) for known_as in asked]

    assert [True] * 5 + [False] * 3 == [bool(answer.steps) for answer in answers]
    indexed = {("inbox", frozenset({"chat_id"})), ("inbox", frozenset({"$or"}))}
    indexed |= {("portions", frozenset({"names"})), ("portions", frozenset({"ids"}))}
    assert {("tenants", frozenset())} | indexed >= {look for look in filters.seen if look[1] != {"_id"}}
    assert INDEXES <= set(await watched["inbox"].index_information())
