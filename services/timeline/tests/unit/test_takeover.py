"""Two processes and one lane: who may write, and who may not any more."""

import asyncio
from typing import Any

from chassis.clock import ManualClock
from timeline.adapters.in_memory import InMemoryHubSpot, InMemoryStores
from timeline.handlers.assembly import Handlers
from timeline.handlers.leases import LaneFinder
from timeline.models import FaultPoint, Work
from timeline.ports import Stores

PORTAL, ENTRY = 62515, "62515:acme:m1"


class Stopped:
    """A process that is stopped (SIGSTOP) at a point, and goes on when it is woken."""

    def __init__(self, point: FaultPoint) -> None:
        self._point = point
        self.reached, self.woken = asyncio.Event(), asyncio.Event()

    async def reach(self, point: FaultPoint) -> None:
        """Stop there."""
        if point is self._point:
            self.reached.set()
            await self.woken.wait()


async def stopped_at(start: Any, reply: Any, point: FaultPoint) -> tuple[Stopped, "asyncio.Task[bool]"]:
    """A process that took the lane and was stopped at a point of its turn."""
    stopped = Stopped(point)
    process: Handlers = start(stopped)
    await process.store_received([reply()])
    turn = asyncio.create_task(process.lanes.turn(PORTAL))
    await stopped.reached.wait()
    return stopped, turn


async def test_a_holder_stopped_before_its_write_never_writes_late(
    start: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """A holder that is stopped between intent and write, and woken after its lease, writes nothing."""
    stopped, turn = await stopped_at(start, reply, FaultPoint.AFTER_INTENT)
    other = start()
    await wait(other, 40)
    stopped.woken.set()
    await turn

    assert [] == hubspot.records  # the other one waits out the open intent
    await wait(other, 100)
    assert [ENTRY] == on_timeline()


async def test_a_holder_woken_after_the_other_wrote_changes_nothing(
    start: Any, wait: Any, reply: Any, on_timeline: Any, memory: InMemoryStores
) -> None:
    """A holder woken long after another recorded the reply leaves the record and the lane as they are."""
    stopped, turn = await stopped_at(start, reply, FaultPoint.AFTER_INTENT)
    other = start()
    await wait(other, 150)
    recorded = memory.entries.entries[ENTRY]
    stopped.woken.set()
    again = await turn

    assert not again
    assert [ENTRY] == on_timeline()
    assert recorded == memory.entries.entries[ENTRY]


async def test_a_holder_stopped_after_its_write_is_adopted(
    start: Any, wait: Any, reply: Any, on_timeline: Any, memory: InMemoryStores
) -> None:
    """A holder that is stopped after its write is found out by the next: the reply is adopted, and stays that one."""
    stopped, turn = await stopped_at(start, reply, FaultPoint.AFTER_WRITE)
    await wait(start(), 80)
    adopted = memory.entries.entries[ENTRY].communication_id
    stopped.woken.set()
    await turn

    assert "5000" == adopted == memory.entries.entries[ENTRY].communication_id
    assert [ENTRY] == on_timeline()


async def test_a_live_holder_keeps_its_lane(
    start: Any, work_off: Any, reply: Any, clock: ManualClock, memory: InMemoryStores
) -> None:
    """Nobody ends a lease before 15 s on his own clock, whatever the wall clock says."""
    stopped, turn = await stopped_at(start, reply, FaultPoint.AFTER_INTENT)
    other = start()
    for _ in range(14):
        await work_off(other)
        clock.advance(1)
    await work_off(other)

    assert None is not memory.lanes.lanes[PORTAL].holder
    stopped.woken.set()
    await turn


async def test_a_sign_of_life_starts_the_wait_anew(memory: InMemoryStores, clock: ManualClock) -> None:
    """A candidate counts 15 s from the last change that it saw itself."""
    stores: Stores = memory.stores
    finder = LaneFinder(stores.lanes, holder="candidate", clock=clock)
    await stores.lanes.add({PORTAL: [Work("t", "e", "c", clock.now())]}, clock.now())
    lane = memory.lanes.lanes[PORTAL]
    lane.holder = "holder"
    for _ in range(4):
        lane.beat += 1
        assert [] == list(await finder.find(()))
        clock.advance(14)
    assert [] == list(await finder.find(()))

    clock.advance(1)
    await finder.find(())
    assert None is lane.holder


async def test_a_process_that_stops_begins_nothing_new(
    start: Any, reply: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """When the process is told to stop, its lanes are let go with their work, for others to take at once."""
    process = start(stopping=lambda: True)
    await process.store_received([reply()])

    await process.lanes.turn(PORTAL)

    assert [] == hubspot.records
    assert None is memory.lanes.lanes[PORTAL].holder
    assert [PORTAL] == list(await start().finder.find(()))


async def test_work_added_during_a_turn_is_done_in_it(
    start: Any, reply: Any, on_timeline: Any, memory: InMemoryStores
) -> None:
    """A reply that another process adds while a turn is about to end is not left behind."""
    stopped, turn = await stopped_at(start, reply, FaultPoint.AFTER_RECORD)
    other = start()
    await other.store_received([reply("m2")])
    assert not await other.lanes.turn(PORTAL)
    stopped.woken.set()
    await turn

    assert [ENTRY, "62515:acme:m2"] == on_timeline()
    assert None is memory.lanes.lanes[PORTAL].due_at


async def test_a_lease_is_let_go_while_a_call_no_longer_fits(
    start: Any, reply: Any, clock: ManualClock, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """A turn begins calls for 5 s; then the lane is let go, although more is due, and may be taken again."""
    stopped, turn = await stopped_at(start, reply, FaultPoint.AFTER_RECORD)
    other = start()
    await other.store_received([reply("m2")])
    clock.advance(6)
    stopped.woken.set()

    assert await turn
    assert 1 == len(hubspot.records)
    assert None is memory.lanes.lanes[PORTAL].holder
