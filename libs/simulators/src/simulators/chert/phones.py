"""The lead's phone: their side of the conversation, and a form to reply with."""

from typing import Annotated

from fastapi import APIRouter, Form, Path
from fastapi.responses import HTMLResponse, RedirectResponse

from simulators.chert.pages import page
from simulators.chert.replies import reply
from simulators.chert.schemas import Phone, Text
from simulators.chert.simulator import Chert

router = APIRouter(prefix="/phones/{slug}/{phone}", include_in_schema=False)


@router.get("")
async def show_phone(slug: str, phone: Annotated[Phone, Path()], chert: Chert) -> HTMLResponse:
    """The thread as the lead sees it."""
    tenant = chert.state.tenant(slug)
    chat = chert.state.chat_with(tenant, phone)
    return page(
        "phone.html",
        tenant=tenant,
        phone=phone,
        name=chat.name if chat else None,
        messages=chat.messages if chat else [],
    )


@router.post("")
async def send_reply(
    slug: str, phone: Annotated[Phone, Path()], text: Annotated[Text, Form()], chert: Chert
) -> RedirectResponse:
    """The lead replies."""
    reply(chert, chert.state.tenant(slug), phone, text)
    return RedirectResponse(f"/phones/{slug}/{phone}", status_code=303)
