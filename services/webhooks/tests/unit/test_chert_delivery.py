"""Deliveries from Chert."""

import copy
import json
from typing import Any

import pytest

from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from chassis.tracing import trace_from
from contracts.deliveries import DeliveryRejected
from contracts.messages import MessagePart, MessageReceived
from webhooks.adapters.admission import InFlight
from webhooks.adapters.in_memory import InMemoryPublisher, TrustingVerifier
from webhooks.errors import UnreadableDeliveryError
from webhooks.handlers.chert import receive_chert_delivery
from webhooks.models.deliveries import Delivery, Receipt

TRACE = trace_from(None, SeededRandomness())
RECEIVED: dict[str, Any] = {
    "event": "message.received",
    "event_id": "chert:msg:7b7f",
    "timestamp": "2026-05-24T01:35:34.000Z",
    "api_version": "v1",
    "webhook_version": "2026-05-04",
    "event_type": "message.received",
    "trace_id": "t",
    "partner_id": "acme",
    "data": {
        "chat": {
            "id": "chat_1",
            "is_group": False,
            "handles": [{"handle": "+14155550199", "service": "imessage", "is_me": True}],
            "owner_handle": {"handle": "+14155550199", "service": "imessage", "is_me": True},
        },
        "message": {
            "id": "m_1",
            "direction": "inbound",
            "sender_handle": {"handle": "+14155550100", "service": "imessage", "is_me": False},
            "parts": [{"type": "text", "value": "Yes"}, {"type": "media", "attachment_id": "in_1"}],
        },
    },
}


def changed(path: str, value: object) -> dict[str, Any]:
    """The envelope with one member changed."""
    envelope = copy.deepcopy(RECEIVED)
    *parents, last = path.split(".")
    where = envelope
    for parent in parents:
        where = where[parent]
    where[last] = value
    return envelope


async def receive(content: object, publisher: InMemoryPublisher) -> Receipt:
    """Take in a delivery with that content."""
    delivery = Delivery(b"POST", b"http://localhost/x", {}, json.dumps(content).encode(), TRACE)
    receipt, _ = await receive_chert_delivery(
        delivery, verifier=TrustingVerifier(), publisher=publisher, admission=InFlight(), clock=ManualClock()
    )
    return receipt


@pytest.fixture
def publisher() -> InMemoryPublisher:
    """Keeps what is told."""
    return InMemoryPublisher()


async def test_a_reply_is_told(publisher: InMemoryPublisher) -> None:
    """The modern envelope becomes `message.received`, keyed by tenant and conversation, named by its message."""
    receipt = await receive(RECEIVED, publisher)

    [event] = publisher.published
    assert Receipt(accepted=1) == receipt
    assert event.key() == b"acme:chat_1"
    assert event.id == "message.received:acme:m_1"
    assert isinstance(event.data, MessageReceived)
    assert event.data.sender == "+14155550100"
    assert MessagePart(type="text", value="Yes") == event.data.parts[0]
    assert event.data.received_at.isoformat() == "2026-05-24T01:35:34+00:00"


@pytest.mark.parametrize("content", [changed("event", "reaction.added"), changed("data.message.direction", "outbound")])
async def test_other_events_are_acknowledged(content: object, publisher: InMemoryPublisher) -> None:
    """What is not an inbound message is ignored."""
    assert Receipt(ignored=1) == await receive(content, publisher)


@pytest.mark.parametrize(
    ("content", "reason", "owner"),
    [
        (changed("data.message", None), "data.message: model_type", "acme"),
        (changed("timestamp", "soon"), "timestamp: datetime_from_date_parsing", "acme"),
        (changed("partner_id", "a/b"), "chert_tenant: string_pattern_mismatch", "unknown"),
        (changed("event", None), "event: string_type", "acme"),
        (changed("data.message.parts", [{"type": "text", "value": "x"}] * 101), "parts: too_long", "acme"),
        (changed("data.message.parts", [{"type": "text", "value": "x" * 600_000}]), "event: too large", "acme"),
    ],
)
async def test_what_cannot_be_understood_is_set_aside(
    content: object, reason: str, owner: str, publisher: InMemoryPublisher
) -> None:
    """An authentic event that breaks its contract is kept with the reason and acknowledged, never lost to a 4xx."""
    receipt = await receive(content, publisher)

    [event] = publisher.published
    assert Receipt(rejected=1) == receipt
    assert isinstance(event.data, DeliveryRejected)
    assert (reason, owner) == (event.data.reason, event.data.owner)
    assert len(event.value()) < 512 * 1024


async def test_the_reason_never_quotes_the_content(publisher: InMemoryPublisher) -> None:
    """The reason names the member and the rule; what the lead wrote stays in the payload."""
    await receive(changed("data.message.parts", "call +14155550100"), publisher)

    rejection = publisher.published[0].data
    assert isinstance(rejection, DeliveryRejected)
    assert "4155550100" not in rejection.reason


async def test_an_array_is_refused(publisher: InMemoryPublisher) -> None:
    """Chert sends one object."""
    with pytest.raises(UnreadableDeliveryError):
        await receive([RECEIVED], publisher)
