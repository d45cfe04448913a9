"""Bodies that the Messaging API takes, and how a body that does not fit is refused.

A validation error becomes the registry's code: a missing field is 1001, broken JSON 1004, a bad phone 1003, and so on;
what has no code of its own is 1002. Fields that Chert takes and this simulator has no use for (`effect`) are ignored.
"""

import re
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from simulators.chert.errors import ChertError, Code

TEXT_LIMIT = 10_000
"""Characters of one text; Chert has a limit and publishes no figure."""
PARTS_LIMIT = 10
GROUP_LIMIT = 31

_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_BLANK_LINES = re.compile(r"\n\s*\n")


def _refusal(code: Code, message: str) -> PydanticCustomError:
    return PydanticCustomError("chert", message, {"code": int(code)})


def _check_phone(phone: str) -> str:
    if not _E164.fullmatch(phone):
        raise _refusal(Code.INVALID_PHONE, "Invalid phone number, use E.164")
    return phone


def _check_text(text: str) -> str:
    if not text.strip():
        raise _refusal(Code.INVALID_FIELD, "Text must not be empty")
    if len(text) > TEXT_LIMIT:
        raise _refusal(Code.TEXT_TOO_LONG, f"Text is longer than {TEXT_LIMIT} characters")
    return text


Phone = Annotated[str, AfterValidator(_check_phone)]
Text = Annotated[str, AfterValidator(_check_text)]
Label = Annotated[str, Field(max_length=255)]


class TextPart(BaseModel):
    """A bubble of text."""

    type: Literal["text"]
    value: Text


class MediaPart(BaseModel):
    """An uploaded attachment."""

    type: Literal["media"]
    attachment_id: Label


class RichLinkPart(BaseModel):
    """A link with its preview: the one way to send a link first."""

    type: Literal["rich_link"]
    url: Annotated[str, Field(pattern=r"^https?://", max_length=2_000)]
    title: str | None = None
    summary: str | None = None
    image_url: str | None = None
    icon_url: str | None = None


Part = Annotated[TextPart | MediaPart | RichLinkPart, Field(discriminator="type")]


def _check_parts(parts: list[Part]) -> list[Part]:
    if not parts:
        raise _refusal(Code.INVALID_FIELD, "At least one part is needed")
    if len(parts) > PARTS_LIMIT:
        raise _refusal(Code.TOO_MANY_PARTS, f"More than {PARTS_LIMIT} parts")
    if any(isinstance(one, TextPart) and isinstance(other, TextPart) for one, other in pairwise(parts)):
        raise _refusal(Code.ADJACENT_TEXT_PARTS, "Adjacent text parts must be merged")
    return parts


class OutgoingMessage(BaseModel):
    """A message made of parts."""

    parts: Annotated[list[Part], AfterValidator(_check_parts)]
    idempotency_key: Label | None = None


class SendRequest(BaseModel):
    """`POST /send`: one text to one phone."""

    phone: Phone
    body: Text
    idempotency_key: Label | None = None
    name: Label | None = None
    external_id: Label | None = None
    phone_line_id: Label | None = None
    attachments: list[object] = []

    def parts(self) -> list[TextPart]:
        """The bubbles of the text: blank lines separate them."""
        bubbles = [bubble.strip() for bubble in _BLANK_LINES.split(self.body)]
        return [TextPart(type="text", value=bubble) for bubble in bubbles if bubble]


class CreateChatRequest(BaseModel):
    """`POST /chats`: the first message from one of the tenant's own numbers."""

    sender: Annotated[Phone, Field(alias="from")]
    to: Annotated[list[Phone], Field(min_length=1)]
    message: OutgoingMessage

    @model_validator(mode="after")
    def _check_recipients(self) -> Self:
        if len(self.to) > GROUP_LIMIT:
            raise _refusal(Code.TOO_MANY_PARTS, f"More than {GROUP_LIMIT} recipients")
        return self


class FollowUpRequest(BaseModel):
    """`POST /chats/{chat_id}/messages`: the message must be wrapped."""

    message: OutgoingMessage


class CreateSubscriptionRequest(BaseModel):
    """`POST /webhook-subscriptions`; no events means all."""

    url: Annotated[str, Field(pattern=r"^https://[^/\s]+", max_length=2_000)]
    events: list[Label] = []
    version: Label = "2026-04-01"


class ChangeSubscriptionRequest(BaseModel):
    """`PATCH /webhook-subscriptions/{id}`: only what is given changes."""

    url: Annotated[str, Field(pattern=r"^https://[^/\s]+", max_length=2_000)] | None = None
    events: list[Label] | None = None
    version: Label | None = None
    is_active: bool | None = None


class LeadLookupRequest(BaseModel):
    """The unpublished search for a lead; the number travels in the body, not in a URL."""

    phone: Phone


def refused(error: ValidationError) -> ChertError:
    """The API's answer to a body that does not fit: its first fault, with the registry's code."""
    fault = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(step) for step in fault["loc"])
    if fault["type"] == "json_invalid":
        return ChertError(Code.INVALID_JSON, "Invalid JSON")
    if fault["type"] == "missing":
        return ChertError(Code.MISSING_FIELD, f"Missing required field: {field}")
    if fault["type"] == "chert":
        code = Code(fault["ctx"]["code"])
        # Too many recipients is the one 1006 that is answered with 422.
        return ChertError(code, fault["msg"], status=422 if code == Code.TOO_MANY_PARTS and not field else None)
    return ChertError(Code.INVALID_FIELD, f"Invalid value: {field or 'body'}")
