"""Places where tests make a process die."""

from typing import Protocol

from actions.models import FaultPoint


class FaultPoints(Protocol):
    """Places where tests make a process die."""

    async def reach(self, point: FaultPoint) -> None:
        """Go on, or never return."""
        ...
