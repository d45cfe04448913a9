"""Events: how a reply becomes a row of the log, and the bytes in which a row travels.

The envelope is the published `message.received`. Two older forms exist in the field and can be asked for: one with
extra top-level members, one that nests the envelope under `payload` as a row of `GET /events` does.
"""

import json

from simulators.chert.models import Chat, EnvelopeForm, Event, JsonObject, Line, Message, SignatureForm, Tenant
from simulators.chert.state import State
from simulators.chert.views import iso

MESSAGE_RECEIVED = "message.received"
WEBHOOK_VERSION = "2026-05-04"


def record_reply(
    state: State,
    tenant: Tenant,
    chat: Chat,
    message: Message,
    *,
    envelope_form: EnvelopeForm = "modern",
    signature_form: SignatureForm = "modern",
) -> Event:
    """Writes the event of an inbound message to the log."""
    event_id = f"chert:msg:{state.new_id().hex[:24]}"
    line = tenant.line(chat.line_id) or tenant.lines[0]
    envelope = _envelope(event_id, tenant, chat, message, line, trace_id=state.new_id().hex[:12])
    if envelope_form == "older":
        envelope |= _older_members(chat, message, line)
    event = Event(
        sequence=len(state.events) + 1,
        id=str(state.new_id()),
        event_id=event_id,
        type=MESSAGE_RECEIVED,
        tenant=tenant.slug,
        lead_id=chat.id,
        convo_id=chat.convo_id,
        envelope=envelope,
        envelope_form=envelope_form,
        signature_form=signature_form,
        created_at=message.at,
    )
    state.add_event(event)
    return event


def wire_body(event: Event) -> bytes:
    """The bytes that are posted and signed."""
    body = event.envelope if event.envelope_form != "nested" else _nested(event)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _envelope(event_id: str, tenant: Tenant, chat: Chat, message: Message, line: Line, *, trace_id: str) -> JsonObject:
    owner = {"handle": line.phone_number, "service": "imessage", "is_me": True}
    lead = {"handle": chat.phone, "service": "imessage", "is_me": False}
    return {
        "event": MESSAGE_RECEIVED,
        "event_id": event_id,
        "timestamp": iso(message.at),
        "api_version": "v1",
        "webhook_version": WEBHOOK_VERSION,
        "event_type": MESSAGE_RECEIVED,
        "trace_id": trace_id,
        "partner_id": tenant.slug,
        "data": {
            "chat": {"id": chat.id, "is_group": False, "handles": [owner, lead], "owner_handle": owner},
            "message": {
                "id": message.id,
                "direction": message.direction,
                "sender_handle": lead,
                "parts": list(message.parts),
            },
        },
    }


def _older_members(chat: Chat, message: Message, line: Line) -> JsonObject:
    return {
        "from": chat.phone,
        "to": line.phone_number,
        "text": message.text,
        "message_guid": message.id,
        "line_id": line.id,
    }


def _nested(event: Event) -> JsonObject:
    return {
        "type": event.type,
        "event_id": event.event_id,
        "lead_id": event.lead_id,
        "convo_id": event.convo_id,
        "payload": event.envelope,
    }
