"""Taking a lane with the write that gives it work: what comes alone need not wait for its lane to be taken after."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chassis.clock import Clock
from timeline.handlers.strides import Strides
from timeline.models import Lane, Work
from timeline.ports import WorkLists

FEW: Final = 3
"""How many lines make a lane be taken; where there are more, their lanes are written at once, and may get more soon."""

TURNS: Final = 20
"""While so many turns are under way, one more would have to wait, with its lane held."""

TAKEN_SECONDS: Final = 1.0
"""How soon a turn begins at a lane that was taken for it; later it is taken anew, as any other."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A lane that this process holds.

    Attributes:
        lane: as it was then.
        asked_at: the lease counts from here, on our own monotonic clock.
    """

    lane: Lane
    asked_at: float


class TakingLists:
    """Work lists; a lane at which this process can begin at once is taken as well, and a turn at it must follow."""

    def __init__(
        self,
        lists: WorkLists,
        turns: Mapping[int, Strides],
        *,
        holder: str,
        stopping: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._lists, self._turns = lists, turns
        self._holder, self._stopping, self._clock = holder, stopping, clock
        self._asking: set[int] = set()
        self._taken: dict[int, Taken] = {}

    async def add(self, works: Mapping[int, Sequence[Work]], now: datetime) -> frozenset[int]:
        """Add work by account, due at once; accounts whose list is full, and took nothing."""
        free = [portal_id for portal_id in works if portal_id not in self._turns]
        if sum(len(lines) for lines in works.values()) > FEW or len(self._turns) >= TURNS or self._stopping():
            free = []
        taken = await asyncio.gather(*(self._take(portal_id, works[portal_id], now) for portal_id in free))
        left = works.keys() - {portal_id for portal_id, done in zip(free, taken, strict=True) if done}
        return await self._lists.add({one: works[one] for one in works if one in left}, now) if left else frozenset()

    def taken(self, portal_id: int) -> Taken | None:
        """The lane, if it was taken a moment ago, for the turn that begins; it is given once."""
        self._asking.discard(portal_id)  # a lease that is answered from now on is older than that of this turn
        taken = self._taken.pop(portal_id, None)
        return None if taken is None or self._clock.monotonic() - taken.asked_at > TAKEN_SECONDS else taken

    async def _take(self, portal_id: int, works: Sequence[Work], now: datetime) -> bool:
        asked_at = self._clock.monotonic()
        self._asking.add(portal_id)
        try:
            lane = await self._lists.take(portal_id, works, self._holder, now)
            if lane is not None and portal_id in self._asking:
                self._taken[portal_id] = Taken(lane, asked_at)
        finally:
            self._asking.discard(portal_id)
        return lane is not None
