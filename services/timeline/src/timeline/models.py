"""Replies on their way to a timeline, and the lanes that take them there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from contracts.envelope import Event, EventData
from contracts.messages import MessageReceived

MAX_BATCH: Final = 100
"""The most inputs HubSpot takes in one batch (hubspot-contract.md, section 5.2)."""


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


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a conversation before a message of it is given to accounts.

    Attributes:
        begun: whether the account has sent something in it.
        erased_at: when its contact was deleted for privacy; what came before must not be kept.
    """

    begun: bool = False
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """An account whose unmatched replies are to be tried again, for its contacts changed; the last time at `until`."""

    portal_id: int
    due_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """One inbound message as it lies in the inbox, until it is assigned to accounts."""

    message: MessageReceived
    traceparent: str | None = None

    @property
    def id(self) -> str:
        """Key of the inbox (`architecture.md`, rule 2)."""
        return f"{self.message.chert_tenant}:{self.message.message_id}"


@dataclass(frozen=True, slots=True)
class Work:
    """One line of a lane's work list.

    Attributes:
        ticket: of this line alone, so that a reply that was listed again is not crossed out with its first line.
        entry_id: which reply.
        conversation_id: what must stay in order.
        received_at: its place in that order.
    """

    ticket: str
    entry_id: str
    conversation_id: str
    received_at: datetime


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
        instead_of: fences of earlier intents that were looked for and came to nothing.
    """

    entry_id: str
    intent: Intent
    instead_of: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An intent that certainly came to nothing; `gone` names a contact that does not exist any more."""

    entry_id: str
    fence: int
    gone: str | None = None


EntryState = Literal["pending", "unmatched", "recorded", "failed", "superseded", "erased"]
"""`pending` and `unmatched` may still reach the timeline; the others are final, but for a merge of contacts."""


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
        due_at: not to be touched before.
        communication_id: HubSpot's record of it.
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
    due_at: datetime | None = None
    communication_id: str | None = None

    @property
    def id(self) -> str:
        """Its key (`architecture.md`, rule 2)."""
        return f"{self.portal_id}:{self.message.chert_tenant}:{self.message.message_id}"

    @property
    def conversation(self) -> Conversation:
        """The conversation it belongs to."""
        return Conversation(self.portal_id, self.message.chert_tenant, self.message.chat_id)

    @property
    def open(self) -> bool:
        """Whether it may still reach the timeline."""
        return self.state in {"pending", "unmatched"}

    def work(self, ticket: str) -> Work:
        """Its line in a work list."""
        return Work(ticket, self.id, self.conversation.id, self.message.received_at)


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as it is shown to people: with what was made of it.

    Attributes:
        entry: the reply.
        at: when it was given to the account.
        contact_id: on whose timeline it is, or was to be.
        reason: why it is not there.
    """

    entry: Entry
    at: datetime
    contact_id: str | None = None
    reason: str | None = None


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


@dataclass(frozen=True, slots=True)
class Breaker:
    """Open: the account's calls failed too often in a row.

    Attributes:
        opening: counts the openings of this lane's breaker from 1.
        opened_at: when.
        reason: what the last call ended with, fit for a log.
    """

    opening: int
    opened_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Spent:
    """How much of an account's rolling window was used when a lane was let go, and by whom."""

    holder: str
    calls: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Lane:
    """What a holder sees of its lane: the fence of the lease and the work.

    Attributes:
        fence: grows with every holder.
        version: changes whenever work is added.
        failures: calls for this account that failed one after the other.
        pending: the work list, in no order.
        openings: how often its breaker has opened.
        breaker: set while it is open.
        spent: what the last holder left of the account's window; none if it never let go.
    """

    portal_id: int
    fence: int
    version: int
    failures: int
    pending: tuple[Work, ...]
    openings: int = 0
    breaker: Breaker | None = None
    spent: Spent | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a lane, until a moment on the holder's own monotonic clock (`architecture.md`, rule 9)."""

    portal_id: int
    holder: str
    fence: int
    until: float


@dataclass(frozen=True, slots=True)
class DueLane:
    """A lane in which something is due, and the sign of life of whoever holds it."""

    portal_id: int
    holder: str | None
    fence: int
    beat: int


@dataclass(frozen=True, slots=True)
class Closing:
    """What a holder leaves behind when it lets go of a lane.

    Attributes:
        settled: tickets of lines that are done with.
        due_at: when the next line is due; none when nothing is left.
        oldest_at: when the oldest line left was received; none also when the lane waits for its account.
        paused_until: the whole lane rests until then.
        failures: calls that failed one after the other.
        version: let go only if nothing was added since this version.
        openings: how often the breaker has opened.
        breaker: set while it is open.
        spent: how much of the account's window is used.
        events: what the world is told of the breaker, in the same write.
    """

    settled: frozenset[str]
    due_at: datetime | None
    oldest_at: datetime | None
    paused_until: datetime | None
    failures: int
    version: int
    openings: int = 0
    breaker: Breaker | None = None
    spent: Spent | None = None
    events: Sequence[Event[EventData]] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that a search found, with its numbers as they are written there."""

    contact_id: str
    numbers: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for phone numbers found; `whole` unless there is more than one answer can carry."""

    candidates: Sequence[Candidate]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """A reply as it goes to HubSpot: rich text, already escaped, and its place on the contact's timeline."""

    contact_id: str
    body: str = field(repr=False)
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """A communication as HubSpot has it; `body` may have been rewritten."""

    id: str
    body: str = field(repr=False)
    timestamp: datetime | None


class FaultPoint(StrEnum):
    """Places where a crash hurts most, by name."""

    AFTER_INBOX_INSERT = "after_inbox_insert_before_commit"
    AFTER_ENTRIES = "after_entries_before_list"
    AFTER_LIST = "after_list_before_commit"
    AFTER_INTENT = "after_intent_before_write"
    AFTER_WRITE = "after_write_before_record"
    AFTER_OWN = "after_own_before_record"
    AFTER_RECORD = "after_record"


def without_content(message: MessageReceived) -> MessageReceived:
    """What may be kept of a message whose sender is to be forgotten: its ids and when it came."""
    return message.model_copy(update={"sender": "erased", "line": None, "parts": ()})
