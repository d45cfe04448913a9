"""Looking before sending again."""

from datetime import timedelta

import pytest

from actions.adapters.in_memory import Faults, InMemoryChertConversations, InMemoryMessenger
from actions.errors import KeyOutlivedError, NotDeliveredError, NotToldError
from actions.handlers.sending import SendOnce
from actions.models import Accepted, SendRequest
from chassis.clock import ManualClock
from contracts.failures import Code

LOST = NotDeliveredError("lost", may_have_happened=True, code=Code.UNAVAILABLE)
TEXT = "Hi Ada"


@pytest.fixture
async def doubtful(send_once: SendOnce, faults: Faults, asked: SendRequest) -> SendRequest:
    """A request whose first attempt may have gone out."""
    faults.plan("after send", LOST)
    with pytest.raises(NotDeliveredError):
        await send_once(asked)
    return asked


async def test_while_the_key_is_young_it_is_trusted(
    send_once: SendOnce, doubtful: SendRequest, messenger: InMemoryMessenger, clock: ManualClock
) -> None:
    """Within the first three quarters of an hour the same key is used again, and nobody looks."""
    clock.advance(timedelta(minutes=44).total_seconds())

    answer = await send_once(doubtful)

    assert isinstance(answer.outcome, Accepted)
    assert (2, 1) == (messenger.calls, len(messenger.ledger))


async def test_a_message_that_went_out_is_found_and_not_sent_again(
    send_once: SendOnce,
    doubtful: SendRequest,
    messenger: InMemoryMessenger,
    chert_conversations: InMemoryChertConversations,
    clock: ManualClock,
) -> None:
    """The message in the conversation is the answer, and Chert is not asked to send."""
    chert_conversations.chats["acme", "+14155551234"] = "chat-1"
    chert_conversations.sent["chat-1"] = [("found-1", TEXT, clock.now())]
    clock.advance(timedelta(hours=30).total_seconds())

    answer = await send_once(doubtful)

    assert "found-1" == (answer.outcome.message_id if isinstance(answer.outcome, Accepted) else None)
    assert 1 == messenger.calls


@pytest.mark.parametrize("hours", [1, 30])
async def test_a_chert_that_cannot_be_asked_now_is_waited_for(
    send_once: SendOnce,
    doubtful: SendRequest,
    messenger: InMemoryMessenger,
    chert_conversations: InMemoryChertConversations,
    clock: ManualClock,
    hours: int,
) -> None:
    """Nothing is sent blindly because a look failed: how long Chert keeps a key is only assumed."""
    chert_conversations.away = True
    clock.advance(timedelta(hours=hours).total_seconds())

    with pytest.raises(NotToldError):
        await send_once(doubtful)

    assert 1 == messenger.calls


async def test_a_chert_that_never_tells_is_trusted_for_a_day(
    send_once: SendOnce,
    doubtful: SendRequest,
    messenger: InMemoryMessenger,
    chert_conversations: InMemoryChertConversations,
    clock: ManualClock,
) -> None:
    """Without the look-up the key is all there is, until it may be forgotten."""
    chert_conversations.served = False
    clock.advance(timedelta(hours=22).total_seconds())
    assert isinstance((await send_once(doubtful)).outcome, Accepted)
    assert 1 == len(messenger.ledger)


async def test_after_that_nothing_is_sent_blindly(
    send_once: SendOnce,
    doubtful: SendRequest,
    messenger: InMemoryMessenger,
    chert_conversations: InMemoryChertConversations,
    clock: ManualClock,
) -> None:
    """A key that may be forgotten makes nothing once."""
    chert_conversations.served = False
    clock.advance(timedelta(hours=23).total_seconds())

    with pytest.raises(KeyOutlivedError):
        await send_once(doubtful)

    assert 1 == messenger.calls


async def test_a_message_of_another_send_is_not_taken(
    send_once: SendOnce,
    doubtful: SendRequest,
    messenger: InMemoryMessenger,
    chert_conversations: InMemoryChertConversations,
    clock: ManualClock,
) -> None:
    """The same text sent twice on purpose is two messages: one that another send owns is none of ours."""
    chert_conversations.chats["acme", "+14155551234"] = "chat-1"
    chert_conversations.sent["chat-1"] = [("message-1", TEXT, clock.now())]
    other = SendRequest(
        key="wf:62515:ap-2",
        portal_id=62515,
        contact=doubtful.contact,
        source="workflow",
        template=doubtful.template,
    )
    assert "message-1" == getattr((await send_once(other)).outcome, "message_id", None)
    clock.advance(timedelta(hours=30).total_seconds())

    await send_once(doubtful)

    assert 3 == messenger.calls
