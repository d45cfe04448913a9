"""The Messaging API's routes that send and read: `/send`, `/chats`, `/messages`, `/phone-numbers`."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from simulators.chert import sending
from simulators.chert.auth import Caller, json_body
from simulators.chert.errors import ChertError, Code
from simulators.chert.models import JsonObject, Tenant
from simulators.chert.schemas import CreateChatRequest, FollowUpRequest, SendRequest
from simulators.chert.simulator import Chert, ChertSimulator
from simulators.chert.views import chat_view, line_view, message_view

HISTORY_LIMIT = 200

router = APIRouter(include_in_schema=False)


@router.post("/send")
async def send(
    chert: Chert, tenant: Caller, request: Annotated[SendRequest, Depends(json_body(SendRequest))]
) -> JsonObject:
    """One text to one phone; the lead is created when the number is new."""
    fingerprint = _fingerprint("send", request)
    return chert.state.idempotency.once(
        tenant.slug, request.idempotency_key, fingerprint, chert.clock.now(), lambda: _send(chert, tenant, request)
    )


@router.post("/chats")
async def create_chat(
    chert: Chert, tenant: Caller, request: Annotated[CreateChatRequest, Depends(json_body(CreateChatRequest))]
) -> JsonObject:
    """Opens a chat over one of the tenant's own numbers and sends its first message; groups are refused with 4099."""
    fingerprint = _fingerprint("chats", request)
    key = request.message.idempotency_key
    return chert.state.idempotency.once(
        tenant.slug, key, fingerprint, chert.clock.now(), lambda: _create_chat(chert, tenant, request)
    )


@router.post("/chats/{chat_id}/messages")
async def send_message(
    chat_id: str,
    chert: Chert,
    tenant: Caller,
    request: Annotated[FollowUpRequest, Depends(json_body(FollowUpRequest))],
) -> JsonObject:
    """A follow-up over the chat's current line."""
    fingerprint = _fingerprint(f"chats/{chat_id}", request)
    key = request.message.idempotency_key
    return chert.state.idempotency.once(
        tenant.slug, key, fingerprint, chert.clock.now(), lambda: _follow_up(chert, tenant, chat_id, request)
    )


@router.get("/chats/{chat_id}/messages")
async def list_messages(chat_id: str, chert: Chert, tenant: Caller) -> JsonObject:
    """The newest messages of a chat, oldest first."""
    messages = chert.state.chat(tenant, chat_id).messages
    newest = messages[-HISTORY_LIMIT:]
    return {"messages": [message_view(message) for message in newest], "has_more": len(messages) > len(newest)}


@router.get("/messages/{message_id}")
async def read_message(message_id: str, chert: Chert, tenant: Caller) -> JsonObject:
    """One message."""
    return {"message": message_view(chert.state.message(tenant, message_id))}


@router.get("/phone-numbers")
async def list_phone_numbers(tenant: Caller) -> JsonObject:
    """The tenant's sender lines, inactive ones included."""
    return {"phone_numbers": [line_view(line) for line in tenant.lines]}


def _send(chert: ChertSimulator, tenant: Tenant, request: SendRequest) -> JsonObject:
    if request.attachments:
        raise ChertError(Code.ATTACHMENT_NOT_FOUND, "Attachment not found", attachment_index=0)
    line = sending.usable(tenant.line(request.phone_line_id)) if request.phone_line_id else None
    sent = sending.send(
        chert.state,
        tenant,
        request.phone,
        request.parts(),
        line=line,
        key=request.idempotency_key,
        now=chert.clock.now(),
    )
    sent.chat.name = request.name or sent.chat.name
    sent.chat.external_id = request.external_id or sent.chat.external_id
    return {
        "status": "sent",
        "message_id": sent.message.id,
        "lead_id": sent.chat.id,
        "lead_created": sent.lead_created,
        "convo_id": sent.chat.convo_id,
        "phone_line_id": sent.chat.line_id,
    }


def _create_chat(chert: ChertSimulator, tenant: Tenant, request: CreateChatRequest) -> JsonObject:
    if len(request.to) > 1:
        # A group on a line that cannot hold one is answered so (status 501 on this route).
        raise ChertError(Code.NOT_SUPPORTED, "This line does not support group chats", status=501)
    line = sending.usable(tenant.line_with_number(request.sender))
    sent = sending.send(
        chert.state,
        tenant,
        request.to[0],
        request.message.parts,
        line=line,
        key=request.message.idempotency_key,
        now=chert.clock.now(),
    )
    return {"chat": chat_view(sent.chat), "message": message_view(sent.message)}


def _follow_up(chert: ChertSimulator, tenant: Tenant, chat_id: str, request: FollowUpRequest) -> JsonObject:
    message = sending.follow_up(
        chert.state,
        tenant,
        chert.state.chat(tenant, chat_id),
        request.message.parts,
        key=request.message.idempotency_key,
        now=chert.clock.now(),
    )
    return {"message": message_view(message)}


def _fingerprint(route: str, request: BaseModel) -> str:
    """What must be equal for a repeat to count as the same call."""
    return hashlib.sha256(f"{route}\n{request.model_dump_json()}".encode()).hexdigest()
