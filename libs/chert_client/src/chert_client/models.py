"""What goes to Chert and what comes back; members that nobody asked for are ignored.

Texts, numbers and names of people stay out of every representation.
Sources: chert-contract.md sections 14.2, 14.4, 14.5 and 14.8.
"""

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import AliasPath, Field, JsonValue, SecretStr

from chert_client.answers import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """One text to one phone; the same message with the same key is sent once, however often it is asked for.

    `phone` is in E.164; `external_id` is the caller's own id of the person.
    """

    phone: str = field(repr=False)
    body: str = field(repr=False)
    idempotency_key: str
    name: str | None = field(default=None, repr=False)
    external_id: str | None = None
    phone_line_id: str | None = None


class SentMessage(Result):
    """A send that Chert accepted; `lead_id` is the chat's id on the chat routes."""

    status: str
    message_id: str = Field(min_length=1)
    lead_id: str | None = None
    lead_created: bool = False
    convo_id: str | None = None
    phone_line_id: str | None = None


class PhoneLine(Result):
    """A line that the tenant can send from."""

    id: str
    phone_number: str = Field(repr=False)
    service: str | None = None
    is_active: bool = False
    capabilities: tuple[str, ...] = ()


class MessagePart(Result):
    """A piece of a message: `text` with a value, `media` with an attachment, `rich_link` with a URL."""

    type: str
    value: str | None = Field(default=None, repr=False)
    attachment_id: str | None = None
    url: str | None = Field(default=None, repr=False)


class ChatMessage(Result):
    """A message in a chat, in either direction."""

    id: str
    chat_id: str | None = None
    direction: str | None = None
    status: str | None = None
    parts: tuple[MessagePart, ...] = ()
    created_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None

    @property
    def text(self) -> str:
        """The text parts, one a line."""
        return "\n".join(part.value for part in self.parts if part.type == "text" and part.value is not None)


class ChatHistory(Result):
    """The newest 200 messages of a chat, oldest first; there is no way to older ones."""

    messages: tuple[ChatMessage, ...]
    has_more: bool = False


class Event(Result):
    """A row of Chert's event log: what happened, as it was or will be delivered to a webhook."""

    id: str
    type: str | None = None
    event_id: str | None = None
    lead_id: str | None = None
    convo_id: str | None = None
    payload: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    delivery_status: str | None = Field(default=None, validation_alias=AliasPath("delivery", "status"))
    created_at: datetime | None = None


class EventPage(Result):
    """A page of the event log; without `next_cursor` it is the last."""

    events: tuple[Event, ...]
    next_cursor: str | None = None


class WebhookSubscription(Result):
    """Where Chert delivers events to; without `events` all of them. Its secret is never read."""

    id: str
    url: str
    events: tuple[str, ...] = ()
    is_active: bool = False


class WebhookSubscriptions(Result):
    """The subscriptions that hear a tenant, the platform's own among them."""

    subscriptions: tuple[WebhookSubscription, ...]


class NewWebhookSubscription(WebhookSubscription):
    """A subscription as it was just made, with the secret that is told this once (section 14.6)."""

    secret: SecretStr


class CreatedSubscription(Result):
    """The answer to a creation."""

    subscription: NewWebhookSubscription


class ChangedSubscription(Result):
    """The answer to a change."""

    subscription: WebhookSubscription


class PhoneLines(Result):
    """The tenant's lines."""

    phone_numbers: tuple[PhoneLine, ...]
