"""The control API: what a person or a test does to the simulated Chert, and the ledger of what happened."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, HTTPException, Response
from pydantic import AwareDatetime, Base64Bytes, BaseModel, Field, field_validator, model_validator

from simulators.chert.errors import ChertError, Code
from simulators.chert.models import Attachment, EnvelopeForm, Event, JsonObject, Limits, Send, SignatureForm, Tenant
from simulators.chert.replies import reply
from simulators.chert.schemas import Phone, Text
from simulators.chert.simulator import Chert
from simulators.chert.state import LINES_PER_TENANT
from simulators.chert.views import event_row, iso, lead_view, line_view, tenant_view

router = APIRouter(prefix="/control", tags=["control"])


Name = Annotated[str, Field(min_length=1, max_length=255)]

# What every calendar and time zone can still express.
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class UserOrder(BaseModel):
    """A console user to add."""

    email: Name
    name: Name


class TenantOrder(BaseModel):
    """A project to add."""

    slug: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    project_id: Name
    name: Name
    user: Name | None = Field(default=None, description="e-mail of the only user who may see it")
    lines: int = Field(default=LINES_PER_TENANT, ge=1, le=100, description="how many active lines it has")


class TenantChange(BaseModel):
    """What changes about a project; what is absent stays."""

    suspended: bool | None = None
    campaign_template: str | None = Field(default=None, max_length=10_000)
    auto_dial: bool | None = None
    limits: Limits | None = Field(default=None, description="binding only while enforced is true")

    @field_validator("limits")
    @classmethod
    def _check_timezone(cls, limits: Limits | None) -> Limits | None:
        try:
            ZoneInfo(limits.timezone if limits else "UTC")
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("unknown time zone") from error
        return limits


class KeyLifetime(BaseModel):
    """How long an idempotency key is known."""

    lifetime_seconds: float = Field(ge=0, le=10 * 86_400)


class LineChange(BaseModel):
    """Whether a line is active."""

    is_active: bool


class NextSendOrder(BaseModel):
    """When the next scheduled message of a chat goes out."""

    phone: Phone
    at: Annotated[AwareDatetime, Field(ge=_EARLIEST, le=_LATEST)] | None


class AttachmentOrder(BaseModel):
    """Something that a lead sends along; the content in base64."""

    filename: Name
    content_type: Name
    content: Annotated[Base64Bytes, Field(max_length=8 * 1024 * 1024)]


class ReplyOrder(BaseModel):
    """A message from a lead, and the forms in which it is delivered."""

    phone: Phone
    text: Text | None = None
    attachments: list[AttachmentOrder] = Field(default=[], max_length=10)
    envelope: EnvelopeForm = "modern"
    signature: SignatureForm = "modern"

    @model_validator(mode="after")
    def _check_content(self) -> "ReplyOrder":
        if self.text is None and not self.attachments:
            raise ValueError("a message has a text, or attachments, or both")
        return self


class ReplyReceipt(BaseModel):
    """What the reply became."""

    event_id: str
    message_id: str
    chat_id: str


@router.post("/users", status_code=201)
async def add_user(order: UserOrder, chert: Chert) -> JsonObject:
    """Adds a console user; tenants become theirs when they are made for them."""
    user = chert.state.add_user(order.email, order.name)
    return {"id": user.id, "email": user.email, "name": user.name}


@router.post("/tenants", status_code=201, responses={409: {"description": "The slug is taken"}})
async def add_tenant(order: TenantOrder, chert: Chert) -> JsonObject:
    """Adds a project with its active lines, and its user when that one is new."""
    if order.slug in chert.state.tenants:
        raise HTTPException(409, "The slug is taken")
    if order.user is not None:
        chert.state.add_user(order.user, order.user)
    tenant = Tenant(order.slug, order.project_id, order.name, order.user, lines=[])
    return tenant_view(chert.state.add_tenant(tenant, lines=order.lines))


@router.patch("/tenants/{slug}")
async def change_tenant(slug: str, change: TenantChange, chert: Chert) -> JsonObject:
    """Suspends a project, sets its template or auto-dial, switches its limits."""
    tenant = chert.state.tenant(slug)
    for name in change.model_fields_set:
        if (value := getattr(change, name)) is not None:
            setattr(tenant, name, value)
    return tenant_view(tenant)


@router.patch("/tenants/{slug}/lines/{line_id}")
async def change_line(slug: str, line_id: str, change: LineChange, chert: Chert) -> JsonObject:
    """Takes a line out of service, or back."""
    line = chert.state.tenant(slug).line(line_id)
    if line is None:
        raise ChertError(Code.NOT_FOUND, "Line not found")
    line.is_active = change.is_active
    return line_view(line)


@router.put("/idempotency", status_code=204, response_class=Response)
async def set_key_lifetime(order: KeyLifetime, chert: Chert) -> None:
    """Forgets idempotency keys after so long, those that are known too."""
    chert.state.idempotency.lifetime_seconds = order.lifetime_seconds


@router.put("/tenants/{slug}/next-send", status_code=204, response_class=Response)
async def set_next_send(slug: str, order: NextSendOrder, chert: Chert) -> None:
    """Sets when a chat's next scheduled message goes out."""
    chat = chert.state.chat_with(chert.state.tenant(slug), order.phone)
    if chat is None:
        raise ChertError(Code.CHAT_NOT_FOUND, "Chat not found")
    chat.next_send_at = order.at.timestamp() if order.at else None


