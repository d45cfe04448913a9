"""A consumer process killed (-9) at its worst moments, on the real Kafka."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

SCRIPT = Path(__file__).with_name("consumer_process.py")
SECONDS = 30.0


@asynccontextmanager
async def consumer(desk: Any, batch: bool, *failures: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A consumer process; killed at the end at the latest."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), desk.bootstrap, desk.type.name, "batch" if batch else "single", *failures,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def lines_until(process: asyncio.subprocess.Process, wanted: str, times: int = 1) -> list[str]:
    """The process's lines up to the one wanted, for the n-th time."""
    lines: list[str] = []
    async with asyncio.timeout(SECONDS):
        while lines.count(wanted) < times:
            line = (await process.stdout.readline()).decode().strip()
            assert line, "the process ended"
            lines.append(line)
    return lines


async def test_nothing_is_committed_past_a_failure_when_the_process_is_killed(new_desk: Any, batch: bool) -> None:
    """A retryable failure, successes before and after it, then kill -9: the failed record is delivered again."""
    desk = await new_desk(2)
    await desk.tell("a", "b", "c", partition=0)
    await desk.tell("d", partition=1)
    async with consumer(desk, batch, "b:away:1000000") as process:
        await lines_until(process, "failed b", times=3)
        process.kill()
    assert (await desk.committed()).get(0, 0) <= 1
    async with consumer(desk, batch) as process:
        lines = await lines_until(process, "handled c")
        await desk.until_committed({0: 3, 1: 1})
    assert "handled b" in lines
    assert [] == await desk.buried()


async def test_a_failure_that_passed_is_committed_with_what_follows(new_desk: Any, batch: bool) -> None:
    """A retryable failure followed by its success and a later one, then kill -9: only then is it committed."""
    desk = await new_desk()
    await desk.tell("a", "b", "c")
    async with consumer(desk, batch, "b:away:2") as process:
        lines = await lines_until(process, "handled c")
        await desk.until_committed({0: 3})
        process.kill()
    assert lines.index("failed b") < lines.index("handled b") < lines.index("handled c")


async def test_killed_again_and_again_it_loses_nothing(new_desk: Any, batch: bool) -> None:
    """Killed at random lines, with failures of every kind on the way, every note is handled, in order."""
    desk, dice = await new_desk(2), random.Random(20261122)  # noqa: S311 - a seed, to see the same run again
    notes = [f"{number % 2}-{number:03}" for number in range(60)]
    for note in notes:
        await desk.tell(note, partition=int(note[0]))
    failures = [f"{note}:{dice.choice(['away', 'unexpected'])}:2" for note in notes[::6]]
    lines: list[str] = []
    for _ in range(2):
        async with consumer(desk, batch, *failures) as process:
            lines += await some_lines(process, dice.randrange(1, 25))
            process.kill()
            lines += (await process.stdout.read()).decode().splitlines()
    async with consumer(desk, batch, *failures) as process:
        await desk.until_committed({0: 30, 1: 30})
        process.kill()
        lines += (await process.stdout.read()).decode().splitlines()
    done = [line.removeprefix("handled ") for line in lines if line.startswith("handled ")]
    assert set(notes) == set(done)
    for partition in "01":
        firsts = [note for note in dict.fromkeys(done) if note.startswith(partition)]
        assert sorted(firsts) == firsts
    assert [] == await desk.buried()


async def some_lines(process: asyncio.subprocess.Process, count: int) -> list[str]:
    """So many of the process's lines."""
    async with asyncio.timeout(SECONDS):
        return [(await process.stdout.readline()).decode().strip() for _ in range(count)]
