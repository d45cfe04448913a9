"""What the simulated Chert knows, as data: tenants and their lines, chats and messages, events and their deliveries.

Times are seconds since the Unix epoch, by the simulator's clock.
"""

from dataclasses import dataclass, field
from datetime import time
from typing import Literal

JsonObject = dict[str, object]
"""One JSON object as it travels."""

Direction = Literal["inbound", "outbound"]
DeliveryStatus = Literal["pending", "delivered", "failed", "dev_inbox"]
EnvelopeForm = Literal["modern", "older", "nested"]
"""`older` adds top-level `from`, `to`, `text`; `nested` puts the envelope under `payload`."""
SignatureForm = Literal["modern", "legacy", "legacy_chert"]
"""`t=…,v1=…`; `v1,…,…` in the same header; `v1,…,…` in `x-chert-signature`."""


@dataclass(slots=True)
class Line:
    """One sender line of a tenant."""

    id: str
    phone_number: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class SendingWindow:
    """The hours of a day in which first touches may go out, in the project's time zone; `start` before `end`."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Limits:
    """First-touch limits of a project; they bind only while `enforced`."""

    enforced: bool = False
    daily_cap: int = 100
    line_gap_seconds: int = 600
    line_daily_cap: int = 30
    timezone: str = "UTC"
    window: SendingWindow | None = None


@dataclass(slots=True)
class Tenant:
    """One Chert project with its lines and settings.

    `user` is the e-mail of the only console user who sees it, if any; `first_touches` are their times, per line id.
    """

    slug: str
    project_id: str
    name: str
    user: str | None
    lines: list[Line]
    suspended: bool = False
    campaign_template: str = ""
    auto_dial: bool = False
    limits: Limits = field(default_factory=Limits)
    first_touches: dict[str, list[float]] = field(default_factory=dict)

    def line(self, line_id: str) -> Line | None:
        """The line with this id, if it is this tenant's."""
        return next((line for line in self.lines if line.id == line_id), None)

    def line_with_number(self, phone_number: str) -> Line | None:
        """The line with this number, if it is this tenant's."""
        return next((line for line in self.lines if line.phone_number == phone_number), None)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat; its parts are the bubbles that the phone shows."""

    id: str
    chat_id: str
    direction: Direction
    parts: tuple[JsonObject, ...]
    at: float

    @property
    def text(self) -> str:
        """The text parts as one text, a blank line between bubbles."""
        return "\n\n".join(str(part["value"]) for part in self.parts if part["type"] == "text")


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a lead sent along with a message, as their phone named it."""

    id: str
    tenant: str
    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Chat:
    """A lead and the conversation with them: its id is the lead's id. `line_id` is the line the lead is pinned to."""

    id: str
    convo_id: str
    tenant: str
    phone: str
    line_id: str
    created_at: float
    name: str | None = None
    external_id: str | None = None
    next_send_at: float | None = None
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Send:
    """One message that went out: a row of the ledger."""

    message_id: str
    tenant: str
    idempotency_key: str | None
    phone: str
    body: str
    lead_id: str
    phone_line_id: str
    at: float


@dataclass(slots=True)
class Subscription:
    """Where events are delivered. `tenant` is absent on the platform's subscription, which hears all tenants."""

    id: str
    tenant: str | None
    url: str
    events: list[str]
    version: str
    secret: str
    created_at: float
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver an event; `status` is absent when no answer came."""

    at: float
    status: int | None
    duration_ms: int
    subscription_id: str
    error: str | None = None


@dataclass(slots=True)
class Delivery:
    """What became of one event at one subscription."""

    subscription_id: str
    url: str
    status: DeliveryStatus = "pending"
    attempts: list[Attempt] = field(default_factory=list)
    delivered_at: float | None = None


@dataclass(slots=True)
class Event:
    """One row of the event log, written before any delivery is tried."""

    sequence: int
    id: str
    event_id: str
    type: str
    tenant: str
    lead_id: str
    convo_id: str
    envelope: JsonObject
    envelope_form: EnvelopeForm
    signature_form: SignatureForm
    created_at: float
    deliveries: dict[str, Delivery] = field(default_factory=dict)

    @property
    def status(self) -> DeliveryStatus:
        """The state over all subscriptions: one that is pending or has failed decides."""
        states = {delivery.status for delivery in self.deliveries.values()}
        ordered: tuple[DeliveryStatus, ...] = ("pending", "failed", "delivered", "dev_inbox")
        return next((status for status in ordered if status in states), "pending")


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    """Somebody who may sign in to the console."""

    id: str
    email: str
    name: str