@router.post("/tenants/{slug}/replies", status_code=202)
async def receive_reply(slug: str, order: ReplyOrder, chert: Chert) -> ReplyReceipt:
    """A lead replies; the event is delivered in the background."""
    attachments = [
        Attachment(f"in_{chert.state.new_id().hex}", slug, one.filename, one.content_type, one.content)
        for one in order.attachments
    ]
    event, message = reply(
        chert,
        chert.state.tenant(slug),
        order.phone,
        order.text,
        attachments=attachments,
        envelope_form=order.envelope,
        signature_form=order.signature,
    )
    return ReplyReceipt(event_id=event.event_id, message_id=message.id, chat_id=message.chat_id)


@router.delete("/messages/{message_id}/attachments", status_code=204, response_class=Response)
async def expire_attachments(message_id: str, chert: Chert) -> None:
    """What came with a message is no longer kept; the message stays."""
    for part in chert.state.messages[message_id].parts if message_id in chert.state.messages else ():
        chert.state.attachments.pop(str(part.get("attachment_id")), None)


@router.post("/events/{event_id}/redeliver", status_code=202)
async def redeliver(event_id: str, chert: Chert) -> JsonObject:
    """Delivers an event again, with a fresh signature."""
    event = chert.state.event(event_id)
    chert.webhooks.deliver(event, chert.state.subscriptions_of(chert.state.tenant(event.tenant)))
    return {"event_id": event.event_id}


@router.get("/events/{event_id}")
async def read_event(event_id: str, chert: Chert) -> JsonObject:
    """An event of any tenant with what became of its delivery."""
    return _event_view(chert.state.event(event_id))


@router.get("/ledger")
async def read_ledger(chert: Chert) -> JsonObject:
    """The truth: every tenant, lead, message that went out, and event."""
    return {
        "tenants": [tenant_view(tenant) for tenant in chert.state.tenants.values()],
        "leads": [{"tenant": chat.tenant, **lead_view(chat)} for chat in chert.state.chats.values()],
        "sends": [_send_view(send) for send in chert.state.sends],
        "events": [_event_view(event) for event in chert.state.events],
    }


@router.post("/reset", status_code=204, response_class=Response)
async def reset(chert: Chert) -> None:
    """Gives up what is on its way and forgets everything but the keys and the platform's subscription."""
    await chert.webhooks.cancel()
    chert.state.clear()
    chert.recorder.clear()
    chert.faults.clear()


def _event_view(event: Event) -> JsonObject:
    return {"tenant": event.tenant, **event_row(event)}


def _send_view(send: Send) -> JsonObject:
    return {
        "message_id": send.message_id,
        "tenant": send.tenant,
        "idempotency_key": send.idempotency_key,
        "phone": send.phone,
        "body": send.body,
        "lead_id": send.lead_id,
        "phone_line_id": send.phone_line_id,
        "at": iso(send.at),
    }
