"""Conversations, authors and wishes as they were a moment ago."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actions.adapters.in_memory import (
    InMemoryAuthorStore,
    InMemoryConversationStore,
    InMemorySendStore,
    InMemoryWishStore,
)
from actions.adapters.remembered_conversations import (
    LEARNED_SECONDS,
    RECENT_SECONDS,
    STALE_SECONDS,
    WISH_SECONDS,
    RememberedAuthors,
    RememberedConversations,
    RememberedWishes,
)
from actions.models import Author, ContactChat, NumberChat, Wish
from chassis.clock import ManualClock

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHAT = NumberChat("acme", "hash-1", "chat-1")
AUTHOR = Author("acme", "message-1", 62515, "card", "card:62515:c-1", user_id=42)


@pytest.fixture
def kept() -> InMemoryConversationStore:
    """What the database has."""
    return InMemoryConversationStore()


@pytest.fixture
def remembered(kept: InMemoryConversationStore, clock: ManualClock) -> RememberedConversations:
    """What this process has of it."""
    return RememberedConversations(kept, clock)


async def test_a_chat_is_read_once_in_a_while(
    kept: InMemoryConversationStore, remembered: RememberedConversations, clock: ManualClock
) -> None:
    """What another process learns is seen seconds later; that a chat is unknown is never remembered."""
    assert await remembered.of_number("acme", "hash-1") is None
    await kept.learn([CHAT])
    first = await remembered.of_number("acme", "hash-1")
    await kept.learn([replace(CHAT, chat_id="chat-2")])
    second = await remembered.of_number("acme", "hash-1")
    clock.advance(RECENT_SECONDS)

    assert [CHAT, CHAT, replace(CHAT, chat_id="chat-2")] == [
        first,
        second,
        await remembered.of_number("acme", "hash-1"),
    ]


async def test_what_this_process_learns_is_seen_at_once(remembered: RememberedConversations) -> None:
    """A chat that was read before does not stand after it was replaced."""
    await remembered.learn([CHAT])
    await remembered.of_number("acme", "hash-1")
    await remembered.learn([replace(CHAT, chat_id="chat-2")])

    assert replace(CHAT, chat_id="chat-2") == await remembered.of_number("acme", "hash-1")


@pytest.mark.parametrize(
    ("told", "is_written"),
    [
        (CHAT, False),
        (replace(CHAT, chat_id="chat-2"), True),
        (replace(CHAT, chert_tenant="other"), True),
    ],
)
async def test_what_is_known_is_not_written_again(
    kept: InMemoryConversationStore, remembered: RememberedConversations, told: NumberChat, *, is_written: bool
) -> None:
    """The same chat changes nothing; any other does."""
    await remembered.learn([CHAT])
    await kept.learn([replace(told, chat_id="of another process")])
    await remembered.learn([told])

    known = await kept.of_number(told.chert_tenant, "hash-1")

    assert known is not None
    assert is_written == (known.chat_id == told.chat_id)


async def test_what_was_learned_long_ago_is_written_again(
    kept: InMemoryConversationStore, remembered: RememberedConversations, clock: ManualClock
) -> None:
    """Another process may have learned something else since."""
    await remembered.learn([CHAT])
    await kept.learn([replace(CHAT, chat_id="chat-2")])
    clock.advance(LEARNED_SECONDS)
    await remembered.learn([CHAT])

    assert CHAT == await kept.of_number("acme", "hash-1")


async def test_links_of_contacts_are_as_the_database_has_them(
    kept: InMemoryConversationStore, remembered: RememberedConversations
) -> None:
    """They are made, read and forgotten there, and so is the number of a chat."""
    await remembered.learn([CHAT])
    await remembered.link(ContactChat(62515, "acme", "904", "chat-1"))
    linked = await remembered.of_contact(62515, "acme", "904"), await kept.of_contact(62515, "acme", "904")
    await remembered.unlink(62515, "904")

    assert ("chat-1", "chat-1") == linked
    assert await remembered.of_contact(62515, "acme", "904") is None
    assert "hash-1" == await remembered.number_of("acme", "chat-1")


async def test_an_author_is_read_once(
    authors: InMemoryAuthorStore, sends: InMemorySendStore, keep_sent: Callable[..., None]
) -> None:
    """Who caused a message never changes; one that is not known yet is asked for each time."""
    remembered = RememberedAuthors(authors)
    unknown = await remembered.of("acme", ["message-1", "message-2"])
    keep_sent(AUTHOR)
    known = await remembered.of("acme", ["message-1", "message-2"])
    later = replace(AUTHOR, message_id="message-2", claim="card:62515:c-2")
    sends.sends.clear()
    keep_sent(later)

    assert ({}, {"message-1": AUTHOR}) == (unknown, known)
    assert {"message-1": AUTHOR, "message-2": later} == await remembered.of("acme", ["message-1", "message-2"])
    assert {"message-1": AUTHOR} == await remembered.of("acme", ["message-1"])
    assert {} == await remembered.of("other", ["message-1"])


async def test_a_wish_is_shown_a_moment_later(clock: ManualClock) -> None:
    """What this process hears counts at once, what another one hears after seconds, in either direction."""
    kept = InMemoryWishStore()
    wishes = RememberedWishes(kept, clock)
    before = await wishes.opted_out_since("acme", "hash-1")
    await kept.record("acme", "hash-1", Wish(stop=True, at=AT, message_id="m-1"))
    soon = await wishes.opted_out_since("acme", "hash-1")
    clock.advance(WISH_SECONDS)
    later = await wishes.opted_out_since("acme", "hash-1")
    await wishes.record("acme", "hash-1", Wish(stop=False, at=AT.replace(hour=13), message_id="m-2"))

    assert (None, None, AT, None) == (before, soon, later, await wishes.opted_out_since("acme", "hash-1"))


class SlowWishStore(InMemoryWishStore):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()

    async def opted_out_since(self, chert_tenant: str, number_hash: str) -> datetime | None:
        """As ever, but late."""
        await self.may_answer.wait()
        return await super().opted_out_since(chert_tenant, number_hash)


async def test_a_slow_database_keeps_no_card_waiting(clock: ManualClock) -> None:
    """A wish is shown as it was until the database answers, and a minute at most."""
    kept = SlowWishStore()
    kept.may_answer.set()
    shown = RememberedWishes(kept, clock)
    before = await shown.opted_out_since("acme", "hash-1")
    await kept.record("acme", "hash-1", Wish(stop=True, at=AT, message_id="m-1"))
    kept.may_answer.clear()
    clock.advance(WISH_SECONDS)
    meanwhile = await shown.opted_out_since("acme", "hash-1")
    clock.advance(STALE_SECONDS - WISH_SECONDS)
    waiting = asyncio.create_task(shown.opted_out_since("acme", "hash-1"))
    kept.may_answer.set()

    assert (None, None, AT) == (before, meanwhile, await waiting)
