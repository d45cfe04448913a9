"""The lanes in memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from contracts.breakers import BreakerClosed
from contracts.envelope import Event
from timeline.adapters.in_memory.outbox import InMemoryOutbox
from timeline.models import Breaker, Closing, DueLane, Lane, Lease, Spent, Work

MAX_PENDING: Final = 20_000


@dataclass
class LaneRow:
    """One lane; the members mean what those of `adapters.mongo.lanes` mean."""

    pending: list[Work] = field(default_factory=list)
    holder: str | None = None
    fence: int = 0
    beat: int = 0
    version: int = 0
    failures: int = 0
    due_at: datetime | None = None
    oldest_at: datetime | None = None
    paused_until: datetime | None = None
    openings: int = 0
    breaker: Breaker | None = None
    spent: Spent | None = None
    resumed: int = 0

    def awake(self, now: datetime) -> bool:
        """Whether it may be worked on."""
        return self.paused_until is None or self.paused_until <= now

    def held_by(self, lease: Lease) -> bool:
        """Whether this lease is the one that holds it."""
        return (self.holder, self.fence) == (lease.holder, lease.fence)


class InMemoryLanes:
    """Lanes by portal id."""

    def __init__(self, outbox: InMemoryOutbox, *, max_pending: int = MAX_PENDING) -> None:
        self.lanes: dict[int, LaneRow] = {}
        self._outbox, self._max_pending = outbox, max_pending

    async def add(self, works: Mapping[int, Sequence[Work]], now: datetime) -> frozenset[int]:
        """Add work by account, due at once; accounts whose list is full, and took nothing."""
        return frozenset([portal_id for portal_id, lines in works.items() if not self._add(portal_id, lines, now)])

    async def lengths(self, portal_ids: Collection[int]) -> Mapping[int, int]:
        """How many lines the work lists of accounts have."""
        return {portal_id: len(self.lanes[portal_id].pending) for portal_id in portal_ids if portal_id in self.lanes}

    def _add(self, portal_id: int, works: Sequence[Work], now: datetime) -> bool:
        lane = self.lanes.setdefault(portal_id, LaneRow())
        if len(lane.pending) >= self._max_pending:
            return False
        oldest = min(work.received_at for work in works)
        lane.pending.extend(works)
        lane.due_at = now if lane.due_at is None else min(lane.due_at, now)
        lane.oldest_at = oldest if lane.oldest_at is None else min(lane.oldest_at, oldest)
        lane.version += 1
        return True

    async def take(self, portal_id: int, works: Sequence[Work], holder: str, now: datetime) -> Lane | None:
        """Add work to a lane that nobody holds and that does not rest, and become its holder."""
        lane = self.lanes.get(portal_id)
        if lane is None or lane.holder is not None or not lane.awake(now) or not self._add(portal_id, works, now):
            return None
        return await self.acquire(portal_id, holder, now)

    async def resume(self, portal_id: int, now: datetime, *, closed: Callable[[Breaker], Event[BreakerClosed]]) -> None:
        """End a lane's rest and close its breaker, which is told by the event made; what is on its list is due."""
        lane = self.lanes.get(portal_id)
        if lane is None or not lane.pending:
            return
        lane.paused_until, lane.due_at, lane.failures = None, now, 0
        lane.version, lane.resumed = lane.version + 1, lane.resumed + 1
        if lane.breaker is not None:
            self._outbox.put(str(portal_id), [closed(lane.breaker)])
            lane.breaker = None

    async def acquire(self, portal_id: int, holder: str, now: datetime) -> Lane | None:
        """Become the holder of a lane that nobody else holds and that does not rest."""
        lane = self.lanes.get(portal_id)
        if lane is None or lane.holder not in {None, holder} or not lane.awake(now):
            return None
        lane.holder, lane.fence, lane.beat = holder, lane.fence + 1, lane.beat + 1
        return _seen(portal_id, lane)

    async def reload(self, lease: Lease) -> Lane | None:
        """The lane as it is now; none when another holder came."""
        lane = self.lanes[lease.portal_id]
        return _seen(lease.portal_id, lane) if lane.held_by(lease) else None

    async def release(self, lease: Lease, closing: Closing) -> bool:
        """Let go; false if something was added in between, or another holder came."""
        lane = self.lanes[lease.portal_id]
        if not lane.held_by(lease) or lane.version != closing.version:
            return False
        lane.pending = [work for work in lane.pending if work.ticket not in closing.settled]
        lane.holder, lane.failures = None, closing.failures
        lane.due_at, lane.oldest_at, lane.paused_until = closing.due_at, closing.oldest_at, closing.paused_until
        lane.openings, lane.breaker, lane.spent = closing.openings, closing.breaker, closing.spent
        self._outbox.put(str(lease.portal_id), closing.events)
        return True

    async def due(self, now: datetime, limit: int) -> Sequence[DueLane]:
        """Lanes in which something is due, longest due first."""
        due = sorted(
            (lane.due_at, portal_id)
            for portal_id, lane in self.lanes.items()
            if lane.due_at is not None and lane.due_at <= now and lane.awake(now)
        )
        rows = [(portal_id, self.lanes[portal_id]) for _, portal_id in due[:limit]]
        return [DueLane(portal_id, lane.holder, lane.fence, lane.beat) for portal_id, lane in rows]

    async def break_lease(self, lane: DueLane, until: datetime) -> bool:
        """End a lease that is still as it was seen; the lane rests until then."""
        row = self.lanes[lane.portal_id]
        if (row.holder, row.fence, row.beat) != (lane.holder, lane.fence, lane.beat):
            return False
        row.holder, row.fence, row.paused_until = None, row.fence + 1, until
        return True

    async def oldest(self) -> datetime | None:
        """When the oldest reply was received that waits on a list of an active account."""
        return min((lane.oldest_at for lane in self.lanes.values() if lane.oldest_at is not None), default=None)

    async def open_breakers(self) -> int:
        """How many breakers are open."""
        return sum(lane.breaker is not None for lane in self.lanes.values())

    async def breaker(self, portal_id: int) -> Breaker | None:
        """The open breaker of an account, if it is open."""
        lane = self.lanes.get(portal_id)
        return None if lane is None else lane.breaker


def _seen(portal_id: int, lane: LaneRow) -> Lane:
    return Lane(
        portal_id,
        lane.fence,
        lane.version,
        lane.failures,
        tuple(lane.pending),
        openings=lane.openings,
        breaker=lane.breaker,
        spent=lane.spent,
        resumed=lane.resumed,
    )
