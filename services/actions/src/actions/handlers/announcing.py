"""The events that tell what a send came to; they are written together with its answer."""

from datetime import datetime
from typing import Final

from actions.models import Outcome, Outgoing, Refused, Send
from chassis.tracing import current_traceparent
from contracts.envelope import Event, EventData, EventType
from contracts.messages import MessageRefused, MessageSent
from contracts.topics import MESSAGE_REFUSED, MESSAGE_SENT

_MAX_WORDS: Final = 500


def events_of(send: Send, outcome: Outcome, at: datetime) -> tuple[Event[EventData], ...]:
    """What to tell of an outcome: `message.sent` or `message.refused`."""
    told = _common(send, at)
    if isinstance(outcome, Refused):
        told |= {"code": outcome.code, "error": outcome.error[:_MAX_WORDS]}
        return (_event(MESSAGE_REFUSED, send, MessageRefused.model_validate(told), at),)
    if not isinstance(send.plan, Outgoing) or outcome.lead_id is None:
        return ()  # an answer without a lead names no conversation that anyone could follow
    told |= {
        "phone": send.plan.phone,
        "body": send.plan.body,
        "message_id": outcome.message_id,
        "chat_id": outcome.lead_id,
        "lead_created": outcome.lead_created,
        "phone_line_id": outcome.phone_line_id,
    }
    return (_event(MESSAGE_SENT, send, MessageSent.model_validate(told), at),)


def _common(send: Send, at: datetime) -> dict[str, object]:
    return {
        "portal_id": send.portal_id,
        "chert_tenant": send.chert_tenant,
        "generation": send.generation,
        "contact_id": send.contact_id,
        "source": send.source,
        "claim": send.key,
        "workflow_id": send.workflow_id,
        "user_id": send.user_id,
        "at": at,
    }


def _event(event_type: EventType[EventData], send: Send, data: EventData, at: datetime) -> Event[EventData]:
    return Event(
        type=event_type,
        id=f"{event_type.name}:{send.key}",
        source="/actions",
        time=at,
        subject=str(send.portal_id),
        data=data,
        traceparent=current_traceparent(),
    )
