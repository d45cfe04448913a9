"""The batteries of `ConversationStore`, `AuthorStore`, `WishStore` and `CardOpenings`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.in_memory import (
    InMemoryAuthorStore,
    InMemoryCardOpenings,
    InMemoryConversationStore,
    InMemorySendStore,
    InMemoryWishStore,
)
from actions.adapters.mongo import (
    MongoAuthorStore,
    MongoCardOpenings,
    MongoConversationStore,
    MongoSendContents,
    MongoSendStore,
    MongoWishStore,
)
from actions.models import Accepted, Attempt, Author, ContactChat, NumberChat, Send, Wish
from actions.ports import AuthorStore, CardOpenings, ConversationStore, SendStore, WishStore
from chassis.clock import ManualClock
from chassis.mongo import Document

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Stores(NamedTuple):
    """Sends, and what they and others say of conversations."""

    sends: SendStore
    conversations: ConversationStore
    authors: AuthorStore


@pytest.fixture
def stores(backend: str, request: pytest.FixtureRequest) -> Stores:
    """All of them, fresh."""
    if backend == "in memory":
        kept = InMemorySendStore()
        return Stores(kept, InMemoryConversationStore(kept), InMemoryAuthorStore(kept))
    return of_database(request.getfixturevalue("mongo_database"))


def of_database(database: AsyncDatabase[Document]) -> Stores:
    """Those of a database."""
    sends = MongoSendStore(database, lambda *_: None)
    return Stores(sends, MongoConversationStore(database), MongoAuthorStore(database))


@pytest.fixture
def conversations(stores: Stores) -> ConversationStore:
    """Whose chat it is."""
    return stores.conversations


@pytest.fixture
def wishes(backend: str, request: pytest.FixtureRequest) -> WishStore:
    """A fresh store."""
    if backend == "in memory":
        return InMemoryWishStore()
    return MongoWishStore(request.getfixturevalue("mongo_database"))


@pytest.fixture
async def indexed(wishes: WishStore) -> None:
    """The store of wishes with its indexes, as a process has it."""
    if isinstance(wishes, MongoWishStore):
        await wishes.ensure_indexes()


@pytest.fixture
def openings(backend: str, request: pytest.FixtureRequest, clock: ManualClock) -> CardOpenings:
    """A fresh store."""
    if backend == "in memory":
        return InMemoryCardOpenings(clock)
    return MongoCardOpenings(request.getfixturevalue("mongo_database"), clock)


def wish(minutes: int, *, stop: bool) -> Wish:
    """What somebody wrote at a minute past noon."""
    return Wish(stop, NOON + timedelta(minutes=minutes), f"in-{minutes}")


async def test_chats_are_found_by_number_and_number_by_chat(conversations: ConversationStore) -> None:
    """A chat that was learned is known in its project alone, and a later one replaces it."""
    await conversations.learn([])
    await conversations.learn([NumberChat("acme", "aa", "lead-1"), NumberChat("globex", "aa", "lead-2")])
    await conversations.learn([NumberChat("acme", "aa", "lead-3")])

    assert NumberChat("acme", "aa", "lead-3") == await conversations.of_number("acme", "aa")
    assert NumberChat("globex", "aa", "lead-2") == await conversations.of_number("globex", "aa")
    assert "aa" == await conversations.number_of("acme", "lead-3")
    assert await conversations.of_number("acme", "bb") is None
    assert await conversations.number_of("acme", "lead-2") is None


async def test_chats_are_found_by_contact(conversations: ConversationStore) -> None:
    """A link holds for its account, project and contact, and can be forgotten."""
    await conversations.link(ContactChat(1, "acme", "904", "lead-1"))

    assert "lead-1" == await conversations.of_contact(1, "acme", "904")
    assert [None, None, None] == [
        await conversations.of_contact(2, "acme", "904"),
        await conversations.of_contact(1, "globex", "904"),
        await conversations.of_contact(1, "acme", "905"),
    ]

    await conversations.unlink(1, "904")

    assert await conversations.of_contact(1, "acme", "904") is None


async def test_many_learn_at_once(conversations: ConversationStore) -> None:
    """32 who learn the same new chat at once all succeed."""
    await asyncio.gather(*(conversations.learn([NumberChat("acme", "aa", "lead-1")]) for _ in range(32)))

    assert NumberChat("acme", "aa", "lead-1") == await conversations.of_number("acme", "aa")


@pytest.fixture(params=[False, True])
async def indexed_sends(stores: Stores, request: pytest.FixtureRequest) -> None:
    """The sends without their indexes, and with them, as a process has them."""
    if request.param and isinstance(stores.sends, MongoSendStore):
        await stores.sends.ensure_indexes()


async def send(
    stores: Stores, draft: Send, number: int, *, line: str | None = None, chat: str | None = "lead-1"
) -> Send:
    """One more send to the same number, a minute after the one before, which Chert took."""
    at = draft.claimed_at + timedelta(minutes=number)
    one = replace(draft, key=f"wf:62515:ap-{number}", claimed_at=at, number_hash="aa")
    taken = await stores.sends.open(one)
    answer = Accepted(message_id=f"m-{number}", lead_id=chat, lead_created=False, phone_line_id=line)
    return await stores.sends.settle(taken, Attempt("sent", at, 1, "b" * 32), answer=answer)


async def test_a_send_says_whose_chat_it_is(stores: Stores, draft: Send, indexed_sends: None) -> None:
    """The chat and line of the last message that went out to a number; not of one that only waits, or had no chat."""
    await send(stores, draft, 2, line="line-2", chat="lead-2")
    await send(stores, draft, 1, line="line-1")
    await send(stores, draft, 3, chat=None)
    await stores.sends.open(replace(draft, key="wf:62515:waits", claimed_at=NOON + timedelta(days=1), number_hash="aa"))
    await stores.conversations.learn([NumberChat("acme", "aa", "lead-9"), NumberChat("globex", "aa", "lead-8")])

    assert NumberChat("acme", "aa", "lead-2", "line-2") == await stores.conversations.of_number("acme", "aa")
    assert NumberChat("globex", "aa", "lead-8") == await stores.conversations.of_number("globex", "aa")
    assert ["aa", "aa", "aa", None] == [
        await stores.conversations.number_of(project, chat)
        for project, chat in (("acme", "lead-1"), ("acme", "lead-2"), ("acme", "lead-9"), ("globex", "lead-1"))
    ]


@pytest.mark.integration
async def test_an_erased_send_still_says_whose_chat_it_is(mongo_database: AsyncDatabase[Document], draft: Send) -> None:
    """Ids and a keyed hash stay when a contact is erased, so that a wish that comes later still finds its number."""
    stores = of_database(mongo_database)
    await send(stores, draft, 1, line="line-1")
    await MongoSendContents(mongo_database).erase(draft.portal_id, draft.contact_id)

    assert "aa" == await stores.conversations.number_of("acme", "lead-1")
    assert NumberChat("acme", "aa", "lead-1") == await stores.conversations.of_number("acme", "aa")
    assert ["m-1"] == list(await stores.authors.of("acme", ["m-1"]))


async def test_a_send_says_who_caused_its_message(stores: Stores, draft: Send, indexed_sends: None) -> None:
    """By message and project, some at once; what no send says is absent."""
    by_rep = replace(draft, source="card", user_id=42, workflow_id=None)
    for number, one in enumerate((draft, by_rep)):
        await send(stores, one, number)

    assert {
        "m-0": Author("acme", "m-0", 62515, "workflow", "wf:62515:ap-0", workflow_id=9),
        "m-1": Author("acme", "m-1", 62515, "card", "wf:62515:ap-1", user_id=42),
    } == dict(await stores.authors.of("acme", ["m-0", "m-1", "m-3"]))
    assert {} == dict(await stores.authors.of("globex", ["m-1"]))
    assert {} == dict(await stores.authors.of("acme", []))


async def test_the_last_wish_counts(wishes: WishStore) -> None:
    """A wish holds from its own time on, whatever order they come in, and a repeat changes nothing."""
    kept = [
        await wishes.record("acme", "aa", one) for one in (wish(5, stop=True), wish(3, stop=False), wish(5, stop=True))
    ]

    assert [True, False, False] == kept
    assert NOON + timedelta(minutes=5) == await wishes.opted_out_since("acme", "aa")
    assert await wishes.opted_out_since("globex", "aa") is None


async def test_since_is_the_first_of_several_stops(wishes: WishStore) -> None:
    """Who says STOP twice has been opted out since the first; after START the count begins anew."""
    for one in (wish(1, stop=True), wish(2, stop=True)):
        await wishes.record("acme", "aa", one)
    assert NOON + timedelta(minutes=1) == await wishes.opted_out_since("acme", "aa")

    await wishes.record("acme", "aa", wish(3, stop=False))
    assert await wishes.opted_out_since("acme", "aa") is None

    await wishes.record("acme", "aa", wish(4, stop=True))
    assert NOON + timedelta(minutes=4) == await wishes.opted_out_since("acme", "aa")


async def test_wishes_at_once_leave_the_last(wishes: WishStore, indexed: None) -> None:
    """16 wishes at once: the one that was written last holds."""
    await asyncio.gather(*(wishes.record("acme", "aa", wish(minute, stop=minute == 15)) for minute in range(16)))

    assert NOON + timedelta(minutes=15) == await wishes.opted_out_since("acme", "aa")


async def test_the_last_opening_is_known(openings: CardOpenings, clock: ManualClock) -> None:
    """Each account's own, to the nearest ten minutes, also when many open the first card at once."""
    assert await openings.last(1) is None
    await asyncio.gather(*(openings.note(1) for _ in range(8)))
    assert clock.now() == await openings.last(1)

    clock.advance(600)
    await openings.note(1)

    assert clock.now() == await openings.last(1)
    assert await openings.last(2) is None
