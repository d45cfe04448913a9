"""Remembering conversations."""

from datetime import UTC, datetime

import pytest

from actions.adapters.in_memory import InMemoryConversationStore
from actions.handlers.conversations import Conversations
from chassis.number_hash import KeyedNumberHash
from contracts.messages import ContactLinked, MessagePart, MessageReceived

NUMBER = "+14155551234"


@pytest.fixture
def remembering(conversations: InMemoryConversationStore, number_hash: KeyedNumberHash) -> Conversations:
    """The use case."""
    return Conversations(store=conversations, number_hash=number_hash)


def received(**changes: object) -> MessageReceived:
    """A reply."""
    told: dict[str, object] = {
        "chert_tenant": "acme",
        "chat_id": "lead-9",
        "message_id": "in-1",
        "event_id": "chert:msg:1",
        "sender": NUMBER,
        "parts": (MessagePart(type="text", value="Hello?"),),
        "received_at": datetime(2026, 11, 22, 12, tzinfo=UTC),
    }
    return MessageReceived.model_validate(told | changes)


@pytest.mark.parametrize(
    ("changes", "chat_id"),
    [({}, "lead-9"), ({"is_group": True}, None), ({"sender": "ada@example.com"}, None)],
)
async def test_who_wrote_first_is_remembered(
    changes: dict[str, object],
    chat_id: str | None,
    remembering: Conversations,
    conversations: InMemoryConversationStore,
    number_hash: KeyedNumberHash,
) -> None:
    """A conversation that the contact began is known by their number; a group is nobody's own."""
    await remembering.received([received(**changes)])

    known = await conversations.of_number("acme", number_hash(NUMBER))
    assert chat_id == (None if known is None else known.chat_id)


async def test_a_link_is_remembered(remembering: Conversations, conversations: InMemoryConversationStore) -> None:
    """A contact whose chat was found otherwise is known by the contact, in that account and project alone."""
    await remembering.linked(
        ContactLinked(
            portal_id=62515,
            chert_tenant="acme",
            chat_id="lead-3",
            contact_id="904",
            linked_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        )
    )

    assert "lead-3" == await conversations.of_contact(62515, "acme", "904")
    assert await conversations.of_contact(62515, "globex", "904") is None
    assert await conversations.of_contact(1, "acme", "904") is None


def test_a_hash_needs_its_key(number_hash: KeyedNumberHash) -> None:
    """The same number has the same hash, which does not contain it."""
    assert number_hash(NUMBER) == number_hash(NUMBER) != number_hash("+14155551235")
    assert NUMBER[1:] not in number_hash(NUMBER)
