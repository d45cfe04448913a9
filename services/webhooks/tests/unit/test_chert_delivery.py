"""Deliveries from Chert."""

import copy
import json
from typing import Any

import pytest

from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from chassis.tracing import Traces
from contracts.deliveries import DeliveryRejected
from contracts.messages import MessagePart, MessageReceived
from webhooks.adapters.admission import InFlight
from webhooks.adapters.in_memory import InMemoryPublisher, TrustingVerifier
from webhooks.errors import NotStoredError, UnreadableDeliveryError
from webhooks.handlers.chert import receive_chert_delivery
from webhooks.models.deliveries import Delivery, Receipt, Taken

SLUG = r"^[A-Za-z0-9_.-]+\\Z"
TRACE = Traces(SeededRandomness()).of(None)
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


def receive(content: object, publisher: InMemoryPublisher, body: bytes | None = None) -> Receipt:
    """Take in a delivery with that content."""
    delivery = Delivery(
        b"POST", b"http://localhost/x", {}, json.dumps(content).encode() if body is None else body, TRACE
    )
    outcomes: list[Taken | NotStoredError] = []
    receive_chert_delivery(
        delivery,
        outcomes.append,
        verifier=TrustingVerifier(),
        publisher=publisher,
        admission=InFlight(ManualClock()),
        clock=ManualClock(),
    )
    [outcome] = outcomes
    assert isinstance(outcome, Taken)
    return outcome.receipt


@pytest.fixture
def publisher() -> InMemoryPublisher:
    """Keeps what is told."""
    return InMemoryPublisher()


def test_a_reply_is_told(publisher: InMemoryPublisher) -> None:
    """The modern envelope becomes `message.received`, keyed by tenant and conversation, named by its message."""
    receipt = receive(RECEIVED, publisher)

    [event] = publisher.published
    assert Receipt(accepted=1) == receipt
    assert event.key() == b"acme:chat_1"
    assert event.id == "message.received:acme:m_1"
    assert isinstance(event.data, MessageReceived)
    assert event.data.sender == "+14155550100"
    assert MessagePart(type="text", value="Yes") == event.data.parts[0]
    assert event.data.received_at.isoformat() == "2026-05-24T01:35:34+00:00"


@pytest.mark.parametrize("content", [changed("event", "reaction.added"), changed("data.message.direction", "outbound")])
def test_other_events_are_acknowledged(content: object, publisher: InMemoryPublisher) -> None:
    """What is not an inbound message is ignored."""
    assert Receipt(ignored=1) == receive(content, publisher)


@pytest.mark.parametrize(
    ("content", "reason", "owner"),
    [
        (changed("data.message", None), "Expected `object`, got `null` - at `$.data.message`", "acme"),
        (changed("timestamp", "soon"), "Invalid RFC3339 encoded datetime - at `$.timestamp`", "acme"),
        (
            changed("partner_id", "a/b"),
            "Expected `str` matching regex '^[A-Za-z0-9_.-]+\\\\Z' - at `$.partner_id`",
            "unknown",
        ),
        (changed("event", None), "Expected `str`, got `null` - at `$.event`", "acme"),
        (
            changed("data.message.parts", [{"type": "text", "value": "x"}] * 101),
            "Expected `array` of length <= 100 - at `$.data.message.parts`",
            "acme",
        ),
        (changed("data.message.parts", [{"type": "text", "value": "x" * 600_000}]), "too large", "acme"),
    ],
)
def test_what_cannot_be_understood_is_set_aside(
    content: object, reason: str, owner: str, publisher: InMemoryPublisher
) -> None:
    """An authentic event that breaks its contract is kept with the reason and acknowledged, never lost to a 4xx."""
    receipt = receive(content, publisher)

    [event] = publisher.published
    assert Receipt(rejected=1) == receipt
    assert isinstance(event.data, DeliveryRejected)
    assert (reason, owner) == (event.data.reason, event.data.owner)
    assert len(event.value()) < 512 * 1024


def test_the_reason_never_quotes_the_content(publisher: InMemoryPublisher) -> None:
    """The reason names the member and the rule; what the lead wrote stays in the payload."""
    receive(changed("data.message.parts", "call +14155550100"), publisher)

    rejection = publisher.published[0].data
    assert isinstance(rejection, DeliveryRejected)
    assert "4155550100" not in rejection.reason


def nested(envelope: object) -> dict[str, object]:
    """The older form, which is also that of a row in Chert's event log."""
    return {"type": "message.received", "lead_id": "chat_1", "convo_id": "c_1", "payload": envelope}


OLDER = {"from": "+14155550100", "to": "+14155550199", "text": "Yes", "message_guid": "m_1", "line_id": "line_1"}


@pytest.mark.parametrize("content", [{**RECEIVED, **OLDER}, nested(RECEIVED)])
def test_older_forms_tell_the_same(content: object, publisher: InMemoryPublisher) -> None:
    """Older envelopes, with further members or nested, become the very record that the modern one becomes."""
    receive(RECEIVED, publisher)
    receive(content, publisher)

    first, second = publisher.records
    assert first == second


@pytest.mark.parametrize("content", [nested({}), nested(changed("data.message", None)), nested("x")])
def test_a_broken_nested_envelope_is_set_aside(content: object, publisher: InMemoryPublisher) -> None:
    """What lies under `payload` is held to the same contract."""
    assert Receipt(rejected=1) == receive(content, publisher)


def test_another_type_in_the_nested_form_is_ignored(publisher: InMemoryPublisher) -> None:
    """A nested reaction is acknowledged and not told."""
    assert Receipt(ignored=1) == receive({**nested({}), "type": "reaction.added"}, publisher)


def test_an_envelope_nested_beyond_reason_is_set_aside(publisher: InMemoryPublisher) -> None:
    """An authentic object ten thousand deep is kept with the reason, and costs no stack."""
    body = json.dumps(RECEIVED)[:-1].encode() + b',"deep":' + b"[" * 10_000 + b"]" * 10_000 + b"}"

    assert Receipt(rejected=1) == receive(None, publisher, body)
    assert "nested too deeply" == publisher.published[0].data.reason


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"\xff"])
def test_what_is_not_json_is_refused(body: bytes, publisher: InMemoryPublisher) -> None:
    """Chert never signs anything that is not JSON."""
    with pytest.raises(UnreadableDeliveryError) as caught:
        receive(None, publisher, body)

    assert caught.value.broken_json


def test_an_array_is_refused(publisher: InMemoryPublisher) -> None:
    """Chert sends one object."""
    with pytest.raises(UnreadableDeliveryError):
        receive([RECEIVED], publisher)
