"""Documents as earlier releases wrote them: read as they are, and written anew when they are next touched."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from chassis.backfilling import Backfill
from chassis.clock import ManualClock
from chassis.mongo import connect
from timeline.adapters.mongo import MongoStores
from timeline.handlers.backfilling import NAME, RefsBackfill
from timeline.handlers.refs import RefKeeper
from timeline.models import Conversation, SentTrace, Standing

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONVERSATION = Conversation(62515, "acme", "chat-1")
MESSAGE = {
    "chert_tenant": "acme",
    "chat_id": "chat-1",
    "message_id": "m1",
    "event_id": "chert:msg:m1",
    "sender": "+14155551234",
    "parts": [{"type": "text", "value": "Yes, please"}],
    "received_at": NOW.isoformat(),
}
"""What a part, or a message, has got since then is missing."""

ENTRY = {
    "_id": "62515:acme:m1",
    "portal_id": 62515,
    "project_id": "project-1",
    "generation": 3,
    "message": MESSAGE,
    "traceparent": None,
    "state": "pending",
    "assigned_at": NOW,
    "intents": {},
    "gone": [],
    "attempts": 0,
    "outbox": [],
}
"""Before sent messages were logged: without `sent_to`."""

LINK = {"_id": CONVERSATION.id, "contact": "001795348800000:send:904", "outbox": []}
"""Before a send's trace was kept: without `traced`."""

KEY = {"_id": "acme:m1", "received_at": NOW, "portals": [62515]}
"""Before rows named what they are found by."""

ROW = {
    "_id": "acme:m2",
    "message": MESSAGE | {"message_id": "m2"},
    "traceparent": None,
    "received_at": NOW,
    "since": NOW,
}
"""Before a row's accounts were noted with it: with its content, to be assigned."""


@pytest.fixture
async def stores(mongo_url: str) -> AsyncIterator[MongoStores]:
    """The database after the first release."""
    async with connect(mongo_url, "tests") as client:
        database = client[f"timeline_{uuid.uuid4().hex}"]
        for name, document in (("entries", ENTRY), ("links", LINK), ("inbox", KEY), ("inbox", ROW)):
            await database[name].insert_one(dict(document))
        stores = MongoStores(database, ManualClock())
        await stores.ensure_indexes()
        yield stores
        await client.drop_database(database)


async def test_a_reply_of_the_first_release_is_read(stores: MongoStores) -> None:
    """It waits for its timeline as it did, and it is no sent message."""
    [entry] = await stores.stores.entries.read(["62515:acme:m1"])

    assert (True, None, "Yes, please") == (entry.open, entry.sent_to, entry.message.parts[0].value)


async def test_a_row_of_the_first_release_is_assigned(stores: MongoStores) -> None:
    """What waited in the inbox when the release came is found, and noted as today's are."""
    [row] = await stores.stores.inbox.left_over(10)
    await stores.stores.inbox.assigned({row.id: [62515]})

    assert ("acme:m2", [62515]) == (row.id, await stores.stores.inbox.accounts_of(row.id))
    assert [] == await stores.stores.inbox.left_over(10)


async def test_a_link_of_the_first_release_gets_what_it_lacks_with_its_next_send(stores: MongoStores) -> None:
    """It is read without a trace, and written anew when there is one."""
    links = stores.stores.links
    assert {CONVERSATION: Standing(begun=True, contact_id="904")} == await links.standing([CONVERSATION])

    newer = SentTrace(NOW + timedelta(hours=1), f"00-{'1' * 32}-{'2' * 16}-01")
    await links.trace({CONVERSATION: newer})

    assert {CONVERSATION: Standing(begun=True, traced=newer, contact_id="904")} == await links.standing([CONVERSATION])


async def test_refs_of_older_replies_are_written_afterwards_and_the_work_can_be_resumed(stores: MongoStores) -> None:
    """A process that ends after its page leaves the rest to the next one; then every id leads to the reply."""

    def backfill() -> Backfill:
        keeper = RefKeeper(stores.stores.refs, str.swapcase)
        page = RefsBackfill(stores.stores.entries, keeper, stores.stores.inbox).page
        return Backfill(NAME, page, stores.places)

    await backfill().step()
    assert not (await stores.places.place(NAME)).done
    await backfill().step()

    assert (await stores.places.place(NAME)).done
    assert ["acme:m1"] == list(await stores.stores.inbox.named("chert:msg:m1", 10))
    assert {"chat:chat-1": frozenset({"phone:+14155551234"})} == await stores.stores.refs.find(["chat:chat-1"])
