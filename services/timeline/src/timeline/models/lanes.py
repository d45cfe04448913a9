"""Lanes, one for each account: the work list, the lease, the breaker, the account's window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.envelope import Event, EventData


@dataclass(frozen=True, slots=True)
class Work:
    """One line of a lane's work list.

    Attributes:
        ticket: of this line alone, so that a reply that was listed again is not crossed out with its first line.
        entry_id: which reply.
        conversation_id: what must stay in order.
        received_at: its place in that order.
        sent: no reply, so it comes after all that are.
    """

    ticket: str
    entry_id: str
    conversation_id: str
    received_at: datetime
    sent: bool = False


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
        resumed: how often its rest was ended, because the account was connected or an operator said so.
    """

    portal_id: int
    fence: int
    version: int
    failures: int
    pending: tuple[Work, ...]
    openings: int = 0
    breaker: Breaker | None = None
    spent: Spent | None = None
    resumed: int = 0


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
class LaneView:
    """A lane as an operator sees it.

    Attributes:
        pending: how many lines its work list has.
        oldest_at: when the oldest of them was received.
        held: whether somebody works on it.
        paused_until: until when it rests.
        breaker: set while it is open.
    """

    pending: int = 0
    oldest_at: datetime | None = None
    held: bool = False
    paused_until: datetime | None = None
    breaker: Breaker | None = None


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
        left: the lines that are not done with, where that is known; to write few of them down is cheaper than to look
            for many that are settled.
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
    left: tuple[Work, ...] | None = None
