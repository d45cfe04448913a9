"""The dead-letter brake: one owner's flood is held aside, and a flood from several owners stops the process.

A bad deploy fails for everyone; it must stop, not pour the topic into the dead-letter queue.
"""

from collections import deque
from collections.abc import Callable

from chassis.clock import Clock
from chassis.inbox import Lane

WINDOW_SECONDS = 60.0
"""What "too many" and "within a minute" are counted over."""

MOST_PER_OWNER = 10
"""Dead letters of one owner on one partition within the window; the next message of theirs is held."""

MOST_OWNERS = 3
"""Owners over that limit within the window that stop the process."""


class Brake:
    """Counts dead letters of all subscriptions of a process."""

    def __init__(
        self,
        clock: Clock,
        trip: Callable[[str], None],
        *,
        most_per_owner: int = MOST_PER_OWNER,
        most_owners: int = MOST_OWNERS,
    ) -> None:
        self._clock, self._trip = clock, trip
        self._most_per_owner, self._most_owners = most_per_owner, most_owners
        self._counts: dict[tuple[str, Lane], deque[float]] = {}
        self._over: dict[str, float] = {}
        self.tripped = False

    def count(self, topic: str, lane: Lane) -> bool:
        """Count one dead letter; true when its owner has reached the limit on that partition."""
        now = self._clock.monotonic()
        self._forget(now)
        times = self._counts.setdefault((topic, lane), deque(maxlen=self._most_per_owner))
        times.append(now)
        if len(times) < self._most_per_owner:
            return False
        self._over[lane[1]] = now
        if len(self._over) >= self._most_owners and not self.tripped:
            self.tripped = True
            self._trip(f"too many dead letters of {len(self._over)} owners: {', '.join(sorted(self._over))}")
        return True

    def _forget(self, now: float) -> None:
        since = now - WINDOW_SECONDS
        for place, times in list(self._counts.items()):
            while times and times[0] <= since:
                times.popleft()
            if not times:
                del self._counts[place]
        self._over = {owner: at for owner, at in self._over.items() if at > since}
