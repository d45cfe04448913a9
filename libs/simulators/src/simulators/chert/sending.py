"""Conversations: what a send, a chat, a follow-up and a reply of the lead do to the simulator's state.

A lead's id is their chat's id. The first message to somebody creates the lead and pins the line that sent it; naming
another line later pins anew.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from simulators.chert.capacity import line_for_first_touch, line_for_follow_up
from simulators.chert.errors import ChertError, Code
from simulators.chert.models import Attachment, Chat, JsonObject, Line, Message, Send, Tenant
from simulators.chert.schemas import MediaPart, RichLinkPart, TextPart
from simulators.chert.state import State

OutgoingPart = TextPart | MediaPart | RichLinkPart

_URL = re.compile(r"(?:https?://|\bwww\.)\S", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that went out, its chat, and whether the lead is new."""

    message: Message
    chat: Chat
    lead_created: bool


def send(
    state: State,
    tenant: Tenant,
    phone: str,
    parts: Sequence[OutgoingPart],
    *,
    line: Line | None,
    key: str | None,
    now: float,
) -> Sent:
    """Sends to a phone, creating the lead when needed.

    Raises 1005 for a URL in a first message, 5001 for an attachment, 2008, 3002 or 4002 when no line may send.
    """
    _check_attachments(parts)
    known = state.chat_with(tenant, phone)
    if known and known.messages:
        return Sent(_append(state, tenant, known, parts, line=line, key=key, now=now), known, lead_created=False)
    _check_first_message(parts)
    first_line = line_for_first_touch(tenant, line, now)
    chat = known or state.add_chat(tenant, phone, first_line, now)
    message = _append(state, tenant, chat, parts, line=first_line, key=key, now=now)
    return Sent(message, chat, lead_created=known is None)


def follow_up(
    state: State, tenant: Tenant, chat: Chat, parts: Sequence[OutgoingPart], *, key: str | None, now: float
) -> Message:
    """Sends into a chat over its current line; raises 5001 for an attachment, 3002 when no line is active."""
    _check_attachments(parts)
    return _append(state, tenant, chat, parts, line=None, key=key, now=now)


def receive(
    state: State, tenant: Tenant, phone: str, text: str | None, now: float, attachments: Sequence[Attachment] = ()
) -> tuple[Chat, Message]:
    """A message from the lead; who never was written to becomes a lead on the tenant's first line."""
    chat = state.chat_with(tenant, phone) or state.add_chat(tenant, phone, tenant.lines[0], now)
    state.attachments |= {one.id: one for one in attachments}
    parts: list[JsonObject] = [] if text is None else [{"type": "text", "value": text}]
    parts += [{"type": "media", "attachment_id": one.id} for one in attachments]
    message = Message(state.new_id().hex, chat.id, "inbound", tuple(parts), now)
    state.add_message(chat, message)
    return chat, message


def usable(line: Line | None) -> Line:
    """The line if the tenant has it and it is active, or 2006."""
    if line is None or not line.is_active:
        raise ChertError(Code.PHONE_NOT_ASSIGNED, "The phone line is not assigned to this tenant")
    return line


def _append(
    state: State,
    tenant: Tenant,
    chat: Chat,
    parts: Sequence[OutgoingPart],
    *,
    line: Line | None,
    key: str | None,
    now: float,
) -> Message:
    chat.line_id = line_for_follow_up(tenant, chat, line).id
    shown = tuple(part.model_dump(exclude_none=True) for part in parts)
    message = Message(state.new_id().hex, chat.id, "outbound", shown, now)
    state.add_message(chat, message)
    state.sends.append(Send(message.id, tenant.slug, key, chat.phone, message.text, chat.id, chat.line_id, now))
    return message


def _check_attachments(parts: Sequence[OutgoingPart]) -> None:
    # Nothing can be uploaded here, so every reference is to an attachment that does not exist.
    for index, part in enumerate(parts):
        if isinstance(part, MediaPart):
            raise ChertError(Code.ATTACHMENT_NOT_FOUND, "Attachment not found", attachment_index=index)


def _check_first_message(parts: Sequence[OutgoingPart]) -> None:
    if any(isinstance(part, TextPart) and _URL.search(part.value) for part in parts):
        raise ChertError(Code.URL_IN_FIRST_MESSAGE, "A first message must hold no URL; use a rich_link part")
