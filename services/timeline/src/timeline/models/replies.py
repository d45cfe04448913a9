"""Replies on their way to a timeline: as they were received, and as entries, one for each account."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from contracts.envelope import Event, EventData
from contracts.messages import MessageReceived
from timeline.models.lanes import Work


@dataclass(frozen=True, slots=True)
class Conversation:
    """A Chert conversation as one HubSpot account sees it."""

    portal_id: int
    chert_tenant: str
    chat_id: str

    @property
    def id(self) -> str:
        """Key of its link and of what is unmatched in it."""
        return f"{self.portal_id}:{self.chert_tenant}:{self.chat_id}"


@dataclass(frozen=True, slots=True, order=True)
class SentTrace:
    """A send whose trace is exported.

    Attributes:
        at: when it was sent.
        traceparent: the work that sent it.
    """

    at: datetime
    traceparent: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a conversation before a message of it is given to accounts.

    Attributes:
        begun: whether the account has sent something in it.
        erased_at: when its contact was deleted for privacy; what came before must not be kept.
        traced: the newest send in it whose trace is exported.
        contact_id: whose it is, if that is known.
    """

    begun: bool = False
    erased_at: datetime | None = None
    traced: SentTrace | None = None
    contact_id: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """One inbound message as it lies in the inbox, until it is assigned to accounts."""

    message: MessageReceived
    traceparent: str | None = None

    @property
    def id(self) -> str:
        """Key of the inbox (`architecture.md`, rule 2)."""
        return f"{self.message.chert_tenant}:{self.message.message_id}"

    @property
    def chert_tenant(self) -> str:
        """The project it came to."""
        return self.message.chert_tenant

    @property
    def trace_id(self) -> str | None:
        """The trace that brought it."""
        return None if self.traceparent is None else self.traceparent.split("-")[1]

    @property
    def names(self) -> tuple[str, ...]:
        """Its event, its conversation and its trace, by which operators find it."""
        return tuple(filter(None, (self.message.event_id, self.message.chat_id, self.trace_id)))


@dataclass(frozen=True, slots=True)
class Placed:
    """A received message as the inbox keeps it, with what became of it so far.

    Attributes:
        received: the message.
        portals: the accounts whose entries have the content from here on.
        waits_for: without accounts, the Chert tenant that it waits for; else it waits to be assigned.
        erased: whether its sender was to be forgotten before it came.
    """

    received: Received
    portals: tuple[int, ...] = ()
    waits_for: str | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that is about to begin; as long as it stands, nobody knows whether it happened.

    Attributes:
        fence: of the lease under which it began.
        at: when it was noted down.
        contact_id: where the write went.
    """

    fence: int
    at: datetime
    contact_id: str


@dataclass(frozen=True, slots=True)
class Intention:
    """An intent of one entry, as it is noted down.

    Attributes:
        entry_id: whose.
        intent: what is about to begin.
    """

    entry_id: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An intent that certainly came to nothing.

    Attributes:
        entry_id: whose.
        fence: under which it was noted down.
        gone: a contact that does not exist any more.
        unsent: no write was begun after all, so it was no attempt either.
    """

    entry_id: str
    fence: int
    gone: str | None = None
    unsent: bool = False


@dataclass(frozen=True, slots=True)
class Announced:
    """An entry right after an intent was noted down: whether it may still be written, and who else has been there."""

    open: bool
    fences: frozenset[int]


EntryState = Literal["pending", "unmatched", "recorded", "failed", "superseded", "erased", "expired"]
"""`pending` and `unmatched` may still reach the timeline; the others are final, but for a merge of contacts."""

OPEN_STATES: Final[frozenset[EntryState]] = frozenset({"pending", "unmatched"})
"""Those of entries that may still reach the timeline."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One reply for one account.

    Attributes:
        portal_id: the account.
        project_id: the Chert project that the account was bound to when the reply was assigned.
        generation: the install that the work started under.
        message: the content.
        traceparent: the trace that brought it.
        state: how far it is.
        intents: writes whose end is not known.
        gone: contacts that turned out not to exist any more.
        attempts: how many writes were begun.
        looks: how many looks for it were begun, one after the other, of which none came to an end.
        due_at: not to be touched before.
        communication_id: HubSpot's record of it.
        sent_to: the contact, when this is no reply but a message that was sent.
        linked_to: the contact that its conversation was linked to a moment ago, if anybody looked; never kept.
    """

    portal_id: int
    project_id: str
    generation: int
    message: MessageReceived = field(repr=False)
    traceparent: str | None = None
    state: EntryState = "pending"
    intents: tuple[Intent, ...] = ()
    gone: tuple[str, ...] = ()
    attempts: int = 0
    looks: int = 0
    due_at: datetime | None = None
    communication_id: str | None = None
    sent_to: str | None = None
    linked_to: str | None = None

    @property
    def id(self) -> str:
        """Its key (`architecture.md`, rule 2)."""
        return f"{self.portal_id}:{self.message.chert_tenant}:{self.message.message_id}"

    @property
    def row_id(self) -> str:
        """Key of its message in the inbox."""
        return f"{self.message.chert_tenant}:{self.message.message_id}"

    @property
    def conversation(self) -> Conversation:
        """The conversation it belongs to."""
        return Conversation(self.portal_id, self.message.chert_tenant, self.message.chat_id)

    @property
    def open(self) -> bool:
        """Whether it may still reach the timeline."""
        return self.state in OPEN_STATES

    def work(self, ticket: str) -> Work:
        """Its line in a work list."""
        if self.sent_to is None:
            return Work(ticket, self.id, self.conversation.id, self.message.received_at)
        return Work(ticket, self.id, f"{self.conversation.id}:sent", self.message.received_at, sent=True)


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as it is shown to people: with what was made of it.

    Attributes:
        entry: the reply.
        at: when it was given to the account.
        contact_id: on whose timeline it is, or was to be.
        reason: why it is not there.
        settled_at: when it ended, or began to wait for a contact.
        adopted: whether HubSpot's record was found after an unknown end.
    """

    entry: Entry
    at: datetime
    contact_id: str | None = None
    reason: str | None = None
    settled_at: datetime | None = None
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Leaving:
    """What of an account is forgotten next.

    Attributes:
        entries: its replies, and on whose timeline each is.
        links: its conversations, and whose they are.
        elsewhere: the inbox keys of those messages that another account has, too.
    """

    entries: Sequence[tuple[Entry, str | None]] = ()
    links: Sequence[tuple[Conversation, str]] = ()
    elsewhere: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an entry ended, or that it waits for a contact; told to the world in the same write.

    Attributes:
        state: what it is from now on.
        at: when.
        contact_id: on whose timeline it is.
        communication_id: HubSpot's record of it.
        adopted: whether the record was found after an unknown end, not answered by the write itself.
        reason: why it is not on a timeline, fit for a log.
        words: HubSpot's own words about it, never logged.
        events: what the world is told.
    """

    state: EntryState
    at: datetime
    contact_id: str | None = None
    communication_id: str | None = None
    adopted: bool = False
    reason: str | None = None
    words: str = field(default="", repr=False)
    events: Sequence[Event[EventData]] = ()


ERASED: Final = "erased"
"""The sender of a message whose sender is to be forgotten."""


def erased(received: Received) -> Received:
    """A received message whose sender is to be forgotten."""
    return replace(received, message=without_content(received.message))


def without_content(message: MessageReceived) -> MessageReceived:
    """What may be kept of a message whose sender is to be forgotten: its ids and when it came."""
    return message.model_copy(update={"sender": ERASED, "line": None, "parts": ()})
