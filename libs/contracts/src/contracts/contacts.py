"""Contacts of connected accounts: what HubSpot says happened to one, and never what it holds.

A consumer that needs a number or a name reads the contact from HubSpot, so that it acts on what is true then, not on
what a webhook said some time ago (hubspot-contract.md, section 3.2: unordered, at least once).
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from contracts.envelope import EventData
from contracts.tenants import PortalId

ContactId = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[0-9]+$")]
"""HubSpot's record id of a contact, as its API writes it."""

PhoneProperty = Literal["phone", "mobilephone"]
"""The properties in which a contact's number may stand."""


class ContactEvent(EventData):
    """What every event about a contact says.

    Attributes:
        portal_id: the account.
        contact_id: the contact; after a merge, the one that lives on.
        occurred_at: when it happened at HubSpot.
        change_source: what did it, in HubSpot's words (`CRM_UI`, `IMPORT`, `INTEGRATION`, `API`, …).
        source_id: which one of those, in HubSpot's words (`userId:42`, an app's id, …).
    """

    portal_id: PortalId = Field(gt=0)
    contact_id: ContactId
    occurred_at: datetime
    change_source: str | None = Field(default=None, max_length=100)
    source_id: str | None = Field(default=None, max_length=200)


class ContactCreated(ContactEvent):
    """A contact was created; it happens once to each, so its event id names account and contact alone."""


class ContactUpdated(ContactEvent):
    """One of a contact's numbers changed.

    Attributes:
        property: which one; what it holds now is read from HubSpot.
    """

    property: PhoneProperty


class ContactDeleted(ContactEvent):
    """A contact was put in the recycle bin; it may come back as `contact.restored`."""


class ContactMerged(ContactEvent):
    """Contacts became one.

    Attributes:
        merged_ids: the contacts that `contact_id` replaces; never itself.
    """

    merged_ids: tuple[ContactId, ...] = Field(min_length=1, max_length=250)


class ContactRestored(ContactEvent):
    """A deleted contact is back."""


class ContactErased(ContactEvent):
    """A contact was deleted for privacy (`contact.privacyDeletion`): what we keep of its content must go.

    HubSpot tells the same as a deletion too, so `contact.deleted` comes besides, before or after.
    """
