"""Opting out, and what it does to sending."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.adapters.in_memory import (
    InMemoryConversationStore,
    InMemoryMessenger,
    InMemorySendStore,
    InMemoryWishStore,
)
from actions.handlers.opt_outs import OPTED_OUT, OptOuts, OptOutWords
from actions.handlers.sending import SendOnce
from actions.models import Answer, NumberChat, SendRequest
from actions.settings import START_WORDS, STOP_WORDS
from chassis.number_hash import KeyedNumberHash
from contracts.messages import MessagePart, MessageReceived

WORDS = OptOutWords.of(STOP_WORDS, START_WORDS)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NUMBER = "+14155551234"


def said(text: str, **changes: object) -> MessageReceived:
    """A reply of the contact."""
    told: dict[str, object] = {
        "chert_tenant": "acme",
        "chat_id": "lead-0",
        "message_id": f"in-{text}",
        "event_id": "chert:msg:1",
        "sender": NUMBER,
        "parts": (MessagePart(type="text", value=text),),
        "received_at": NOON,
    }
    return MessageReceived.model_validate(told | changes)


@pytest.fixture
def opt_outs(
    wishes: InMemoryWishStore, conversations: InMemoryConversationStore, number_hash: KeyedNumberHash
) -> OptOuts:
    """The use case."""
    return OptOuts(words=WORDS, wishes=wishes, conversations=conversations, number_hash=number_hash)


FULL_WIDTH_STOP = "\uff33\uff34\uff2f\uff30"


@pytest.mark.parametrize("word", ["STOP", "stopall", " Unsubscribe\n", "cAnCeL", "end", "QUIT", FULL_WIDTH_STOP])
def test_a_stop_word_alone_stops(word: str) -> None:
    """Each stop word counts in any case, trimmed, and in full-width letters."""
    assert WORDS.wants_stop(said(word)) is True


@pytest.mark.parametrize("word", ["START", "unstop", "Subscribe "])
def test_a_start_word_alone_starts(word: str) -> None:
    """Each start word counts in any case, trimmed."""
    assert WORDS.wants_stop(said(word)) is False


@pytest.mark.parametrize("text", ["", "Stop it!", "please stop", "STOP.", "s t o p", "unsubscribed", "stop\nnow"])
def test_anything_more_is_an_ordinary_reply(text: str) -> None:
    """A message that says more than the word says nothing about messages."""
    assert WORDS.wants_stop(said(text)) is None


def test_a_word_under_a_picture_is_an_ordinary_reply() -> None:
    """A message with anything but text is not exactly a stop word."""
    parts = (MessagePart(type="text", value="STOP"), MessagePart(type="media", attachment_id="in_1"))

    assert WORDS.wants_stop(said("", parts=parts)) is None


def test_every_language_counts() -> None:
    """The lists of all languages are one: nobody says in which they answer."""
    words = OptOutWords.of({**STOP_WORDS, "de": ("Stopp", "ABBESTELLEN")}, START_WORDS)

    assert [True, True, True] == [words.wants_stop(said(text)) for text in ("stopp", "abbestellen", "STOP")]


@given(st.text(max_size=50))
def test_no_text_is_too_odd(text: str) -> None:
    """Any text is a stop word, a start word or neither."""
    assert WORDS.wants_stop(said(text)) in {True, False, None}


async def test_opted_out_means_no_message(
    opt_outs: OptOuts, send_once: SendOnce, asked: SendRequest, messenger: InMemoryMessenger, sends: InMemorySendStore
) -> None:
    """After STOP a send is refused for good with 1012, never reaches Chert, and stands in the send's history."""
    await opt_outs.note(said("STOP"))

    assert Answer(OPTED_OUT, duplicate=False) == await send_once(asked)
    assert (1012, "contact opted out") == (OPTED_OUT.code, OPTED_OUT.error)
    assert 0 == messenger.calls
    assert ["begun", "refused"] == [attempt.status for attempt in sends.sends[asked.key].attempts]


async def test_start_lifts_it(opt_outs: OptOuts, send_once: SendOnce, asked: SendRequest) -> None:
    """After START a new send goes out, and the refused one keeps its answer."""
    await opt_outs.note(said("STOP"))
    refused = await send_once(asked)
    await opt_outs.note(said("START", received_at=NOON + timedelta(minutes=1)))

    assert "accepted" == (await send_once(replace(asked, key="wf:62515:ap-2", alias=None))).outcome.kind
    assert Answer(refused.outcome, duplicate=True) == await send_once(asked)


async def test_an_old_wish_is_history(opt_outs: OptOuts, send_once: SendOnce, asked: SendRequest) -> None:
    """A STOP that is told again, or late, does not undo the START that was written after it."""
    await opt_outs.note(said("START", received_at=NOON + timedelta(minutes=1)))
    await opt_outs.note(said("STOP"))

    assert "accepted" == (await send_once(asked)).outcome.kind


async def test_another_project_may_write(opt_outs: OptOuts, send_once: SendOnce, asked: SendRequest) -> None:
    """Opting out of one project's messages says nothing about another's."""
    await opt_outs.note(said("STOP", chert_tenant="globex"))

    assert "accepted" == (await send_once(asked)).outcome.kind


async def test_an_answer_given_before_stays(
    opt_outs: OptOuts, new_process: Callable[[], SendOnce], asked: SendRequest
) -> None:
    """A repeat of a send that went out before STOP is answered as before."""
    first = await new_process()(asked)
    await opt_outs.note(said("STOP"))

    assert Answer(first.outcome, duplicate=True) == await new_process()(asked)


async def test_an_address_stands_for_the_number_of_its_chat(
    opt_outs: OptOuts,
    conversations: InMemoryConversationStore,
    wishes: InMemoryWishStore,
    number_hash: KeyedNumberHash,
) -> None:
    """Who answers STOP from an e-mail address stops the number that was written to in that chat."""
    await conversations.learn([NumberChat("acme", number_hash(NUMBER), "lead-0")])

    await opt_outs.note(said("STOP", sender="ada@example.com"))

    assert NOON == await wishes.opted_out_since("acme", number_hash(NUMBER))


async def test_an_unknown_address_stops_nobody(
    opt_outs: OptOuts, wishes: InMemoryWishStore, number_hash: KeyedNumberHash
) -> None:
    """An e-mail address in a chat that nothing was sent in changes nothing."""
    await opt_outs.note(said("STOP", sender="ada@example.com"))

    assert await wishes.opted_out_since("acme", number_hash(NUMBER)) is None
