"""Deliveries from HubSpot: arrays of events (hubspot-contract.md, section 3.2)."""

from datetime import datetime

from pydantic import JsonValue, ValidationError

from chassis.clock import Clock, milliseconds
from chassis.kafka import EventPublisher
from chassis.tracing import current_traceparent
from contracts.envelope import Event
from contracts.tenants import AppUninstalled
from contracts.topics import APP_UNINSTALLED
from webhooks.errors import UnreadableDeliveryError
from webhooks.handlers.intake import SOURCE, Ignored, Understood, member, read_json, reason_of, rejected, tell
from webhooks.models import MAX_EVENTS, Delivery, HubSpotEvent, Receipt
from webhooks.ports import Verifier


async def receive_hubspot_delivery(
    delivery: Delivery, *, verifier: Verifier, publisher: EventPublisher, clock: Clock
) -> Receipt:
    """Verify a delivery, publish its events, and return once they are durable.

    One bad event never fails its batch: HubSpot would send the whole batch again, ten times.

    Raises:
        UnauthenticDeliveryError: the signature does not hold.
        UnreadableDeliveryError: the body is not an array of at most 100 events.
        chassis.kafka.BrokerAwayError: the events may not be durable.
    """
    verifier.verify(delivery)
    events = read_json(delivery.body)
    if not isinstance(events, list) or len(events) > MAX_EVENTS:
        raise UnreadableDeliveryError(f"not an array of at most {MAX_EVENTS} events", broken_json=False)
    return await tell([_understand(event, clock.now()) for event in events], publisher)


def _understand(payload: JsonValue, now: datetime) -> Understood:
    try:
        event = HubSpotEvent.model_validate(payload)
    except (ValidationError, OverflowError, OSError) as error:
        reason = reason_of(error) if isinstance(error, ValidationError) else "occurredAt: out of range"
        return rejected("hubspot", member(payload, "portalId"), reason, payload, now)
    if event.subscription_type == "app.uninstalled":
        return _app_uninstalled(event)
    return Ignored(event.subscription_type)


def _app_uninstalled(event: HubSpotEvent) -> Event[AppUninstalled]:
    return Event(
        type=APP_UNINSTALLED,
        id=f"app.uninstalled:{event.portal_id}:{event.event_id}:{milliseconds(event.occurred_at)}",
        source=SOURCE,
        time=event.occurred_at,
        data=AppUninstalled(portal_id=event.portal_id, app_id=event.app_id, occurred_at=event.occurred_at),
        traceparent=current_traceparent(),
    )
