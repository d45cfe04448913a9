"""The simulator's time: real, or bent by a clock file, or moved by hand in tests.

The file holds `{"offset_seconds", "speed", "since"}` and may change at any moment;
now = since + (real - since) * speed + offset, all in seconds of Unix time.
"""

import asyncio
import heapq
import itertools
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# How often the file is looked at again while somebody waits, in real seconds.
WATCH_STEP_SECONDS = 0.05


class Clock(Protocol):
    """What tells the time and waits for a moment of it."""

    def now(self) -> float:
        """Seconds of Unix time."""
        ...

    async def wait_until(self, moment: float) -> None:
        """Return when the clock shows `moment` (Unix seconds) or later."""
        ...


class Alarms:
    """Those who wait for a moment, earliest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, moment: float) -> asyncio.Future[None]:
        """A future that `ring` completes once `moment` has come."""
        alarm = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (moment, next(self._order), alarm))
        return alarm

    def ring(self, now: float) -> None:
        """Wake everyone whose moment is not after `now`."""
        while self._heap and self._heap[0][0] <= now:
            _, _, alarm = heapq.heappop(self._heap)
            if not alarm.done():
                alarm.set_result(None)


@dataclass(frozen=True, slots=True)
class Bend:
    """How simulated time departs from real time."""

    offset_seconds: float = 0.0
    speed: float = 1.0
    since: float = 0.0

    def apply(self, real: float) -> float:
        """The simulated moment at the real moment `real`."""
        return self.since + (real - self.since) * self.speed + self.offset_seconds


class FileClock:
    """Real time bent by a file; without a file, plain real time.

    One task watches for all who wait, so ten thousand waiting retries cost one look at the file each step.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._bend = Bend()
        self._seen: tuple[int, int] | None = None
        self._alarms = Alarms()
        self._watcher: asyncio.Task[None] | None = None

    def now(self) -> float:
        """Seconds of Unix time, bent as the file says at this moment."""
        self._look()
        return self._bend.apply(time.time())

    async def wait_until(self, moment: float) -> None:
        """Return when the clock shows `moment`; a jump in the file ends or prolongs the wait."""
        if self.now() >= moment:
            return
        alarm = self._alarms.add(moment)
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch(), name="clock file watcher")
        await alarm

    async def _watch(self) -> None:
        while len(self._alarms):
            await asyncio.sleep(WATCH_STEP_SECONDS)
            self._alarms.ring(self.now())

    def _look(self) -> None:
        if self._path is None:
            return
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return
        if (stat.st_mtime_ns, stat.st_size) != self._seen:
            self._read(self._path)
            self._seen = (stat.st_mtime_ns, stat.st_size)

    def _read(self, path: Path) -> None:
        try:
            self._bend = Bend(**json.loads(path.read_bytes()))
        except ValueError:
            # Caught in the middle of being written: the last good bend stays until the file changes again.
            return


class ManualClock:
    """Time that stands still until it is moved; for tests."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self._now = now
        self._alarms = Alarms()
        self._somebody_waits = asyncio.Event()

    def now(self) -> float:
        """Seconds of Unix time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move time on (or back, with a negative figure) and wake whoever is due."""
        self._now += seconds
        self._alarms.ring(self._now)

    @property
    def waiting(self) -> int:
        """How many wait for a later moment."""
        return len(self._alarms)

    async def until_waiting(self, count: int = 1) -> None:
        """Return when at least so many wait for a later moment."""
        while self.waiting < count:
            self._somebody_waits.clear()
            await self._somebody_waits.wait()

    async def wait_until(self, moment: float) -> None:
        """Return when somebody has moved the time to `moment`."""
        if self._now < moment:
            alarm = self._alarms.add(moment)
            self._somebody_waits.set()
            await alarm
