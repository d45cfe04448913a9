"""Which projects send so much at once that the others would wait for them."""

from collections.abc import Collection, Mapping
from typing import Final

from chassis.clock import Clock

BURST: Final = 100
"""Messages of a project that are taken in at once."""

BURST_BESIDE_OTHERS: Final = 10
"""The same of a project that sends more than all others together, while there are others: a hundred take the database
as long as a reply may take to its timeline."""

PER_SECOND: Final = 20.0
"""What a project may send on and on; more is set aside once the burst is used up. A lane writes nine calls a second."""

LATELY_SECONDS: Final = 1.0
"""For so long after its last message a project is taken to be at work."""

_MOST: Final = 0.5

LIMIT: Final = 10_000
"""How many projects are remembered before those that have been quiet are forgotten."""


class Noise:
    """A bucket for each project that fills with its messages and drains with time; those that sent last are last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def loud(self, counts: Mapping[str, int]) -> frozenset[str]:
        """Those projects whose bucket runs over with so many messages more."""
        now, total = self._clock.monotonic(), sum(counts.values())
        for chert_tenant, count in counts.items():
            level = min(self._level(chert_tenant, now) + count, 2.0 * BURST)
            self._levels.pop(chert_tenant, None)
            self._levels[chert_tenant] = (level, now)
        found = frozenset(one for one in counts if self._levels[one][0] > self._size(one, counts[one] / total))
        if len(self._levels) > LIMIT:
            self._levels = {one: level for one, level in self._levels.items() if self._level(one, now) > 0}
        return found

    def besides(self, chert_tenants: Collection[str]) -> bool:
        """Whether any project but these has sent something lately."""
        since = self._clock.monotonic() - LATELY_SECONDS
        for chert_tenant, (_, at) in reversed(self._levels.items()):
            if at <= since:
                return False
            if chert_tenant not in chert_tenants:
                return True
        return False

    def _size(self, chert_tenant: str, share: float) -> int:
        return BURST_BESIDE_OTHERS if share > _MOST and self.besides([chert_tenant]) else BURST

    def _level(self, chert_tenant: str, now: float) -> float:
        level, at = self._levels.get(chert_tenant, (0.0, now))
        return max(level - (now - at) * PER_SECOND, 0.0)
