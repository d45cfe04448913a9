"""Leases on lanes: how long one is good, and when another process may end it (`architecture.md`, rule 9).

A lease is never renewed. Its holder begins outside calls only while a whole call fits into what is left, then lets go
and may take the lane again, so a holder that hangs, or was stopped and woken, has nothing left to write with.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from timeline.errors import LeaseSpentError
from timeline.models import DueLane, Lease
from timeline.ports import LaneSweep

LOG = get_log()

LEASE_SECONDS: Final = 15.0
"""How long a holder is trusted to be alive without a new sign of life."""

CALL_SECONDS: Final = 10.0
"""The whole budget of one outside call; what is left of a lease after it, 5 s, is the time to begin calls in."""

_LIMIT: Final = 1_000
"""How many lanes are looked at in one sweep."""


def require_call_time(lease: Lease, clock: Clock) -> None:
    """Return if a whole outside call ends before the lease does.

    Raises:
        LeaseSpentError: it might not.
    """
    if clock.monotonic() + CALL_SECONDS > lease.until:
        raise LeaseSpentError("no time for a call")


def require_lease(lease: Lease, clock: Clock) -> None:
    """Return if the lease still holds.

    Raises:
        LeaseSpentError: somebody else may have the lane by now.
    """
    if clock.monotonic() >= lease.until:
        raise LeaseSpentError("over")


class LaneFinder:
    """Finds lanes to work on: those that nobody holds, and those whose holder has died."""

    def __init__(self, lanes: LaneSweep, *, holder: str, clock: Clock) -> None:
        self._lanes, self._holder, self._clock = lanes, holder, clock
        self._seen: dict[int, tuple[int, int, float]] = {}

    async def find(self, running: Collection[int]) -> Sequence[int]:
        """Accounts whose lane can be worked on now, longest due first.

        `running` names the lanes that this very process works on; one that it holds and does not run is free: the
        run that took it has ended.
        """
        due = await self._lanes.due(self._clock.now(), _LIMIT)
        free = {None, self._holder}
        await self._end_leases_of_the_dead([lane for lane in due if lane.holder not in free])
        return [lane.portal_id for lane in due if lane.holder in free and lane.portal_id not in running]

    async def _end_leases_of_the_dead(self, held: Sequence[DueLane]) -> None:
        """Free lanes without a sign of life; they rest until a call that their holder had begun is over."""
        now = self._clock.monotonic()
        seen, self._seen = self._seen, {}
        for lane in held:
            fence, beat, since = seen.get(lane.portal_id, (lane.fence, lane.beat, now))
            if (fence, beat) != (lane.fence, lane.beat):
                since = now
            self._seen[lane.portal_id] = (lane.fence, lane.beat, since)
            if now - since >= LEASE_SECONDS:
                await self._end(lane)

    async def _end(self, lane: DueLane) -> None:
        ended = await self._lanes.break_lease(lane, self._clock.now() + timedelta(seconds=CALL_SECONDS))
        if ended:
            LOG.warning("lane.taken", portal_id=lane.portal_id, fence=lane.fence)
