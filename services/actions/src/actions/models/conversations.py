"""What is known of conversations: which chat belongs to whom, who sent what, and who wants no messages."""

from dataclasses import dataclass
from datetime import datetime

from contracts.messages import Source


@dataclass(frozen=True, slots=True)
class NumberChat:
    """A number's conversation in a project; Chert has one for each.

    Attributes:
        chert_tenant: the project.
        number_hash: the number in E.164, as a keyed hash.
        chat_id: the conversation, which is also the lead.
        phone_line_id: the line that the last message went out from, as its send says; of what was learned, none.
    """

    chert_tenant: str
    number_hash: str
    chat_id: str
    phone_line_id: str | None = None


@dataclass(frozen=True, slots=True)
class ContactChat:
    """A contact's conversation, where it was found by another way than the number."""

    portal_id: int
    chert_tenant: str
    contact_id: str
    chat_id: str


@dataclass(frozen=True, slots=True)
class Author:
    """Who caused an outbound message.

    Attributes:
        chert_tenant: the project.
        message_id: Chert's id of the message.
        portal_id: the account that it was sent from.
        source: what asked for it.
        claim: the key of the send.
        user_id: the HubSpot user, when a person asked.
        workflow_id: the workflow, when one asked.
    """

    chert_tenant: str
    message_id: str
    portal_id: int
    source: Source
    claim: str
    user_id: int | None = None
    workflow_id: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wrote about getting messages: none any more, or again.

    Attributes:
        stop: whether they want none.
        at: when it arrived at Chert; a later wish replaces an earlier one.
        message_id: of the message that said it.
    """

    stop: bool
    at: datetime
    message_id: str
