"""Payloads on their way out, in the form that `contracts` reads: the same members under the same names.

They exist because pydantic takes several times as long to make and write one. A property test holds them to
`contracts`. Moments that come as milliseconds go out as the text that they become (`handlers.moments`).
"""

from datetime import datetime

from msgspec import Struct

from webhooks.models.chert import Part


class ContactFact(Struct, frozen=True, gc=False):
    """`contracts.contacts.ContactEvent`."""

    portal_id: int
    contact_id: str
    occurred_at: str
    change_source: str | None
    source_id: str | None


class ContactUpdatedFact(ContactFact, frozen=True, gc=False, kw_only=True):
    """`contracts.contacts.ContactUpdated`."""

    property: str


class ContactMergedFact(ContactFact, frozen=True, gc=False, kw_only=True):
    """`contracts.contacts.ContactMerged`."""

    merged_ids: list[str]


class AppUninstalledFact(Struct, frozen=True, gc=False):
    """`contracts.tenants.AppUninstalled`."""

    portal_id: int
    app_id: int | None
    occurred_at: str


class MessageReceivedFact(Struct, frozen=True):
    """`contracts.messages.MessageReceived`."""

    chert_tenant: str
    chat_id: str
    message_id: str
    event_id: str
    sender: str
    line: str | None
    is_group: bool
    parts: list[Part]
    received_at: datetime


class DeliveryRejectedFact(Struct, frozen=True):
    """`contracts.deliveries.DeliveryRejected`."""

    sender: str
    owner: str
    reason: str
    payload: str
    received_at: datetime
