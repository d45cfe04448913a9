"""Everything the simulated Chert knows, in memory: the truth that tests count against.

One event loop owns it; no operation here awaits, so each is atomic.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from simulators.chert.errors import ChertError, Code
from simulators.chert.idempotency import IdempotencyKeys
from simulators.chert.models import Attachment, Chat, ConsoleUser, Event, Line, Message, Send, Subscription, Tenant

NewId = Callable[[], UUID]
"""Where ids come from."""

LINES_PER_TENANT = 2
DEFAULT_USER = ConsoleUser("user-demo", "demo@chert.example", "Dana Demo")
"""Sees every tenant that was made without a user of its own."""


@dataclass(slots=True)
class State:
    """Tenants, users, conversations, sends, events and subscriptions."""

    new_id: NewId
    tenants: dict[str, Tenant] = field(default_factory=dict)
    users: dict[str, ConsoleUser] = field(default_factory=lambda: {DEFAULT_USER.email: DEFAULT_USER})
    chats: dict[str, Chat] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    sends: list[Send] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    idempotency: IdempotencyKeys = field(default_factory=IdempotencyKeys)
    _chat_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    _events_by_id: dict[str, Event] = field(default_factory=dict)
    _events_by_tenant: dict[str, list[Event]] = field(default_factory=dict)
    _lines_made: int = 0

    def clear(self) -> None:
        """Forgets everything but the platform's subscription and the default user."""
        self.tenants.clear()
        self.users = {DEFAULT_USER.email: DEFAULT_USER}
        self.chats.clear()
        self._chat_ids.clear()
        self.messages.clear()
        self.attachments.clear()
        self.sends.clear()
        self.idempotency.clear()
        self.events.clear()
        self._events_by_id.clear()
        self._events_by_tenant.clear()
        for subscription in [kept for kept in self.subscriptions.values() if kept.tenant is not None]:
            del self.subscriptions[subscription.id]

    def add_tenant(self, tenant: Tenant, *, lines: int = LINES_PER_TENANT) -> Tenant:
        """Adds a project and gives it its active lines."""
        tenant.lines.extend(self._new_line() for _ in range(lines))
        self.tenants[tenant.slug] = tenant
        return tenant

    def _new_line(self) -> Line:
        self._lines_made += 1
        return Line(id=str(self.new_id()), phone_number=f"+1628555{self._lines_made:04d}")

    def add_user(self, email: str, name: str) -> ConsoleUser:
        """Adds a console user, or returns the one who has this e-mail already."""
        return self.users.setdefault(email, ConsoleUser(str(self.new_id()), email, name))

    def tenants_of(self, user: ConsoleUser) -> list[Tenant]:
        """The tenants whose projects a console user may see."""
        shared = user == DEFAULT_USER
        return [one for one in self.tenants.values() if one.user == user.email or (shared and one.user is None)]

    def tenant(self, slug: str) -> Tenant:
        """The tenant with this slug, or 2001."""
        if slug not in self.tenants:
            raise ChertError(Code.TENANT_NOT_FOUND, "Tenant not found")
        return self.tenants[slug]

    def chat(self, tenant: Tenant, chat_id: str) -> Chat:
        """This tenant's chat with this id, or 2002."""
        chat = self.chats.get(chat_id)
        if chat is None or chat.tenant != tenant.slug:
            raise ChertError(Code.CHAT_NOT_FOUND, "Chat not found")
        return chat

    def chat_with(self, tenant: Tenant, phone: str) -> Chat | None:
        """This tenant's chat with this number, if they ever wrote to each other."""
        chat_id = self._chat_ids.get((tenant.slug, phone))
        return None if chat_id is None else self.chats[chat_id]

    def add_chat(self, tenant: Tenant, phone: str, line: Line, now: float) -> Chat:
        """Creates the lead and their empty chat, pinned to a line."""
        chat = Chat(str(self.new_id()), str(self.new_id()), tenant.slug, phone, line.id, created_at=now)
        self.chats[chat.id] = chat
        self._chat_ids[tenant.slug, phone] = chat.id
        return chat

    def message(self, tenant: Tenant, message_id: str) -> Message:
        """This tenant's message with this id, or 2003."""
        message = self.messages.get(message_id)
        if message is None or self.chats[message.chat_id].tenant != tenant.slug:
            raise ChertError(Code.MESSAGE_NOT_FOUND, "Message not found")
        return message

    def add_message(self, chat: Chat, message: Message) -> None:
        """Puts a message at the end of its chat."""
        chat.messages.append(message)
        self.messages[message.id] = message

    def attachment(self, tenant: Tenant, attachment_id: str) -> Attachment:
        """This tenant's attachment with this id, or 5001."""
        attachment = self.attachments.get(attachment_id)
        if attachment is None or attachment.tenant != tenant.slug:
            raise ChertError(Code.ATTACHMENT_NOT_FOUND, "Attachment not found")
        return attachment

    def add_event(self, event: Event) -> None:
        """Writes an event to the log."""
        self.events.append(event)
        self._events_by_id[event.id] = event
        self._events_by_id[event.event_id] = event
        self._events_by_tenant.setdefault(event.tenant, []).append(event)

    def events_of(self, tenant: Tenant) -> list[Event]:
        """This tenant's rows of the log, oldest first."""
        return self._events_by_tenant.get(tenant.slug, [])

    def event(self, any_id: str, tenant: Tenant | None = None) -> Event:
        """The event with this row id or event id, of this tenant when one is given, or 2011."""
        event = self._events_by_id.get(any_id)
        if event is None or tenant not in (None, self.tenants.get(event.tenant)):
            raise ChertError(Code.NOT_FOUND, "Event not found")
        return event

    def subscriptions_of(self, tenant: Tenant) -> list[Subscription]:
        """The subscriptions that hear this tenant: its own and the platform's."""
        return [one for one in self.subscriptions.values() if one.tenant in (None, tenant.slug)]

    def subscription(self, tenant: Tenant, subscription_id: str) -> Subscription:
        """The subscription with this id among those that hear this tenant, or 2011."""
        subscription = self.subscriptions.get(subscription_id)
        if subscription is None or subscription.tenant not in (None, tenant.slug):
            raise ChertError(Code.NOT_FOUND, "Webhook subscription not found")
        return subscription
