"""Where is this id, on the real database: every look is by key, so that it takes as long with a million sends."""

from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo import MongoCreationRecords, MongoReferenceStore, MongoSendStore, MongoStepStore
from actions.handlers.where import Where
from actions.models import Reference, Send
from chassis.clock import ManualClock

pytestmark = pytest.mark.integration


async def test_every_look_is_by_key(watched: AsyncDatabase[Any], filters: Any, clock: ManualClock, draft: Send) -> None:
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
    filters.clear()

    asked = [draft.key, "ap-1", "904", "chat-1", "+14155551234", "cc:62515:904", "nobody's"]
    answers = [await where(known_as) for known_as in asked]

    assert [True] * 5 + [False] * 2 == [bool(answer.steps) for answer in answers]
    assert {frozenset({"_id"})} == {by for _, by in filters.seen}
