"""How the Messaging API shows what the simulator knows."""

from dataclasses import asdict
from datetime import UTC, datetime

from simulators.chert.models import Attempt, Chat, Event, JsonObject, Line, Message, Subscription, Tenant


def iso(at: float) -> str:
    """A time in UTC with milliseconds, as Chert writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(at: float | None) -> str | None:
    """A time that may not have come."""
    return None if at is None else iso(at)


def line_view(line: Line) -> JsonObject:
    """One row of `GET /phone-numbers`."""
    return {
        "id": line.id,
        "phone_line_id": line.id,
        "phone_number": line.phone_number,
        "service": "imessage",
        "is_active": line.is_active,
        "capabilities": ["imessage", "send", "receive"],
    }


def chat_view(chat: Chat) -> JsonObject:
    """The `chat` of `POST /chats`."""
    return {
        "id": chat.id,
        "display_name": chat.name or chat.phone,
        "handles": [{"service": "imessage", "address": chat.phone}],
        "is_group": False,
        "service": "imessage",
        "health_score": 100,
        "created_at": iso(chat.created_at),
    }


def message_view(message: Message) -> JsonObject:
    """A message as every route shows it; the shape of `GET /messages/{id}` is not published and the same here."""
    return {
        "id": message.id,
        "chat_id": message.chat_id,
        "parts": list(message.parts),
        "status": "sent" if message.direction == "outbound" else "received",
        "direction": message.direction,
        "created_at": iso(message.at),
        "delivered_at": None,
        "read_at": None,
        "service": "imessage",
    }


def lead_view(chat: Chat) -> JsonObject:
    """A lead, which is the person behind a chat."""
    return {
        "id": chat.id,
        "chat_id": chat.id,
        "convo_id": chat.convo_id,
        "phone": chat.phone,
        "name": chat.name,
        "external_id": chat.external_id,
        "phone_line_id": chat.line_id,
        "created_at": iso(chat.created_at),
    }


def subscription_view(subscription: Subscription, *, with_secret: bool = False) -> JsonObject:
    """A webhook subscription; the secret is shown once, to who creates it."""
    view: JsonObject = {
        "id": subscription.id,
        "url": subscription.url,
        "events": subscription.events,
        "version": subscription.version,
        "is_active": subscription.is_active,
        "created_at": iso(subscription.created_at),
    }
    return view | {"secret": subscription.secret} if with_secret else view


def event_row(event: Event) -> JsonObject:
    """A row of `GET /events`."""
    deliveries = list(event.deliveries.values())
    attempts = [attempt for delivery in deliveries for attempt in delivery.attempts]
    times = [delivery.delivered_at for delivery in deliveries if delivery.delivered_at is not None]
    return {
        "id": event.id,
        "type": event.type,
        "event_id": event.event_id,
        "lead_id": event.lead_id,
        "convo_id": event.convo_id,
        "payload": event.envelope,
        "delivery": {
            "status": event.status,
            "url": deliveries[0].url if deliveries else None,
            "attempts": [_attempt_view(attempt) for attempt in sorted(attempts, key=lambda attempt: attempt.at)],
            "delivered_at": iso(max(times)) if times else None,
        },
        "created_at": iso(event.created_at),
    }


def tenant_view(tenant: Tenant) -> JsonObject:
    """A tenant as the control API shows it."""
    return {
        "slug": tenant.slug,
        "project_id": tenant.project_id,
        "name": tenant.name,
        "user": tenant.user,
        "suspended": tenant.suspended,
        "campaign_template": tenant.campaign_template,
        "auto_dial": tenant.auto_dial,
        "limits": asdict(tenant.limits),
        "phone_numbers": [line_view(line) for line in tenant.lines],
    }


def _attempt_view(attempt: Attempt) -> JsonObject:
    view: JsonObject = {
        "at": iso(attempt.at),
        "status": attempt.status,
        "duration_ms": attempt.duration_ms,
        "subscription_id": attempt.subscription_id,
    }
    return view | {"error": attempt.error} if attempt.error else view
