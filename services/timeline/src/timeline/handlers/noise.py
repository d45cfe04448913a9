"""Which projects send so much at once that the others would wait for them."""

from collections.abc import Mapping
from typing import Final

from chassis.clock import Clock

BURST: Final = 100
"""Messages of a project that are taken in at once."""

PER_SECOND: Final = 20.0
"""What a project may send on and on; more is set aside once the burst is used up. A lane writes nine calls a second."""

LIMIT: Final = 10_000
"""How many projects are remembered before those that have been quiet are forgotten."""


class Noise:
    """A bucket for each project that fills with its messages and drains with time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def loud(self, counts: Mapping[str, int]) -> frozenset[str]:
        """Those projects whose bucket runs over with so many messages more."""
        now = self._clock.monotonic()
        for chert_tenant, count in counts.items():
            self._levels[chert_tenant] = (min(self._level(chert_tenant, now) + count, 2.0 * BURST), now)
        found = frozenset(one for one in counts if self._levels[one][0] > BURST)
        if len(self._levels) > LIMIT:
            self._levels = {one: level for one, level in self._levels.items() if self._level(one, now) > 0}
        return found

    def _level(self, chert_tenant: str, now: float) -> float:
        level, at = self._levels.get(chert_tenant, (0.0, now))
        return max(level - (now - at) * PER_SECOND, 0.0)
