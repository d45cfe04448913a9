"""What both senders' deliveries go through: read, tell what is understood, set aside what is not."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import JsonValue, ValidationError

from chassis.kafka import EventPublisher
from chassis.logging import get_log
from chassis.tracing import current_traceparent
from contracts.deliveries import DeliveryRejected
from contracts.envelope import MAX_EVENT_BYTES, Event, EventData
from contracts.topics import DELIVERY_REJECTED
from webhooks.errors import UnreadableDeliveryError
from webhooks.models import Receipt

LOG = get_log()

SOURCE = "/webhooks"
_KEPT_CHARACTERS = 64 * 1024  # of a rejected payload; four bytes each at the most, so 256 KiB
_OWNER = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event of a type that nobody here needs."""

    type: str


Understood = Event[EventData] | Ignored
"""What an authentic, well-formed event amounts to."""


def read_json(body: bytes) -> JsonValue:
    """The body as JSON.

    Raises:
        UnreadableDeliveryError: it is not JSON, or nested beyond reason.
    """
    try:
        content: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableDeliveryError("broken JSON", broken_json=True) from None
    return content


def reason_of(error: ValidationError) -> str:
    """Which member broke which rule, without what it held."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "event"
    return f"{where}: {first['type']}"[:500]


def rejected(
    sender: Literal["hubspot", "chert"], owner: object, reason: str, payload: JsonValue, at: datetime
) -> Event[DeliveryRejected]:
    """The event that tells of an authentic event which broke its contract."""
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    known = str(owner) if isinstance(owner, str | int) and _OWNER.fullmatch(str(owner)) else "unknown"
    return Event(
        type=DELIVERY_REJECTED,
        id=f"delivery.rejected:{sender}:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:32]}",
        source=SOURCE,
        time=at,
        data=DeliveryRejected(
            sender=sender,
            owner=known,
            reason=reason,
            payload=text[:_KEPT_CHARACTERS].encode("utf-8", "replace").decode(),
            received_at=at,
        ),
        traceparent=current_traceparent(),
    )


def too_large(event: Event[EventData]) -> bool:
    """Whether an event is over what a topic takes."""
    return len(event.value()) > MAX_EVENT_BYTES


async def tell(understood: Sequence[Understood], publisher: EventPublisher) -> Receipt:
    """Publish all events of a delivery together, and count.

    Raises:
        chassis.kafka.BrokerAwayError: not every event is known to be durable; the sender must try again.
    """
    events = [event for event in understood if not isinstance(event, Ignored)]
    if events:
        await publisher.publish(events)
    refused = [event for event in events if isinstance(event.data, DeliveryRejected)]
    for event in refused:
        LOG.warning("delivery.rejected", event_id=event.id, owner=event.key().decode(), reason=_reason(event.data))
    return Receipt(len(events) - len(refused), len(refused), len(understood) - len(events))


def _reason(data: EventData) -> str:
    return data.reason if isinstance(data, DeliveryRejected) else ""


def member(value: JsonValue, name: str) -> JsonValue:
    """A member of an object, or none."""
    return value.get(name) if isinstance(value, Mapping) else None
