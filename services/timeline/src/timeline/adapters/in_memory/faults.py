"""A fault point at which a process ends as a kill would end it, within a test."""

from timeline.models import FaultPoint


class Crash(BaseException):
    """The process died: nothing catches this, nothing is tidied up."""


class CrashAt:
    """Dies the first time a point is reached."""

    def __init__(self, point: FaultPoint) -> None:
        self._point: FaultPoint | None = point

    async def reach(self, point: FaultPoint) -> None:
        """Go on, or die."""
        if point is self._point:
            self._point = None
            raise Crash(point)
