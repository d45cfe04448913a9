"""Members that come and go while records are in work, on the real Kafka."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chassis.consuming import ErrorKinds
from contracts.envelope import Event
from harness.waiting import eventually

pytestmark = pytest.mark.integration

SECONDS = 30.0
PARTITIONS = 4
NOTES = [f"{partition}.{number}" for partition in range(PARTITIONS) for number in range(5)]
DONE = dict.fromkeys(range(PARTITIONS), 5)


class AwayError(Exception):
    """A dependency of the tests' own that is away."""


KINDS = ErrorKinds(retryable=(AwayError,))


class GatedHandler:
    """Stops at its first call until the gate opens, then does what it is told; later calls just handle."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.entered, self.gate = asyncio.Event(), asyncio.Event()
        self.handled: list[str] = []

    async def __call__(self, events: Sequence[Event]) -> None:
        """Handle all or none."""
        first = not self.entered.is_set()
        self.entered.set()
        if first:
            await self.gate.wait()
            if self.error is not None:
                raise self.error
        self.handled.extend(event.data.text for event in events)


async def fill(desk: Any) -> None:
    """Five notes in each partition."""
    for note in NOTES:
        await desk.tell(note, partition=int(note[0]))


@asynccontextmanager
async def joining(desk: Any, handler: Any, batch: bool) -> AsyncIterator["asyncio.Future[None]"]:
    """A second member, from the moment it begins to join; the future is done once it is assigned its share."""
    assigned: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    leave = asyncio.Event()

    async def run() -> None:
        async with desk.member(handler, batch=batch, kinds=KINDS):
            assigned.set_result(None)
            await leave.wait()

    task = asyncio.create_task(run())
    try:
        yield assigned
    finally:
        leave.set()
        await task


def in_order(handled: Sequence[str], partition: int) -> bool:
    """Whether first handlings of one partition's notes are in order."""
    firsts = [note for note in dict.fromkeys(handled) if note.startswith(f"{partition}.")]
    return firsts == sorted(firsts)


async def until_rebalancing(desk: Any) -> None:
    """Wait until the broker asks the members to come back."""

    async def rebalancing() -> bool:
        return await desk.group_state() == "PreparingRebalance"

    await eventually(rebalancing, what="a rebalance", seconds=SECONDS)


async def test_work_that_ends_soon_is_handed_over_and_done_once(new_desk: Any, batch: bool) -> None:
    """A rebalance waits a little for records in work: they are committed first, and nobody does them twice."""
    desk, first, second = await new_desk(PARTITIONS), GatedHandler(), GatedHandler()
    second.gate.set()
    await fill(desk)
    async with desk.member(first, batch=batch, kinds=KINDS) as member:
        await first.entered.wait()
        async with joining(desk, second, batch) as assigned:
            await until_rebalancing(desk)
            assert {} == member.health.trouble()
            first.gate.set()
            await assigned
            await desk.until_committed(DONE)
    assert sorted(NOTES) == sorted(first.handled + second.handled)


@pytest.mark.parametrize("error", [None, AwayError("away"), ValueError("unexpected")], ids=["done", "nack", "error"])
async def test_work_that_outlasts_a_rebalance_is_lost_by_nobody(
    new_desk: Any, batch: bool, error: Exception | None
) -> None:
    """Whatever becomes of a delivery whose partitions went to another member, nothing is lost or passed over."""
    desk, first, second = await new_desk(PARTITIONS), GatedHandler(error), GatedHandler()
    second.gate.set()
    await fill(desk)
    async with desk.member(first, batch=batch, kinds=KINDS) as member:
        await first.entered.wait()
        async with joining(desk, second, batch) as assigned:
            await assigned
            await desk_is_half_done(desk, second)
            assert {} == member.health.trouble()
            assert await committed_is_handled(desk, [*first.handled, *second.handled])
            first.gate.set()
            await desk.until_committed(DONE)
            assert {} == member.health.trouble()
    assert set(NOTES) == {*first.handled, *second.handled}
    assert all(in_order(handler.handled, partition) for handler in (first, second) for partition in range(PARTITIONS))
    assert [] == await desk.buried()


async def desk_is_half_done(desk: Any, handler: GatedHandler) -> None:
    """Wait until the second member has done its share."""

    async def done() -> bool:
        return sum(value == 5 for value in (await desk.committed()).values()) >= PARTITIONS // 2

    await eventually(done, what="the second member's share", seconds=SECONDS)
    assert handler.handled


async def committed_is_handled(desk: Any, handled: Sequence[str]) -> bool:
    """Whether every note below a committed offset was handled by someone."""
    offsets = await desk.committed()
    return all(f"{place}.{number}" in handled for place, end in offsets.items() for number in range(end))


async def test_a_storm_of_rebalances_loses_nothing(new_desk: Any, batch: bool) -> None:
    """While a second member comes and goes, every note is handled, in order within its partition."""
    desk, handler = await new_desk(PARTITIONS), GatedHandler()
    handler.gate.set()
    count = 40
    async with desk.member(handler, batch=batch, kinds=KINDS) as member:
        for round_ in range(4):
            notes = [
                f"{partition}.{number:03}"
                for number in range(round_ * 10, round_ * 10 + 10)
                for partition in range(PARTITIONS)
            ]
            async with joining(desk, handler, batch) as assigned:
                for note in notes:
                    await desk.tell(note, partition=int(note[0]))
                await assigned
            assert {} == member.health.trouble()
        await desk.until_committed(dict.fromkeys(range(PARTITIONS), count))
    assert PARTITIONS * count == len(set(handler.handled))
    assert all(in_order(handler.handled, partition) for partition in range(PARTITIONS))


async def test_a_member_that_leaves_commits_what_it_did(new_desk: Any, batch: bool) -> None:
    """A clean stop in mid-work waits for the work, commits it and does not do the rest."""
    desk, handler = await new_desk(), GatedHandler()
    await desk.tell("0.0")
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(desk.member(handler, batch=batch))
        await handler.entered.wait()
        handler.gate.set()
    assert {0: 1} == await desk.committed()
