"""What the card is told: the contact, the conversation, whether a message can be sent and why not."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from contracts.messages import Source

PhoneProperty = Literal["phone", "mobilephone"]

SenderKind = Literal["contact", "you", "colleague", "workflow", "contact_creation", "unknown"]
"""Who sent a message; `unknown` is outbound and not sent from this account."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the card, from the signed query alone.

    Attributes:
        portal_id: the account.
        user_id: the HubSpot user, where HubSpot tells.
    """

    portal_id: int
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a message that is no text."""

    type: str
    attachment_id: str | None
    url: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """A message as Chert tells it.

    Attributes:
        id: Chert's.
        inbound: whether the contact wrote it.
        text: its text parts.
        at: when it was sent or arrived.
        status: in Chert's words.
    """

    id: str
    inbound: bool
    text: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()
    at: datetime | None = None
    status: str | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChatHistory:
    """The newest messages of a chat, newest last; `has_more` says that older ones exist."""

    messages: tuple[ChatMessage, ...] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a message."""

    kind: SenderKind
    user_id: int | None = None
    workflow_id: int | None = None


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message with its sender; `client_message_id` is the card's own id of what it sent."""

    message: ChatMessage
    sender: Sender
    client_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class ShownContact:
    """The contact, and the number that messages go to, if one is usable."""

    id: str
    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    phone_property: PhoneProperty | None


@dataclass(frozen=True, slots=True)
class Composer:
    """Whether a message can be sent now, and why not.

    Attributes:
        refusal: why not; none when it can.
        words: the same for a sales rep.
        opted_out_since: when the contact said stop.
        first_message: whether this would be the first message of the chat, which must hold no link (1005); none when
            that is not known.
    """

    refusal: tuple[int, str] | None
    words: str | None
    opted_out_since: datetime | None
    first_message: bool | None


@dataclass(frozen=True, slots=True)
class ShownConversation:
    """The thread; `available` is false when Chert could not be asked."""

    available: bool
    chat_id: str | None
    messages: tuple[ShownMessage, ...] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A line that messages go out from."""

    id: str
    phone_number: str = field(repr=False)
    is_active: bool


@dataclass(frozen=True, slots=True)
class ShownStatus:
    """The line in use and what is scheduled; `next_send_known` is false where Chert does not tell."""

    phone_line: PhoneLine | None
    next_send_at: datetime | None
    next_send_known: bool


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """The account's settings that a rep may see."""

    phone_line_id: str | None
    default_region: str
    auto_create_leads: bool
    auto_send_on_create: bool
    log_sent_messages: bool


@dataclass(frozen=True, slots=True)
class CardContext:
    """All that the card shows of a contact."""

    contact: ShownContact
    composer: Composer
    conversation: ShownConversation
    status: ShownStatus
    settings: ShownSettings


@dataclass(frozen=True, slots=True)
class Window:
    """The hours in which first messages go out, `09:00` to `17:00` in the project's time zone."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """What Chert tells about a project's campaign, where it does."""

    template: str = field(repr=False)
    sent_today: int
    daily_cap: int | None
    window: Window | None
    timezone: str
    auto_dial: bool


@dataclass(frozen=True, slots=True)
class RecentSend:
    """One send of this account; `error` says for a rep why it was refused."""

    at: datetime
    source: Source
    contact_id: str
    status: Literal["sent", "refused", "waiting"]
    error: str


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """The campaign tab; no `campaign` where Chert does not tell."""

    campaign: Campaign | None
    recent: tuple[RecentSend, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMessage:
    """What a rep wants sent.

    Attributes:
        contact_id: the record, by the card's word alone: it must exist in the account.
        text: as typed.
        client_message_id: the card's own id; the same one is sent once.
    """

    contact_id: str
    text: str = field(repr=False)
    client_message_id: str
