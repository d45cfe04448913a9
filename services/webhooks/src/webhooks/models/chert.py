"""Chert's webhooks (chert-contract.md, section 14.7): the members that we read, all others are ignored.

The bounds are those of `contracts.messages.MessageReceived`, which is what an envelope becomes.
"""

from datetime import datetime
from typing import Annotated, Final

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

KNOWN_TYPES: Final = frozenset(
    {"message.received", "message.received:outbound", "lead_reply", "reaction.added", "reaction.removed"}
)
"""Every type there is, so that a count by type has a bounded set of labels."""

_Id = Annotated[str, Meta(min_length=1, max_length=200)]
_Handle = Annotated[str, Meta(max_length=320)]


class Handle(Struct, frozen=True):
    """An address in a conversation."""

    handle: _Handle


class Sender(Struct, frozen=True):
    """Who wrote: an address that is not empty."""

    handle: Annotated[str, Meta(min_length=1, max_length=320)]


class Part(Struct, frozen=True):
    """One part of a message."""

    type: Annotated[str, Meta(min_length=1, max_length=50)]
    value: str | None = None
    attachment_id: Annotated[str, Meta(max_length=200)] | None = None
    url: Annotated[str, Meta(max_length=4000)] | None = None


class Message(Struct, frozen=True):
    """A message."""

    id: _Id
    sender_handle: Sender
    direction: str = "inbound"
    parts: Annotated[list[Part], Meta(max_length=100)] = []


class Chat(Struct, frozen=True):
    """A conversation."""

    id: _Id
    is_group: bool = False
    owner_handle: Handle | None = None


class MessageData(Struct, frozen=True):
    """The data of `message.received`."""

    chat: Chat
    message: Message


class Envelope(Struct, frozen=True):
    """A webhook in its modern form; older ones have further members beside, or lie in a `Nest`."""

    event: str
    event_id: _Id
    timestamp: Annotated[datetime, Meta(tz=True)]
    partner_id: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+\Z")]
    data: MessageData


class Outline(Struct, frozen=True):
    """As much of a webhook as says what and whose it is; each member whatever it is, or absent."""

    event: Raw | UnsetType = UNSET
    type: Raw | UnsetType = UNSET
    partner_id: Raw | UnsetType = UNSET
    payload: Raw | UnsetType = UNSET
