"""Chert's side of conversations, over the client library."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import stamina

from actions.adapters.conversations import ChertConversations
from actions.adapters.in_memory import InMemoryConversationStore
from actions.errors import NotServedError, NotToldError
from actions.models import NumberChat
from chassis.number_hash import KeyedNumberHash
from chert_client import ChertClient
from chert_client.testing import ScriptedTransport

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
PHONE = "+14155551234"
NO_ROUTE = httpx2.Response(404, json={"success": False, "error": {"code": 2011, "message": "Not found"}})


@pytest.fixture
def transport() -> ScriptedTransport:
    """An empty script."""
    return ScriptedTransport([])


@pytest.fixture
async def chert(
    transport: ScriptedTransport, conversations: InMemoryConversationStore, number_hash: KeyedNumberHash
) -> AsyncIterator[ChertConversations]:
    """The adapter, over a script."""
    with stamina.set_testing(True, attempts=1):
        async with ChertClient(
            "https://chert.test", signing_secret=lambda: b"secret", now=lambda: AT, transport=transport
        ) as client:
            yield ChertConversations(client, conversations, number_hash)


def history(*messages: tuple[str, str, str, int], has_more: bool = False) -> httpx2.Response:
    """A conversation: id, direction, text and minutes since noon of each message."""
    rows = [
        {
            "id": message_id,
            "direction": direction,
            "parts": [{"type": "text", "value": part} for part in text.split("|")],
            "created_at": (AT + timedelta(minutes=minutes)).isoformat(),
        }
        for message_id, direction, text, minutes in messages
    ]
    return httpx2.Response(200, json={"messages": rows, "has_more": has_more})


async def test_a_known_number_needs_no_look_up(
    chert: ChertConversations, conversations: InMemoryConversationStore, number_hash: KeyedNumberHash
) -> None:
    """What is remembered of a number is taken without a call."""
    await conversations.learn([NumberChat("acme", number_hash(PHONE), "chat-1")])

    assert "chat-1" == await chert.chat_with("acme", PHONE)


async def test_an_unknown_number_is_looked_up(chert: ChertConversations, transport: ScriptedTransport) -> None:
    """A lead is a chat; no lead is certain only while such routes are served."""
    campaign = httpx2.Response(200, json={"campaign": {"template": ""}})
    transport.steps = [httpx2.Response(200, json={"lead": {"id": "chat-2"}}), NO_ROUTE, campaign, NO_ROUTE, NO_ROUTE]

    assert "chat-2" == await chert.chat_with("acme", PHONE)
    assert await chert.chat_with("acme", PHONE) is None
    with pytest.raises(NotServedError):
        await chert.chat_with("acme", PHONE)


async def test_a_chert_that_is_away_tells_nothing(chert: ChertConversations, transport: ScriptedTransport) -> None:
    """A failed question is no answer."""
    transport.steps = [httpx2.ConnectError("gone")] * 6

    with pytest.raises(NotToldError):
        await chert.chat_with("acme", PHONE)
    with pytest.raises(NotToldError):
        await chert.reply_in("acme", "chat-1", AT)


async def test_a_text_that_went_out_is_found_whatever_bubbles_made_of_it(
    chert: ChertConversations, transport: ScriptedTransport
) -> None:
    """Only outbound messages with this text since that moment count; bubbles of one message are one text."""
    transport.steps = [
        history(
            ("old", "outbound", "Hi|there", -5),
            ("in", "inbound", "Hi|there", 1),
            ("other", "outbound", "Hi", 1),
            ("m1", "outbound", "Hi|there", 2),
            ("m2", "outbound", "Hi|there", 3),
        )
    ]

    assert ["m1", "m2"] == list(await chert.sent_in("acme", "chat-1", "Hi\n\nthere ", AT))


async def test_the_first_reply_since_a_moment_counts(chert: ChertConversations, transport: ScriptedTransport) -> None:
    """What came in before, and what went out, is no reply."""
    talk = history(("a", "inbound", "before", -1), ("b", "outbound", "Hi", 0), ("c", "inbound", "yes", 1))
    transport.steps = [talk, history()]

    reply = await chert.reply_in("acme", "chat-1", AT)

    assert (True, "yes", AT + timedelta(minutes=1)) == (
        reply is not None and reply.replied,
        reply.text if reply else None,
        reply.at if reply else None,
    )
    assert await chert.reply_in("acme", "chat-1", AT) is None


async def test_a_conversation_that_is_cut_off_tells_nothing(
    chert: ChertConversations, transport: ScriptedTransport
) -> None:
    """Chert shows the newest 200: when they do not reach back far enough, nothing can be said."""
    transport.steps = [history(("c", "outbound", "Hi", 1), has_more=True)]

    with pytest.raises(NotServedError):
        await chert.sent_in("acme", "chat-1", "Hi", AT)


async def test_a_chat_that_is_not_there_is_empty(chert: ChertConversations, transport: ScriptedTransport) -> None:
    """Nothing was said in it."""
    transport.steps = [httpx2.Response(404, json={"success": False, "error": {"code": 2002, "message": "no chat"}})]

    assert [] == list(await chert.sent_in("acme", "chat-1", "Hi", AT))
