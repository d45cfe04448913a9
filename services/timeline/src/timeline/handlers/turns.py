"""One holder's turn at a lane: which reply is next, what is done with, and what it leaves behind."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from timeline.models import Closing, Lane, Work

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 60.0
"""A failing account is tried again after 0.5, 1, 2 … 60 seconds."""


class Turn:
    """The work list in memory. In a conversation only the oldest reply may go; others wait behind it."""

    def __init__(self, lane: Lane) -> None:
        self._settled: set[str] = set()
        self._postponed: dict[str, datetime] = {}
        self._paused_until: datetime | None = None
        self._inactive = False
        self._spent = False
        self._failures = lane.failures
        self.refresh(lane)

    def refresh(self, lane: Lane) -> None:
        """Take in what was added meanwhile."""
        self._version = lane.version
        self._works = sorted(lane.pending, key=lambda work: (work.received_at, work.entry_id))

    def is_over(self) -> bool:
        """Whether nothing more may be begun in this turn."""
        return self._spent or self._paused_until is not None

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """The next entries, oldest first, one of each conversation."""
        due = [work.entry_id for work in self._heads() if self._due_at(work, now) <= now]
        return due[:limit]

    def settle(self, entry_id: str) -> None:
        """This reply is done with, as far as the list goes."""
        self._settled.update(work.ticket for work in self._works if work.entry_id == entry_id)

    def postpone(self, entry_id: str, until: datetime) -> None:
        """Leave this reply, and its conversation, alone for a while."""
        self._postponed[entry_id] = until

    def succeeded(self) -> None:
        """The account answers."""
        self._failures = 0

    def failed(self, now: datetime, retry_after_seconds: float | None, jitter: float) -> None:
        """The account does not answer as it should: rest as long as it asks for, else longer each time.

        `jitter` in [0, 1) spreads accounts that failed together.
        """
        self._failures += 1
        pause = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures - 1, 10), _LONGEST_PAUSE_SECONDS)
        seconds = max(retry_after_seconds or 0.0, pause * (1 + jitter / 4))
        self._paused_until = now + timedelta(seconds=seconds)

    def wait_for_account(self, until: datetime) -> None:
        """The account is not connected: rest, and do not count as late what only waits for that."""
        self._paused_until, self._inactive = until, True

    def spend(self) -> None:
        """The lease is used up, or the process stops: begin nothing more."""
        self._spent = True

    def closing(self, now: datetime) -> Closing:
        """What to leave behind."""
        left = [work for work in self._works if work.ticket not in self._settled]
        due_at = self._paused_until or min((self._due_at(work, now) for work in self._heads()), default=None)
        return Closing(
            settled=frozenset(self._settled),
            due_at=due_at if left else None,
            oldest_at=left[0].received_at if left and not self._inactive else None,
            paused_until=self._paused_until,
            failures=self._failures,
            version=self._version,
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
