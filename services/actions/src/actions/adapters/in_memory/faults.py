"""Planned errors at named points."""

import asyncio


class Faults:
    """Raises a planned error once, when its point is reached: `before open`, `after open`, and so on."""

    def __init__(self) -> None:
        self._planned: dict[str, Exception] = {}

    def plan(self, point: str, error: Exception) -> None:
        """Raise this error the next time that the point is reached."""
        self._planned[point] = error

    async def reach(self, point: str) -> None:
        """Let others run, as a real call would, and raise what is planned here.

        Raises:
            Exception: as planned.
        """
        await asyncio.sleep(0)
        error = self._planned.pop(point, None)
        if error is not None:
            raise error
