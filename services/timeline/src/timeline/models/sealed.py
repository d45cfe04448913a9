"""Messages that are kept as they came: known by what they are found and put in order by, and read when they are due."""

from datetime import datetime
from typing import Annotated, Final, cast

import msgspec
from msgspec import Meta, Struct
from pydantic import TypeAdapter

from contracts.messages import MessageReceived
from timeline.models.replies import Received

_RECEIVED: Final = TypeAdapter(Received)

_Id = Annotated[str, Meta(min_length=1, max_length=200)]


class _Part(Struct, forbid_unknown_fields=True):
    type: Annotated[str, Meta(min_length=1, max_length=50)]
    value: str | None = None
    attachment_id: Annotated[str, Meta(max_length=200)] | None = None
    url: Annotated[str, Meta(max_length=4000)] | None = None


class _Outline(Struct, forbid_unknown_fields=True):
    """`contracts.messages.MessageReceived`, and stricter: what fits this fits that, as a property test shows."""

    chert_tenant: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+\Z")]
    chat_id: _Id
    message_id: _Id
    event_id: _Id
    sender: Annotated[str, Meta(min_length=1, max_length=320)]
    parts: Annotated[list[_Part], Meta(max_length=100)]
    received_at: Annotated[datetime, Meta(tz=True)]
    line: Annotated[str, Meta(max_length=320)] | None = None
    is_group: bool = False


_OUTLINE: Final = msgspec.json.Decoder(_Outline)
_TEXT: Final = msgspec.json.Encoder()


class Sealed(Struct, frozen=True):
    """A message as it came.

    Attributes:
        id: key of the inbox.
        chert_tenant: the project it came to.
        received_at: when it arrived at Chert.
        names: what operators find it by, as of a `Received`.
        text: a `Received` in JSON.
        traceparent: the work that brought it.
    """

    id: str
    chert_tenant: str
    received_at: datetime
    names: tuple[str, ...]
    text: str
    traceparent: str | None


Row = Received | Sealed
"""A message, read or not."""


def glance(value: bytes, traceparent: str | None) -> Sealed | None:
    """A message in JSON, if a glance is enough to know that it can be read: that takes a fifth of reading it."""
    try:
        outline = _OUTLINE.decode(value)
        trace = "null" if traceparent is None else _TEXT.encode(traceparent).decode()
        came = Received(cast("MessageReceived", outline), traceparent)  # a member of one is a member of the other
        return _sealed(came, f'{{"message":{value.decode()},"traceparent":{trace}}}')
    except (msgspec.DecodeError, ValueError, LookupError, RecursionError):
        return None


def sealed(row: Row) -> Sealed:
    """A message, whether it was read or not, in the form in which it is set aside."""
    if isinstance(row, Sealed):
        return row
    return _sealed(row, _RECEIVED.dump_json(row).decode())


def opened(row: Row) -> Received:
    """A message, read."""
    return _RECEIVED.validate_json(row.text) if isinstance(row, Sealed) else row


def _sealed(came: Received, text: str) -> Sealed:
    return Sealed(
        id=came.id,
        chert_tenant=came.chert_tenant,
        received_at=came.message.received_at,
        names=came.names,
        text=text,
        traceparent=came.traceparent,
    )
