"""Deliveries from Chert: one event each (chert-contract.md, sections 14.7 and 14.8)."""

from typing import Final

import msgspec

from chassis.clock import Clock
from chassis.tracing import Trace
from contracts.envelope import MAX_EVENT_BYTES
from contracts.topics import MESSAGE_RECEIVED
from webhooks.errors import UnreadableDeliveryError
from webhooks.handlers.intake import tell
from webhooks.handlers.records import Template, stamp
from webhooks.handlers.rejections import loosely, reason_of, reject
from webhooks.models.chert import Envelope, Outline
from webhooks.models.deliveries import Delivery, Ignored, Record, Understood
from webhooks.models.facts import MessageReceivedFact
from webhooks.ports import Admission, Done, Publisher, Verifier

_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_OUTLINE: Final = msgspec.json.Decoder(Outline)
_RECEIVED: Final = Template(MESSAGE_RECEIVED)


def receive_chert_delivery(
    delivery: Delivery, done: Done, *, verifier: Verifier, publisher: Publisher, admission: Admission, clock: Clock
) -> None:
    """Verify a delivery, publish its event, and call `done` once it is durable, or when that takes too long.

    An authentic event that cannot be understood is set aside in `delivery.rejected` and acknowledged: Chert gives
    up for good after a 4xx.

    Raises:
        UnauthenticDeliveryError: the signature does not hold.
        UnreadableDeliveryError: the body is not an object.
        OverloadedError: too much is in flight.
        NotStoredError: nothing can be stored now.
    """
    verifier.verify(delivery)
    understood = _understand(delivery.body, delivery.trace, clock)
    tell([understood], len(delivery.body), publisher=publisher, admission=admission, done=done)


def _understand(body: bytes, trace: Trace, clock: Clock) -> Understood:
    try:
        envelope = _ENVELOPE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        return _by_outline(body, error, trace, clock)
    return _meaning(envelope, body, trace, clock)


def _meaning(envelope: Envelope, payload: bytes, trace: Trace, clock: Clock) -> Understood:
    if envelope.event != MESSAGE_RECEIVED.name:
        return Ignored(envelope.event)
    if envelope.data.message.direction != "inbound":
        return Ignored(f"{envelope.event}:outbound")
    record = _message_received(envelope, trace)
    if len(record.value) > MAX_EVENT_BYTES:
        return reject("chert", "partner_id", payload, "too large", clock.now(), trace)
    return record


def _message_received(envelope: Envelope, trace: Trace) -> Record:
    chat, message, tenant = envelope.data.chat, envelope.data.message, envelope.partner_id
    fact = MessageReceivedFact(
        chert_tenant=tenant,
        chat_id=chat.id,
        message_id=message.id,
        event_id=envelope.event_id,
        sender=message.sender_handle.handle,
        line=chat.owner_handle.handle if chat.owner_handle else None,
        is_group=chat.is_group,
        parts=message.parts,
        received_at=envelope.timestamp,
    )
    return _RECEIVED.record(
        fact,
        key=f"{tenant}:{chat.id}".encode(),
        event_id=f"{_RECEIVED.topic}:{tenant}:{message.id}".encode(),
        at=stamp(envelope.timestamp),
        trace=trace,
    )


def _by_outline(body: bytes, error: Exception, trace: Trace, clock: Clock) -> Understood:
    """What is no modern envelope: another type of event, an older form, or a broken one."""
    try:
        outline = _OUTLINE.decode(body)
    except msgspec.ValidationError:
        raise UnreadableDeliveryError("not an object", broken_json=False) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableDeliveryError("broken JSON", broken_json=True) from None
    except (RecursionError, ValueError):  # an object, nested beyond reason
        return reject("chert", "partner_id", body, reason_of(error), clock.now(), trace)
    name = _text(outline.event) or _text(outline.type)
    if name is not None and name != MESSAGE_RECEIVED.name:
        return Ignored(name)
    if outline.event is msgspec.UNSET and outline.payload is not msgspec.UNSET:
        return _nested(bytes(outline.payload), trace, clock)
    return reject("chert", "partner_id", body, reason_of(error), clock.now(), trace)


def _nested(payload: bytes, trace: Trace, clock: Clock) -> Understood:
    """The older form: the envelope lies under `payload`, as in a row of Chert's event log."""
    try:
        envelope = _ENVELOPE.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        return reject("chert", "partner_id", payload, reason_of(error), clock.now(), trace)
    return _meaning(envelope, payload, trace, clock)


def _text(member: msgspec.Raw | msgspec.UnsetType) -> str | None:
    content = None if isinstance(member, msgspec.UnsetType) else loosely(bytes(member))
    return content if isinstance(content, str) else None
