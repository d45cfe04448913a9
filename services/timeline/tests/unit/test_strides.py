"""Strides side by side in one turn, and news that reach them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import pytest

from chassis.clock import ManualClock
from timeline.adapters.in_memory import InMemoryHubSpot, InMemoryStores
from timeline.handlers.strides import Strides
from timeline.models import FaultPoint

PORTAL: Final = 62515


class Gate:
    """Holds every stride up right before its write, until it is opened."""

    def __init__(self) -> None:
        self.waiting, self.opened = 0, asyncio.Event()

    async def reach(self, point: FaultPoint) -> None:
        """Wait there."""
        if point is FaultPoint.AFTER_INTENT:
            self.waiting += 1
            await self.opened.wait()


async def passes(turns: int = 30) -> None:
    """Let tasks that can go on do so."""
    for _ in range(turns):
        await asyncio.sleep(0)


def replies(reply: Any, clock: ManualClock, numbers: Sequence[int]) -> list[Any]:
    """One of each conversation."""
    return [
        reply(f"m{number}", chat_id=f"chat-{number}", received_at=clock.now() + timedelta(milliseconds=number))
        for number in numbers
    ]


@pytest.fixture
def gate() -> Gate:
    """The gate."""
    return Gate()


async def test_a_reply_does_not_wait_for_anothers_write(
    start: Any, reply: Any, gate: Gate, clock: ManualClock, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """What comes during a turn goes beside what is under way, if it is of another conversation."""
    process = start(gate)
    await process.store_received(replies(reply, clock, [0]))
    turn = asyncio.create_task(process.lanes.turn(PORTAL))
    await passes()
    await process.store_received([*replies(reply, clock, [1]), reply("m2", chat_id="chat-0")])

    assert process.lanes.tell(PORTAL)
    await passes()
    assert 2 == gate.waiting
    gate.opened.set()

    assert None is await turn
    assert [1, 1, 1] == hubspot.creates
    assert [] == memory.lanes.lanes[PORTAL].pending
    assert not process.lanes.tell(PORTAL)


async def test_many_replies_wait_to_share_a_call(
    start: Any, reply: Any, gate: Gate, clock: ManualClock, hubspot: InMemoryHubSpot
) -> None:
    """More than a few, and fewer than fill a call, go together when what is under way has ended."""
    process = start(gate)
    await process.store_received(replies(reply, clock, [0]))
    turn = asyncio.create_task(process.lanes.turn(PORTAL))
    await passes()
    await process.store_received(replies(reply, clock, range(1, 20)))
    process.lanes.tell(PORTAL)
    await passes()
    assert 1 == gate.waiting
    gate.opened.set()
    await turn

    assert [1, 19] == hubspot.creates


async def test_whole_batches_go_side_by_side(
    start: Any, reply: Any, gate: Gate, clock: ManualClock, hubspot: InMemoryHubSpot, on_timeline: Any
) -> None:
    """At most four calls of one account are under way at a time."""
    process = start(gate)
    for first in range(0, 450, 90):
        await process.store_received(replies(reply, clock, range(first, first + 90)))
        clock.advance(5)
    turn = asyncio.create_task(process.lanes.turn(PORTAL))
    await passes(100)
    assert 4 == gate.waiting
    gate.opened.set()
    await turn

    assert [100, 100, 100, 100, 50] == hubspot.creates
    assert 450 == len(on_timeline())


async def test_where_the_account_has_few_calls_left_they_are_shared(
    start: Any, reply: Any, gate: Gate, clock: ManualClock, budget: Any
) -> None:
    """Nothing goes beside a write once half of what the account takes is used."""
    process = start(gate)
    for _ in range(45):
        budget.called(PORTAL)
    await process.store_received(replies(reply, clock, [0]))
    turn = asyncio.create_task(process.lanes.turn(PORTAL))
    await passes()
    await process.store_received(replies(reply, clock, [1]))
    process.lanes.tell(PORTAL)
    await passes()

    assert 1 == gate.waiting
    gate.opened.set()
    await turn


async def test_the_first_error_is_raised_when_all_have_ended() -> None:
    """One that fails takes no other with it, and is not forgotten."""
    ended, go_on = [], asyncio.Event()

    async def fail() -> None:
        raise ZeroDivisionError

    async def work() -> None:
        await go_on.wait()
        ended.append("work")

    async def work_on() -> None:
        async with Strides() as strides:
            strides.begin(work())
            strides.begin(fail())
            await strides.change()
            assert isinstance(strides.error, ZeroDivisionError)
            go_on.set()

    with pytest.raises(ZeroDivisionError):
        await work_on()
    assert ["work"] == ended


async def test_who_is_cancelled_cancels_what_is_under_way() -> None:
    """When the process stops, nothing of a turn that is cut off goes on."""
    cancelled = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("work")
            raise

    async def work_on() -> None:
        async with Strides() as strides:
            strides.begin(work())
            await asyncio.Event().wait()

    turn = asyncio.create_task(work_on())
    await passes()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn

    assert ["work"] == cancelled


async def test_news_are_heard_once() -> None:
    """Whoever waits is woken by them, and hears them once."""
    strides = Strides()
    strides.tell()
    await strides.change()

    assert [True, False] == [strides.hear(), strides.hear()]
