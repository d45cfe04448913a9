"""The batteries of `ConversationStore`, `AuthorStore`, `WishStore` and `CardOpenings`."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from actions.adapters.in_memory import (
    InMemoryAuthorStore,
    InMemoryCardOpenings,
    InMemoryConversationStore,
    InMemoryWishStore,
)
from actions.adapters.mongo import MongoAuthorStore, MongoCardOpenings, MongoConversationStore, MongoWishStore
from actions.models import Author, ContactChat, NumberChat, Wish
from actions.ports import AuthorStore, CardOpenings, ConversationStore, WishStore
from chassis.clock import ManualClock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def conversations(backend: str, request: pytest.FixtureRequest) -> ConversationStore:
    """A fresh store."""
    if backend == "in memory":
        return InMemoryConversationStore()
    return MongoConversationStore(request.getfixturevalue("mongo_database"))


@pytest.fixture
def authors(backend: str, request: pytest.FixtureRequest) -> AuthorStore:
    """A fresh store."""
    if backend == "in memory":
        return InMemoryAuthorStore()
    return MongoAuthorStore(request.getfixturevalue("mongo_database"))


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
    """A chat is known in its project alone, and a later one replaces it but for the line."""
    await conversations.learn([])
    await conversations.learn([NumberChat("acme", "aa", "lead-1", "line-1"), NumberChat("globex", "aa", "lead-2")])
    await conversations.learn([NumberChat("acme", "aa", "lead-3")])

    assert NumberChat("acme", "aa", "lead-3", "line-1") == await conversations.of_number("acme", "aa")
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


async def test_an_author_stays(authors: AuthorStore) -> None:
    """Who is recorded first stays, and a message of another project has another author."""
    first = Author("acme", "m-1", 1, "card", "card:1:c", user_id=42)
    await authors.record([])
    await authors.record([first])
    await authors.record(
        [Author("acme", "m-1", 2, "workflow", "wf:2:x"), Author("acme", "m-2", 1, "workflow", "wf:1:y")]
    )

    assert {"m-1": first, "m-2": Author("acme", "m-2", 1, "workflow", "wf:1:y")} == dict(
        await authors.of("acme", ["m-1", "m-2", "m-3"])
    )
    assert {} == dict(await authors.of("globex", ["m-1"]))
    assert {} == dict(await authors.of("acme", []))


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
