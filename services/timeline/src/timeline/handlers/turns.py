"""One holder's turn at a lane: which replies are next, what is done with, and what it leaves behind."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice

from contracts.envelope import Event, EventData
from timeline.handlers import breakers
from timeline.models import Breaker, Closing, Lane, Spent, Work


class Turn:
    """The work list in memory. In a conversation only the oldest reply may go; others wait behind it."""

    def __init__(self, lane: Lane) -> None:
        self._portal_id = lane.portal_id
        self._settled: set[str] = set()
        self._postponed: dict[str, datetime] = {}
        self._isolated: set[str] = set()
        self._begun: set[str] = set()
        self._paused_until: datetime | None = None
        self._inactive = False
        self._spent = False
        self._failures, self._openings, self._breaker = lane.failures, lane.openings, lane.breaker
        self._events: list[Event[EventData]] = []
        self._resumed_before, self._resumed = lane.resumed, lane.resumed
        self.refresh(lane)

    def refresh(self, lane: Lane) -> None:
        """Take in what was added meanwhile; where rests were ended, so is this turn's, and failures count anew."""
        if lane.resumed != self._resumed:
            self._resumed, self._paused_until, self._inactive = lane.resumed, None, False
            self._failures, self._breaker, self._events = 0, None, []
        self._version = lane.version
        left = [work for work in lane.pending if work.ticket not in self._settled]
        self._works = sorted(left, key=lambda work: (work.sent, work.received_at, work.entry_id))
        self._tickets: dict[str, list[str]] = {}
        for work in left:
            self._tickets.setdefault(work.entry_id, []).append(work.ticket)

    @property
    def resumed(self) -> bool:
        """Whether the lane's rest was ended since this turn began, as it is when the account is connected."""
        return self._resumed != self._resumed_before

    @property
    def probing(self) -> bool:
        """Whether the breaker is open: one reply may try, and no more until it succeeded."""
        return self._breaker is not None

    def is_over(self) -> bool:
        """Whether nothing more may be begun in this turn."""
        return self._spent or self._paused_until is not None

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """The next entries, oldest first, one of each conversation; one that is isolated comes alone.

        Sent messages come only when no reply is due or under way.
        """
        heads = (work for work in self._heads() if self._due_at(work, now) <= now and work.entry_id not in self._begun)
        first = next(heads, None)
        if first is None or (first.sent and self._begun):
            return ()
        if first.entry_id in self._isolated:
            return [first.entry_id]
        due = (work.entry_id for work in chain([first], heads) if work.sent == first.sent)
        return list(islice((entry_id for entry_id in due if entry_id not in self._isolated), limit))

    def begin(self, entry_ids: Iterable[str]) -> None:
        """Something is done about these: nothing else is to be, nor about their conversations, until that ended."""
        self._begun.update(entry_ids)

    def end(self, entry_ids: Iterable[str]) -> None:
        """What was done about these has ended."""
        self._begun.difference_update(entry_ids)

    def settle(self, entry_id: str) -> None:
        """This reply is done with, as far as the list goes."""
        self._settled.update(self._tickets.get(entry_id, ()))

    def postpone(self, entry_id: str, until: datetime) -> None:
        """Leave this reply, and its conversation, alone for a while."""
        self._postponed[entry_id] = until

    def isolate(self, entry_ids: Iterable[str]) -> None:
        """Something is wrong with one of these replies: take each alone, so that it is found out which."""
        self._isolated.update(entry_ids)

    def succeeded(self, now: datetime) -> None:
        """The account answers; an open breaker closes."""
        self._failures = 0
        if self._breaker is not None:
            self._events.append(breakers.closed(self._portal_id, self._breaker, now))
            self._breaker = None

    def failed(self, now: datetime, reason: str, retry_after_seconds: float | None, jitter: float) -> None:
        """A call failed: rest as long as it asks for, else longer each time; the fifth in a row opens the breaker.

        `jitter` in [0, 1) spreads accounts that failed together.
        """
        self._failures += 1
        seconds = max(retry_after_seconds or 0.0, breakers.rest_seconds(self._failures) * (1 + jitter / 4))
        self._paused_until = now + timedelta(seconds=seconds)
        if self._failures >= breakers.FAILURES and self._breaker is None:
            self._openings += 1
            self._breaker = Breaker(self._openings, now, reason)
            self._events.append(breakers.opened(self._portal_id, self._breaker, self._failures, self._paused_until))

    def rest(self, until: datetime) -> None:
        """The account wants fewer calls: that is no failure."""
        self._paused_until = until

    def wait_for_account(self, until: datetime) -> None:
        """The account is not connected: rest, and do not count as late what only waits for that."""
        self._paused_until, self._inactive = until, True

    def spend(self) -> None:
        """The lease is used up, or the process stops: begin nothing more."""
        self._spent = True

    def closing(self, now: datetime, spent: Spent) -> Closing:
        """What to leave behind."""
        left = [work for work in self._works if work.ticket not in self._settled]
        due_at = self._paused_until or min((self._due_at(work, now) for work in self._heads()), default=None)
        return Closing(
            settled=frozenset(self._settled),
            due_at=due_at if left else None,
            oldest_at=min(work.received_at for work in left) if left and not self._inactive else None,
            paused_until=self._paused_until,
            failures=self._failures,
            version=self._version,
            openings=self._openings,
            breaker=self._breaker,
            spent=spent,
            events=tuple(self._events),
            left=tuple(left),
        )

    def _due_at(self, work: Work, now: datetime) -> datetime:
        return self._postponed.get(work.entry_id, now)

    def _heads(self) -> Iterator[Work]:
        """The oldest open reply of each conversation, oldest first."""
        begun: set[str] = set()
        for work in self._works:
            if work.ticket not in self._settled and work.conversation_id not in begun:
                begun.add(work.conversation_id)
                yield work
