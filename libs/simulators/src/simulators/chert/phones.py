"""The lead's phone: their side of the conversation, and a form to reply with."""

from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Path, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from simulators.chert.models import Attachment, Chat, Event, Message, Tenant
from simulators.chert.pages import page
from simulators.chert.replies import reply
from simulators.chert.schemas import Phone, Text
from simulators.chert.simulator import Chert, ChertSimulator

MAX_FILES = 10

router = APIRouter(prefix="/phones/{slug}/{phone}", include_in_schema=False)


@router.get("")
async def show_phone(slug: str, phone: Annotated[Phone, Path()], chert: Chert) -> HTMLResponse:
    """The thread as the lead sees it."""
    tenant = chert.state.tenant(slug)
    chat = chert.state.chat_with(tenant, phone)
    name = chat.name if chat else None
    return page("phone.html", tenant=tenant, phone=phone, name=name, messages=_messages(chert, tenant, chat))


@router.get("/thread")
async def show_thread(slug: str, phone: Annotated[Phone, Path()], chert: Chert) -> HTMLResponse:
    """The thread alone, as the page fetches it again and again."""
    tenant = chert.state.tenant(slug)
    messages = _messages(chert, tenant, chert.state.chat_with(tenant, phone))
    return page("thread.html", messages=messages)


@router.post("")
async def send_reply(
    slug: str,
    phone: Annotated[Phone, Path()],
    chert: Chert,
    text: Annotated[Literal[""] | Text, Form(), Field(union_mode="left_to_right")] = "",
    files: Annotated[list[UploadFile] | None, File(max_length=MAX_FILES)] = None,
) -> RedirectResponse:
    """The lead replies, with a text, pictures or both; an empty reply is none."""
    tenant = chert.state.tenant(slug)
    attachments = [await _attachment(chert, tenant, file) for file in files or () if file.filename]
    if text or attachments:
        reply(chert, tenant, phone, text or None, attachments=attachments)
    return RedirectResponse(f"/phones/{slug}/{phone}", status_code=303)


async def _attachment(chert: ChertSimulator, tenant: Tenant, file: UploadFile) -> Attachment:
    """A file that the lead picked; how large it may be is the edge's business."""
    kind = file.content_type or "application/octet-stream"
    return Attachment(f"in_{chert.state.new_id().hex}", tenant.slug, file.filename or "", kind, await file.read())


def _messages(chert: ChertSimulator, tenant: Tenant, chat: Chat | None) -> list[tuple[Message, Event | None]]:
    """The thread, each reply with its event: replies and their events are written in one order."""
    if chat is None:
        return []
    events = (event for event in chert.state.events_of(tenant) if event.lead_id == chat.id)
    return [(message, next(events, None) if message.direction == "inbound" else None) for message in chat.messages]
