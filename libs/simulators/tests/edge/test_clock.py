import asyncio
import json
import time
from pathlib import Path

from simulators.clock import FileClock, ManualClock


def _write(path: Path, **bend: float) -> None:
    written = path.with_suffix(".new")
    written.write_text(json.dumps(bend))
    written.replace(path)


async def test_without_a_file_time_is_real(tmp_path: Path) -> None:
    """No file, or one that is not there, bends nothing."""
    assert abs(FileClock().now() - time.time()) < 5
    assert abs(FileClock(tmp_path / "none").now() - time.time()) < 5


async def test_the_file_bends_time(tmp_path: Path) -> None:
    """Now is since + (real - since) * speed + offset, read anew whenever the file changes."""
    path = tmp_path / "clock.json"
    clock = FileClock(path)
    _write(path, offset_seconds=3600.0, speed=1.0, since=0.0)
    ahead = clock.now() - time.time()
    _write(path, offset_seconds=0.0, speed=1000.0, since=time.time() - 10)
    fast = clock.now() - time.time()

    assert 3595 < ahead < 3605
    assert fast > 9_000


async def test_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    """A file caught half-written leaves the last good bend in force."""
    path = tmp_path / "clock.json"
    clock = FileClock(path)
    _write(path, offset_seconds=3600.0, speed=1.0, since=0.0)
    clock.now()
    path.write_text('{"offset')

    assert clock.now() - time.time() > 3_000


async def test_a_wait_ends_when_the_file_jumps(tmp_path: Path) -> None:
    """Whoever waits for a far moment is woken when the file moves time past it."""
    path = tmp_path / "clock.json"
    clock = FileClock(path)
    waits = [asyncio.create_task(clock.wait_until(clock.now() + 86_400)) for _ in range(3)]
    await asyncio.sleep(0)
    _write(path, offset_seconds=90_000.0, speed=1.0, since=0.0)

    await asyncio.gather(*waits)

    assert clock.now() - time.time() > 86_400


async def test_a_manual_clock_wakes_in_order() -> None:
    """Time moved by hand wakes those who are due and no others."""
    clock = ManualClock(now=0.0)
    woken: list[int] = []

    async def wait(moment: int) -> None:
        await clock.wait_until(moment)
        woken.append(moment)

    waits = [asyncio.create_task(wait(moment)) for moment in (2, 1, 3)]
    await clock.until_waiting(3)
    clock.advance(2)
    await asyncio.gather(*waits[:2])

    assert ([1, 2], 1) == (woken, clock.waiting)
    clock.advance(1)
    await asyncio.gather(*waits)
