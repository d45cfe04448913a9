"""The event log's routes: list, read, replay.

Chert publishes neither the order of the list nor the form of a cursor: here rows come oldest first, `since` is
inclusive, and a cursor is opaque; `next_cursor` is null on the last page.
"""

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, Field

from simulators.chert.auth import Caller
from simulators.chert.errors import ChertError, Code
from simulators.chert.models import Attempt, Delivery, DeliveryStatus, Event, JsonObject, Subscription, Tenant
from simulators.chert.simulator import Chert, ChertSimulator
from simulators.chert.trace import trace_id_of
from simulators.chert.views import event_row
from simulators.chert.webhooks import DEV_INBOX

router = APIRouter(prefix="/events", include_in_schema=False)


class EventQuery(BaseModel):
    """Which rows of the log are wanted."""

    type: str | None = None
    status: DeliveryStatus | None = None
    lead_id: str | None = None
    since: AwareDatetime | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: str | None = None

    def admits(self, event: Event) -> bool:
        """Whether a row passes the filters."""
        return (
            self.type in (None, event.type)
            and self.status in (None, event.status)
            and self.lead_id in (None, event.lead_id)
            and (self.since is None or event.created_at >= self.since.timestamp())
        )


@router.get("")
async def list_events(chert: Chert, tenant: Caller, query: Annotated[EventQuery, Query()]) -> JsonObject:
    """One page of the tenant's log."""
    after = _sequence(query.cursor) if query.cursor else 0
    rows = [event for event in chert.state.events_of(tenant) if event.sequence > after and query.admits(event)]
    page = rows[: query.limit]
    next_cursor = _cursor(page[-1]) if len(rows) > len(page) else None
    return {"events": [event_row(event) for event in page], "next_cursor": next_cursor, "count": len(page)}


@router.get("/{event_id}")
async def read_event(event_id: str, chert: Chert, tenant: Caller) -> JsonObject:
    """One row of the log, by its row id or its event id."""
    return event_row(chert.state.event(event_id, tenant))


@router.post("/{event_id}/replay")
async def replay(
    request: Request, event_id: str, chert: Chert, tenant: Caller, subscription_id: str | None = None
) -> JSONResponse:
    """One attempt at each destination while the caller waits; 502 with 3004 when one of them fails."""
    event = chert.state.event(event_id, tenant)
    attempts = [
        await chert.webhooks.attempt(event, destination, _delivery(event, destination))
        for destination in _destinations(chert, tenant, subscription_id)
    ]
    failed = next((attempt for attempt in attempts if not _delivered(event, attempt)), None)
    if failed is None:
        return JSONResponse({"ok": True, "downstream_status": attempts[-1].status})
    error = ChertError(Code.DELIVERY_SERVICE, "The destination did not accept the event")
    told = {"ok": False, "error": "replay failed", "downstream_status": failed.status}
    return JSONResponse({**told, **error.fields(), "trace_id": trace_id_of(request)}, status_code=error.status)


def _destinations(chert: ChertSimulator, tenant: Tenant, subscription_id: str | None) -> list[Subscription]:
    hearing = (
        [chert.state.subscription(tenant, subscription_id)] if subscription_id else chert.state.subscriptions_of(tenant)
    )
    destinations = [one for one in hearing if one.is_active and one.url != DEV_INBOX]
    if not destinations:
        raise ChertError(Code.INVALID_FIELD, "There is no destination to replay to")
    return destinations


def _delivery(event: Event, subscription: Subscription) -> Delivery:
    return event.deliveries.setdefault(subscription.id, Delivery(subscription.id, subscription.url))


def _delivered(event: Event, attempt: Attempt) -> bool:
    return event.deliveries[attempt.subscription_id].status == "delivered"


def _cursor(event: Event) -> str:
    return base64.urlsafe_b64encode(str(event.sequence).encode()).decode()


def _sequence(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor))
    except (ValueError, binascii.Error) as error:
        raise ChertError(Code.INVALID_FIELD, "Invalid value: cursor") from error
