"""Messages: received, sent, refused, and recorded on a contact's timeline."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.envelope import EventData
from contracts.tenants import PortalId

Source = Literal["workflow", "card", "contact_creation"]
"""What asked for a send."""

_Slug = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")
_Id = Field(min_length=1, max_length=200)


class MessagePart(EventData):
    """One part of an iMessage (chert-contract.md, section 14.3); which members are set depends on the type.

    Attributes:
        type: `text`, `media`, `rich_link`, or a type Chert adds later.
        value: the text of a text part.
        attachment_id: Chert's id of a media part's content.
        url: the address of a link part.
    """

    type: str = Field(min_length=1, max_length=50)
    value: str | None = None
    attachment_id: str | None = Field(default=None, max_length=200)
    url: str | None = Field(default=None, max_length=4000)


class MessageReceived(EventData):
    """One inbound iMessage.

    Attributes:
        chert_tenant: the slug of the project it came to.
        chat_id: the conversation, which is also Chert's lead id.
        message_id: Chert's id of the message.
        event_id: Chert's id of the delivery's event.
        sender: handle of the sender, a phone number in E.164 or an e-mail address.
        line: handle of our own line that got it.
        is_group: whether the conversation has more than one other person.
        parts: the content, in order.
        received_at: when it arrived at Chert.
    """

    chert_tenant: str = _Slug
    chat_id: str = _Id
    message_id: str = _Id
    event_id: str = _Id
    sender: str = Field(min_length=1, max_length=320)
    line: str | None = Field(default=None, max_length=320)
    is_group: bool = False
    parts: tuple[MessagePart, ...] = Field(max_length=100)
    received_at: datetime


class SendOutcome(EventData):
    """What an accepted and a refused send have in common.

    Attributes:
        portal_id: the account it was asked for.
        chert_tenant: the slug of the project bound to the account then.
        generation: the install that the work started under.
        contact_id: the HubSpot contact.
        source: what asked for it.
        claim: the key that makes it once (`architecture.md`, rule 2).
        workflow_id: the workflow, when one asked.
        user_id: the HubSpot user, when a person asked.
        at: when the answer was known.
    """

    portal_id: PortalId = Field(gt=0)
    chert_tenant: str = _Slug
    generation: int = Field(ge=1)
    contact_id: str = _Id
    source: Source
    claim: str = Field(min_length=1, max_length=500)
    workflow_id: int | None = None
    user_id: int | None = None
    at: datetime


class MessageSent(SendOutcome):
    """Chert accepted a message.

    Attributes:
        phone: the recipient, in E.164.
        body: the text as sent.
        message_id: Chert's id of the message.
        chat_id: the conversation, which is also the lead.
        lead_created: whether this send created the lead.
        phone_line_id: the line that sent it.
    """

    phone: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$")
    body: str
    message_id: str = _Id
    chat_id: str = _Id
    lead_created: bool
    phone_line_id: str | None = Field(default=None, max_length=100)


class MessageRefused(SendOutcome):
    """A message was refused for good.

    Attributes:
        code: number in the registry of chert-contract.md section 13.3.
        error: the stable words that HubSpot shows.
    """

    code: int
    error: str = Field(min_length=1, max_length=500)


class ReplyRecorded(EventData):
    """A reply is on a contact's timeline."""

    portal_id: PortalId = Field(gt=0)
    chert_tenant: str = _Slug
    chat_id: str = _Id
    message_id: str = _Id
    contact_id: str = _Id
    communication_id: str = _Id
    recorded_at: datetime


class ContactLinked(EventData):
    """A conversation belongs to a contact."""

    portal_id: PortalId = Field(gt=0)
    chert_tenant: str = _Slug
    chat_id: str = _Id
    contact_id: str = _Id
    linked_at: datetime
