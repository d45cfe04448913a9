"""Time as an argument: what o'clock it is, how long something took, and waiting.

`now` can be moved by a clock file in development; `monotonic` and `sleep` never are, so timeouts and leases hold.
"""

import asyncio
import contextlib
import heapq
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def timestamp(self) -> float:
        """The wall clock as seconds since the epoch, for paths where making a date costs too much."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go forward, for timeouts and leases."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many real seconds."""
        ...


def milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch."""
    return (moment - _EPOCH) // _MILLISECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class SystemClock:
    """The machine's own clock."""

    monotonic = staticmethod(time.monotonic)  # itself: hot paths ask several times for each request

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def timestamp(self) -> float:
        """The wall clock as seconds since the epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait that many real seconds."""
        await asyncio.sleep(seconds)


class FileClock(SystemClock):
    """The machine's clock moved by a file: `{"offset_seconds", "speed", "since"}`.

    now = since + (real - since) * speed + offset; `since` is in unix seconds. The harness and the simulators
    read the same file, so a whole system can live through days in a minute. Production refuses the setting.
    """

    _REREAD_SECONDS = 0.05

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = float("-inf")
        self._seen: tuple[int, int, int] | None = None
        self._offset, self._speed, self._since = 0.0, 1.0, 0.0

    def now(self) -> datetime:
        """The wall clock as the file moves it, aware, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        """The same as seconds since the epoch."""
        if self.monotonic() - self._read_at >= self._REREAD_SECONDS:
            self._read()
        return self._since + (time.time() - self._since) * self._speed + self._offset

    def _read(self) -> None:
        self._read_at = self.monotonic()
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            # Absent, half written or nonsense: what was read last stays true.
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen == self._seen:
                return
            content = json.loads(self._path.read_text())
            offset, speed = float(content.get("offset_seconds", 0.0)), float(content.get("speed", 1.0))
            self._offset, self._speed, self._since = offset, speed, float(content.get("since", 0.0))
            self._seen = seen


class ManualClock:
    """A clock that stands still until it is advanced; sleepers wake when their time has come."""

    def __init__(self, start: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._count = 0

    def now(self) -> datetime:
        """Where the clock stands."""
        return self._start + timedelta(seconds=self._elapsed)

    def timestamp(self) -> float:
        """The same as seconds since the epoch."""
        return self.now().timestamp()

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced that far."""
        woken = asyncio.Event()
        self._count += 1
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._count, woken))
        await woken.wait()

    @property
    def sleeping(self) -> int:
        """How many sleepers wait."""
        return len(self._sleepers)

    def advance(self, seconds: float) -> None:
        """Move on and wake whoever is due."""
        self._elapsed += seconds
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            heapq.heappop(self._sleepers)[2].set()
