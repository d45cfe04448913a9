"""Where is this id, on the real database: every look is by key, so that it takes as long with a million sends."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from actions.adapters.mongo import MongoCreationRecords, MongoReferenceStore, MongoSendStore, MongoStepStore
from actions.handlers.where import Where
from actions.models import Reference, Send
from chassis import mongo
from chassis.clock import ManualClock
from chassis.mongo import Document

pytestmark = pytest.mark.integration


class Filters(CommandListener):
    """Keeps by what was looked for."""

    def __init__(self) -> None:
        self.seen: set[frozenset[str]] = set()

    def started(self, event: CommandStartedEvent) -> None:
        """Look at a command before it goes out."""
        if event.command_name in {"find", "aggregate"}:
            self.seen.add(frozenset(event.command.get("filter", {"a whole collection": True})))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to see."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to see."""


@pytest.fixture
def filters() -> Filters:
    """What is looked for."""
    return Filters()


@pytest.fixture
async def watched(mongo_url: str, filters: Filters) -> AsyncIterator[AsyncDatabase[Document]]:
    """A fresh database, watched."""
    async with mongo.connect(mongo_url, "actions", event_listeners=[filters]) as client:
        name = f"actions_{uuid.uuid4().hex}"
        yield client[name]
        await client.drop_database(name)


async def test_every_look_is_by_key(
    watched: AsyncDatabase[Any], filters: Filters, clock: ManualClock, draft: Send
) -> None:
    """Whatever kind of id is asked for, no collection is read whole."""
    sends, references = MongoSendStore(watched, lambda *_: None), MongoReferenceStore(watched)
    await sends.open(draft)
    shared = [Reference(one, draft.key, draft.claimed_at, is_shared=True) for one in ("904", "chat-1", "+14155551234")]
    await references.note([Reference("ap-1", draft.key, draft.claimed_at), *shared])
    where = Where(
        references=references,
        sends=sends,
        steps=MongoStepStore(watched),
        creations=MongoCreationRecords(watched),
        number_hash=lambda number: number,
        clock=clock,
    )
    filters.seen.clear()

    asked = [draft.key, "ap-1", "904", "chat-1", "+14155551234", "cc:62515:904", "nobody's"]
    answers = [await where(known_as) for known_as in asked]

    assert [True] * 5 + [False] * 2 == [bool(answer.steps) for answer in answers]
    assert {frozenset({"_id"})} == filters.seen
