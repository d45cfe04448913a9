"""Deliveries as they come, and what became of them.

The models name only members that we read; everything else is ignored, as both senders may add to it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_EVENTS = 100
"""The most events HubSpot puts in one delivery (hubspot-contract.md, section 3.2)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request from outside.

    Attributes:
        method: HTTP method, upper case.
        url: as the sender called it: public base URL, raw path, raw query.
        headers: lower-case name to value; one that came twice is absent, so that it proves nothing.
        body: the raw bytes.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the events of a delivery, as counts.

    Attributes:
        accepted: published under their own type.
        rejected: broke their contract; published to `delivery.rejected`.
        ignored: of a type that nobody here needs.
    """

    accepted: int = 0
    rejected: int = 0
    ignored: int = 0


def _from_milliseconds(value: object) -> object:
    return datetime.fromtimestamp(value / 1000, UTC) if isinstance(value, int) else value


class _Incoming(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class HubSpotEvent(_Incoming):
    """What every event of a HubSpot delivery has (hubspot-contract.md, section 3.2)."""

    event_id: int | str = Field(alias="eventId")
    portal_id: int = Field(alias="portalId", gt=0)
    app_id: int | None = Field(default=None, alias="appId")
    occurred_at: Annotated[datetime, BeforeValidator(_from_milliseconds)] = Field(alias="occurredAt")
    subscription_type: str = Field(alias="subscriptionType", min_length=1, max_length=100)


class ChertHandle(_Incoming):
    """An address in a conversation."""

    handle: str


class ChertPart(_Incoming):
    """One part of a message."""

    type: str
    value: str | None = None
    attachment_id: str | None = None
    url: str | None = None


class ChertMessage(_Incoming):
    """A message."""

    id: str
    direction: str = "inbound"
    sender_handle: ChertHandle
    parts: tuple[ChertPart, ...] = ()


class ChertChat(_Incoming):
    """A conversation."""

    id: str
    is_group: bool = False
    owner_handle: ChertHandle | None = None


class ChertMessageData(_Incoming):
    """The data of `message.received`."""

    chat: ChertChat
    message: ChertMessage


class ChertEnvelope(_Incoming):
    """A webhook of Chert in its modern form (chert-contract.md, section 14.7)."""

    event: str = Field(min_length=1, max_length=100)
    event_id: str
    timestamp: datetime
    partner_id: str
    data: ChertMessageData
