"""Where is this id, on the real database: every look is direct, so that it takes as long with a million sends."""

from dataclasses import replace
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo import MongoCreationRecords, MongoReferenceStore, MongoSendStore, MongoStepStore
from actions.adapters.mongo.documents import NAMES
from actions.handlers.where import Where
from actions.models import Accepted, Send
from chassis.clock import ManualClock

pytestmark = pytest.mark.integration

ACCEPTED = Accepted(message_id="message-1", lead_id="chat-1", lead_created=True, phone_line_id=None)


async def test_every_look_is_by_key_or_index(
    watched: AsyncDatabase[Any], commands: Any, clock: ManualClock, draft: Send
) -> None:
    """Whatever kind of id is asked for, no collection is read whole."""
    sends, references = MongoSendStore(watched, lambda *_: None), MongoReferenceStore(watched)
    await sends.ensure_indexes()
    await sends.open(replace(draft, number_hash="+14155551234", answer=ACCEPTED))
    where = Where(
        references=references,
        sends=sends,
        steps=MongoStepStore(watched),
        creations=MongoCreationRecords(watched),
        number_hash=lambda number: number,
        clock=clock,
    )
    commands.clear()

    asked = [draft.key, "ap-1", "904", "chat-1", "+14155551234", "cc:62515:904", "nobody's"]
    answers = [await where(known_as) for known_as in asked]

    assert [True] * 5 + [False] * 2 == [bool(answer.steps) for answer in answers]
    assert {frozenset({"_id"}), frozenset({"$or"})} == {by for _, by in commands.filters}
    indexed = {name for index in (await watched["sends"].index_information()).values() for name, _ in index["key"]}
    assert [("sends", frozenset({"$or"}))] == [look for look in commands.filters if "$or" in look[1]]
    assert set(NAMES) <= indexed
