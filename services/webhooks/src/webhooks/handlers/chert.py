"""Deliveries from Chert: one event each (chert-contract.md, sections 14.7 and 14.8)."""

from datetime import datetime

from pydantic import JsonValue, ValidationError

from chassis.clock import Clock
from chassis.kafka import EventPublisher
from chassis.tracing import current_traceparent
from contracts.envelope import Event
from contracts.messages import MessagePart, MessageReceived
from contracts.topics import MESSAGE_RECEIVED
from webhooks.errors import UnreadableDeliveryError
from webhooks.handlers.intake import (
    SOURCE,
    Ignored,
    Understood,
    member,
    read_json,
    reason_of,
    rejected,
    tell,
    too_large,
)
from webhooks.models import ChertEnvelope, Delivery, Receipt
from webhooks.ports import Verifier


async def receive_chert_delivery(
    delivery: Delivery, *, verifier: Verifier, publisher: EventPublisher, clock: Clock
) -> Receipt:
    """Verify a delivery, publish its event, and return once it is durable.

    An authentic event that cannot be understood is set aside in `delivery.rejected` and acknowledged: Chert gives
    up for good after a 4xx.

    Raises:
        UnauthenticDeliveryError: the signature does not hold.
        UnreadableDeliveryError: the body is not an object.
        chassis.kafka.BrokerAwayError: the event may not be durable.
    """
    verifier.verify(delivery)
    payload = read_json(delivery.body)
    if not isinstance(payload, dict):
        raise UnreadableDeliveryError("not an object", broken_json=False)
    return await tell([_understand(payload, clock.now())], publisher)


def _understand(payload: JsonValue, now: datetime) -> Understood:
    name = member(payload, "event")
    if isinstance(name, str) and name != MESSAGE_RECEIVED.name:
        return Ignored(name)
    try:
        envelope = ChertEnvelope.model_validate(payload)
        if envelope.data.message.direction != "inbound":
            return Ignored(f"{envelope.event}:outbound")
        event = _message_received(envelope)
    except ValidationError as error:
        return rejected("chert", member(payload, "partner_id"), reason_of(error), payload, now)
    if too_large(event):
        return rejected("chert", envelope.partner_id, "event: too large", payload, now)
    return event


def _message_received(envelope: ChertEnvelope) -> Event[MessageReceived]:
    chat, message = envelope.data.chat, envelope.data.message
    data = MessageReceived(
        chert_tenant=envelope.partner_id,
        chat_id=chat.id,
        message_id=message.id,
        event_id=envelope.event_id,
        sender=message.sender_handle.handle,
        line=chat.owner_handle.handle if chat.owner_handle else None,
        is_group=chat.is_group,
        parts=tuple(MessagePart.model_validate(part.model_dump()) for part in message.parts),
        received_at=envelope.timestamp,
    )
    return Event(
        type=MESSAGE_RECEIVED,
        id=f"message.received:{data.chert_tenant}:{data.message_id}",
        source=SOURCE,
        time=data.received_at,
        data=data,
        traceparent=current_traceparent(),
    )
