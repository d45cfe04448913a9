"""Clocks: the machine's, the one a file moves, and the one that a test moves."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import FileClock, ManualClock, SystemClock, milliseconds

TOLERANCE = timedelta(seconds=5)


class StillFileClock(FileClock):
    """A file clock that looks at its file each time."""

    _REREAD_SECONDS = 0.0


def near(moment: datetime, expected: datetime) -> bool:
    """Whether two moments are the same but for the time a test takes."""
    return abs(moment - expected) < TOLERANCE


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_milliseconds_are_exact(moment: datetime) -> None:
    """Milliseconds since the epoch are whole and never rounded up, however far away."""
    assert timedelta(0) <= moment - datetime(1970, 1, 1, tzinfo=UTC) - timedelta(
        milliseconds=milliseconds(moment)
    ) < timedelta(milliseconds=1)  # fmt: skip


def test_a_timestamp_is_now_in_seconds(tmp_path: Path) -> None:
    """Whichever clock, its timestamp and its date are the same moment."""
    moved = tmp_path / "clock.json"
    moved.write_text(json.dumps({"offset_seconds": -86_400.0, "speed": 1.0, "since": 0}))

    for clock in (SystemClock(), StillFileClock(moved), ManualClock()):
        assert near(datetime.fromtimestamp(clock.timestamp(), UTC), clock.now())


def test_the_system_clock_is_aware() -> None:
    """Now is aware, in UTC, and real."""
    assert near(SystemClock().now(), datetime.now(UTC))
    assert UTC == SystemClock().now().tzinfo


async def test_sleeping_takes_real_time() -> None:
    """The system's sleep is the loop's."""
    clock, before = SystemClock(), time.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.009


def test_a_file_moves_the_clock(tmp_path: Path) -> None:
    """An offset moves now, a speed makes it run from `since` on; monotonic time stays real."""
    path = tmp_path / "clock.json"
    clock = StillFileClock(path)
    assert near(clock.now(), datetime.now(UTC))
    path.write_text(json.dumps({"offset_seconds": 86_400.0}))
    assert near(clock.now(), datetime.now(UTC) + timedelta(days=1))
    since = time.time() - 100
    path.write_text(json.dumps({"offset_seconds": 0, "speed": 10.0, "since": since}))
    assert near(clock.now(), datetime.fromtimestamp(since + 1000, UTC))
    assert abs(clock.monotonic() - time.monotonic()) < 1


@pytest.mark.parametrize("nonsense", ["", "{", "[]", "null", '{"speed": "fast"}', '{"offset_seconds": null}', "\x00"])
def test_nonsense_in_the_file_changes_nothing(tmp_path: Path, nonsense: str) -> None:
    """A file that is half written or wrong leaves the clock where the last good one put it."""
    path = tmp_path / "clock.json"
    clock = StillFileClock(path)
    path.write_text(json.dumps({"offset_seconds": 86_400.0}))
    clock.now()
    path.write_text(nonsense)
    assert near(clock.now(), datetime.now(UTC) + timedelta(days=1))


def test_the_file_is_not_read_at_every_look(tmp_path: Path) -> None:
    """Within a moment the file is read once, so a hot path may ask the clock freely."""
    path = tmp_path / "clock.json"
    clock = FileClock(path)
    clock.now()
    path.write_text(json.dumps({"offset_seconds": 86_400.0}))
    assert near(clock.now(), datetime.now(UTC))


async def test_a_manual_clock_wakes_whoever_is_due() -> None:
    """Time stands still until it is advanced; then sleepers wake in the order of their times."""
    clock, woken = ManualClock(), list[float]()

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (3.0, 1.0, 2.0)]
    await asyncio.wait(tasks, timeout=0)
    assert 3 == clock.sleeping
    clock.advance(2.0)
    await asyncio.wait(tasks[1:])
    assert ([1.0, 2.0], 1, 2.0) == (woken, clock.sleeping, clock.monotonic())
    clock.advance(1.0)
    await tasks[0]
    assert datetime(2026, 11, 22, 12, 0, 3, tzinfo=UTC) == clock.now()
