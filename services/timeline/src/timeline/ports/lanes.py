"""Lanes: one per account, with its work list and the lease on it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from contracts.breakers import BreakerClosed
from contracts.envelope import Event
from timeline.models import (
    Breaker,
    Closing,
    DueLane,
    Lane,
    Lease,
    Work,
)


class NewWork(Protocol):
    """Where new work is put, by account."""

    async def add(self, works: Mapping[int, Sequence[Work]], now: datetime) -> frozenset[int]:
        """Add work by account, due at once; the result names accounts whose list is full and took nothing."""
        ...


class WorkLists(NewWork, Protocol):
    """The work lists of lanes, one per account."""

    async def take(self, portal_id: int, works: Sequence[Work], holder: str, now: datetime) -> Lane | None:
        """Add work to a lane and become its holder, in one write.

        None if somebody holds it, or it rests, or is full, or is none yet: then nothing was added.
        """
        ...

    async def lengths(self, portal_ids: Collection[int]) -> Mapping[int, int]:
        """How many lines the work lists of accounts have."""
        ...

    async def resume(self, portal_id: int, now: datetime, *, closed: Callable[[Breaker], Event[BreakerClosed]]) -> None:
        """End a lane's rest and close its breaker, which is told by the event made; what is on its list is due.

        Whoever holds the lane is refused when it lets go, so that no rest begins of what was known before.
        """
        ...


class Leases(Protocol):
    """The right to work on a lane."""

    async def acquire(self, portal_id: int, holder: str, now: datetime) -> Lane | None:
        """Become the holder of a lane that nobody else holds and that does not rest."""
        ...

    async def reload(self, lease: Lease) -> Lane | None:
        """The lane as it is now; none when another holder came."""
        ...

    async def release(self, lease: Lease, closing: Closing) -> bool:
        """Let go; false if something was added in between, or another holder came."""
        ...


class LaneSweep(Protocol):
    """All lanes, as someone who looks for work sees them."""

    async def due(self, now: datetime, limit: int) -> Sequence[DueLane]:
        """Lanes in which something is due, longest due first."""
        ...

    async def break_lease(self, lane: DueLane, until: datetime) -> bool:
        """End a lease that is still as it was seen; the lane rests until then. Whether that was so."""
        ...

    async def oldest(self) -> datetime | None:
        """When the oldest reply was received that waits on a list of an active account."""
        ...

    async def open_breakers(self) -> int:
        """How many breakers are open."""
        ...


class Breakers(Protocol):
    """Which accounts' lanes rest after failures."""

    async def breaker(self, portal_id: int) -> Breaker | None:
        """The open breaker of an account, if it is open."""
        ...


class LaneStore(WorkLists, Leases, LaneSweep, Breakers, Protocol):
    """The lanes, whole."""
