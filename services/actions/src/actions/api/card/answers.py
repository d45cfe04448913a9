"""The card's answers as JSON."""

from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, Field

from actions.handlers.rendering import MAX_CHARACTERS
from actions.models import (
    Accepted,
    CampaignStatus,
    CardContext,
    Composer,
    SenderKind,
    ShownConversation,
    ShownMessage,
)
from chassis.tracing import current_trace_id
from contracts.messages import Source


class _Answer(BaseModel):
    ok: Literal[True] = True
    trace_id: str = Field(default_factory=current_trace_id)


class _Part(BaseModel):
    model_config = {"from_attributes": True}


class ContactView(_Part):
    """The contact; no `phone` when neither property has a usable number."""

    id: str
    name: str | None
    phone: str | None
    phone_property: str | None


class ComposerView(_Part):
    """Whether a message can be sent, and why not; `message` is for the rep."""

    can_send: bool
    error: str | None
    code: int | None
    message: str | None
    opted_out_since: AwareDatetime | None
    first_message: bool | None
    max_characters: int = MAX_CHARACTERS

    @classmethod
    def of(cls, composer: Composer) -> Self:
        """As the card reads it."""
        code, error = composer.refusal or (None, None)
        return cls(
            can_send=composer.refusal is None,
            error=error,
            code=code,
            message=composer.words,
            opted_out_since=composer.opted_out_since,
            first_message=composer.first_message,
        )


class AttachmentView(_Part):
    """A part that is no text."""

    type: str
    attachment_id: str | None
    url: str | None


class SenderView(_Part):
    """Who sent a message."""

    kind: SenderKind
    user_id: int | None
    workflow_id: int | None


class MessageView(_Part):
    """One message of the thread."""

    id: str
    direction: Literal["inbound", "outbound"]
    text: str
    at: AwareDatetime | None
    status: str | None
    delivered_at: AwareDatetime | None
    read_at: AwareDatetime | None
    attachments: list[AttachmentView]
    sender: SenderView
    client_message_id: str | None

    @classmethod
    def of(cls, shown: ShownMessage) -> Self:
        """As the card reads it."""
        message = shown.message
        return cls(
            id=message.id,
            direction="inbound" if message.inbound else "outbound",
            text=message.text,
            at=message.at,
            status=message.status,
            delivered_at=message.delivered_at,
            read_at=message.read_at,
            attachments=[AttachmentView.model_validate(attachment) for attachment in message.attachments],
            sender=SenderView.model_validate(shown.sender),
            client_message_id=shown.client_message_id,
        )


class ConversationView(_Part):
    """The thread, newest last; `available` is false when Chert could not be asked."""

    available: bool
    chat_id: str | None
    has_more: bool
    messages: list[MessageView]

    @classmethod
    def of(cls, shown: ShownConversation) -> Self:
        """As the card reads it."""
        messages = [MessageView.of(message) for message in shown.messages]
        return cls(available=shown.available, chat_id=shown.chat_id, has_more=shown.has_more, messages=messages)


class LineView(_Part):
    """A line."""

    id: str
    phone_number: str
    is_active: bool


class StatusView(_Part):
    """The lead, the line in use and what is scheduled."""

    lead_id: str | None
    phone_line: LineView | None
    next_send_at: AwareDatetime | None
    next_send_known: bool


class SettingsView(_Part):
    """The settings in force."""

    phone_line_id: str | None
    default_region: str
    auto_create_leads: bool
    auto_send_on_create: bool
    log_sent_messages: bool


class ContextAnswer(_Answer):
    """All that the card shows of a contact."""

    contact: ContactView
    composer: ComposerView
    conversation: ConversationView
    status: StatusView
    settings: SettingsView

    @classmethod
    def of(cls, context: CardContext) -> Self:
        """As the card reads it."""
        status = context.status
        return cls(
            contact=ContactView.model_validate(context.contact),
            composer=ComposerView.of(context.composer),
            conversation=ConversationView.of(context.conversation),
            status=StatusView(
                lead_id=context.conversation.chat_id,
                phone_line=None if status.phone_line is None else LineView.model_validate(status.phone_line),
                next_send_at=status.next_send_at,
                next_send_known=status.next_send_known,
            ),
            settings=SettingsView.model_validate(context.settings),
        )


class SentAnswer(_Answer):
    """Chert took the message."""

    message_id: str
    lead_id: str | None
    lead_created: bool
    phone_line_id: str | None
    duplicate: bool

    @classmethod
    def of(cls, outcome: Accepted, *, duplicate: bool) -> Self:
        """As the card reads it."""
        return cls(
            message_id=outcome.message_id,
            lead_id=outcome.lead_id,
            lead_created=outcome.lead_created,
            phone_line_id=outcome.phone_line_id,
            duplicate=duplicate,
        )


class WindowView(_Part):
    """The hours in which first messages go out."""

    start: str
    end: str


class RecentSendView(_Part):
    """One of the account's latest sends."""

    at: AwareDatetime
    source: Source
    contact_id: str
    status: Literal["sent", "refused", "waiting"]
    error: str


class CampaignAnswer(_Answer):
    """The campaign tab; where Chert does not tell, `available` is false and what it would tell is null."""

    available: bool
    template_set: bool | None = None
    sent_today: int | None = None
    daily_cap: int | None = None
    window: WindowView | None = None
    timezone: str | None = None
    auto_dial: bool | None = None
    recent: list[RecentSendView]

    @classmethod
    def of(cls, status: CampaignStatus) -> Self:
        """As the card reads it."""
        recent = [RecentSendView.model_validate(send) for send in status.recent]
        told = status.campaign
        if told is None:
            return cls(available=False, recent=recent)
        return cls(
            available=True,
            template_set=bool(told.template.strip()),
            sent_today=told.sent_today,
            daily_cap=told.daily_cap,
            window=None if told.window is None else WindowView.model_validate(told.window),
            timezone=told.timezone,
            auto_dial=told.auto_dial,
            recent=recent,
        )
