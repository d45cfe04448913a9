"""Time in a fault run: jumped, sped up, and led from one of HubSpot's repeats to the next until all have ended."""

import time
from typing import Final, Protocol

from _workflow_world import Progress
from rich.console import Console

from harness.waiting import pace

TOGETHER: Final = 40
"""Repeats that are let fall due at once. A claim that a dead process left holds its call for two seconds, an account
has 20 places, and who finds none within two seconds is turned away; of thousands at once nearly all would be, again and
again."""
AFTER_SECONDS: Final = 0.01
LOOK_SECONDS: Final = 0.5
"""Between two looks at calls that are being made."""
REST_SECONDS: Final = 6.0
"""Between two jumps where nothing is planned: what is held goes on by itself, and a breaker at Chert closes."""
TOLD_SECONDS: Final = 20.0

console = Console()


class MovedClock(Protocol):
    """What has a clock: a system."""

    async def move_clock(self, *, offset_seconds: float = 0.0, speed: float = 1.0) -> None:
        """Move it."""
        ...


class Enrolled(Protocol):
    """An account with executions."""

    slug: str

    async def progress(self) -> Progress:
        """How far they are."""
        ...


class SimulatedTime:
    """The clock of services and simulators."""

    def __init__(self, system: MovedClock) -> None:
        self._system = system
        self._offset, self._speed, self._fast_since = 0.0, 1.0, 0.0

    async def jump(self, seconds: float) -> None:
        """Be so much later at once."""
        self._offset += seconds
        await self._system.move_clock(offset_seconds=self._offset)

    async def run_fast(self, speed: float) -> None:
        """Let it run so many times as fast from now on."""
        self._speed, self._fast_since = speed, time.time()
        await self._system.move_clock(offset_seconds=self._offset, speed=speed)

    async def run_as_it_does(self) -> None:
        """Let it run as it does, from where it has come to."""
        self._offset += (time.time() - self._fast_since) * (self._speed - 1)
        self._speed = 1.0
        await self._system.move_clock(offset_seconds=self._offset)

    async def until_ended(self, world: Enrolled, *, stalled_seconds: float, rest_jump: float = 0.0) -> int:
        """Return when every execution has ended, or none has for so many seconds; how many have not.

        Time moves only when no call is under way, for a call that is overtaken by its signature's window is refused;
        and only as far as the next few repeats, or by `rest_jump` seconds when none is planned.
        """
        fewest, since, told = -1, time.monotonic(), time.monotonic()
        while True:
            found = await world.progress()
            if found.left < fewest or fewest < 0:
                fewest, since = found.left, time.monotonic()
            if not found.left or time.monotonic() - since > stalled_seconds:
                return found.left
            if time.monotonic() - told > TOLD_SECONDS:
                console.print(f"{world.slug}: {found.left} have not ended", highlight=False)
                told = time.monotonic()
            await self._go_on(found, rest_jump)

    async def _go_on(self, found: Progress, rest_jump: float) -> None:
        planned = found.next_attempts[:TOGETHER]
        if not planned:
            await pace(REST_SECONDS)
            await self.jump(rest_jump)
        elif planned[0] <= found.now:
            await pace(LOOK_SECONDS)
        else:
            await self.jump(planned[-1] - found.now + AFTER_SECONDS)
