"""Openings of the card in memory."""

from datetime import datetime

from chassis.clock import Clock


class InMemoryCardOpenings:
    """When each account's card was last opened."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[int, datetime] = {}

    async def note(self, portal_id: int) -> None:
        """It was opened just now."""
        self._last[portal_id] = self._clock.now()

    async def last(self, portal_id: int) -> datetime | None:
        """When it was last opened; none if never."""
        return self._last.get(portal_id)
