"""When lanes run: at once when something is due, each account's turns one after the other, and to a stop in time."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.clock import ManualClock
from chassis.lifespan import Plumbing
from chassis.metrics import Metrics
from contracts.tenants import TenantSnapshot
from timeline.adapters.in_memory import InMemoryStores
from timeline.handlers.draining import BITE, BITE_BESIDE_OTHERS
from timeline.handlers.noise import BURST, LATELY_SECONDS
from timeline.models import MAX_BATCH, Placed, Received, Work
from timeline.workers import MAX_LANES, LaneRunner, Preparation, Workers


class Turns:
    """Turns that a test lets end."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.at_once: Counter[int] = Counter()
        self.gate = asyncio.Event()
        self.more: list[int] = []
        self.fail = False
        self.told: list[int] = []
        self.sees_to_it = False

    def tell(self, portal_id: int) -> bool:
        """Whether the turn that is under way will see to what came."""
        self.told.append(portal_id)
        return self.sees_to_it

    async def __call__(self, portal_id: int) -> datetime | None:
        """One turn."""
        self.begun.append(portal_id)
        self.at_once[portal_id] += 1
        assert 1 == self.at_once[portal_id]
        await self.gate.wait()
        self.at_once[portal_id] -= 1
        if self.fail:
            raise ZeroDivisionError
        if portal_id in self.more:
            self.more.remove(portal_id)
            return datetime(2026, 11, 22, 12, tzinfo=UTC)
        return None


async def nothing(_: Collection[int]) -> Sequence[int]:
    """Finds no lane."""
    return ()


@pytest.fixture
def turns() -> Turns:
    """The turns."""
    return Turns()


@pytest.fixture
def plumbing(clock: ManualClock, metrics: Metrics) -> Plumbing:
    """Clock and metrics."""
    return Plumbing(clock=clock, metrics=metrics)


@pytest.fixture
def workers(plumbing: Plumbing) -> Workers:
    """Loops that need no preparation."""
    return Workers(plumbing, Preparation())


@pytest.fixture
def new_runner(turns: Turns, plumbing: Plumbing) -> Callable[..., LaneRunner]:
    """Makes a runner of those turns."""

    def new_runner(
        find: Callable[[Collection[int]], Awaitable[Sequence[int]]] = nothing, ended: list[str] | None = None
    ) -> LaneRunner:
        notes = [] if ended is None else ended
        return LaneRunner(
            turns,
            turns.tell,
            find,
            after_turn=lambda: notes.append("turn"),
            stopping=asyncio.Event(),
            plumbing=plumbing,
        )

    return new_runner


async def passes(turns: int = 20) -> None:
    """Let tasks that can go on do so."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_a_lane_runs_at_once_and_once_at_a_time(turns: Turns, new_runner: Callable[..., LaneRunner]) -> None:
    """Work starts without waiting for a sweep; what comes during a turn gets one more turn after it."""
    runner = new_runner()
    async with runner.running():
        runner.work_soon([1, 2])
        await passes()
        assert [1, 2] == turns.begun
        runner.work_soon([1])
        runner.work_soon([1])
        await passes()
        assert [1, 2] == turns.begun
        turns.gate.set()
        await passes()

    assert [1, 2, 1] == turns.begun


async def test_a_turn_that_sees_to_what_came_is_followed_by_none(
    turns: Turns, new_runner: Callable[..., LaneRunner]
) -> None:
    """A turn that is told of more work, and takes it in, leaves nothing for another."""
    turns.sees_to_it = True
    runner = new_runner()
    async with runner.running():
        runner.work_soon([1, 2])
        await passes()
        runner.work_soon([1])
        turns.gate.set()
        await passes()

    assert [1] == turns.told
    assert [1, 2] == turns.begun


async def test_a_turn_that_left_work_is_followed_by_another(
    turns: Turns, new_runner: Callable[..., LaneRunner]
) -> None:
    """A lane whose lease was used up goes on with the next."""
    turns.more, ended = [1, 1], []
    turns.gate.set()
    runner = new_runner(ended=ended)
    async with runner.running():
        runner.work_soon([1])
        await passes()

    assert [1, 1, 1] == turns.begun
    assert ["turn"] * 3 == ended


async def test_a_process_works_on_so_many_lanes_at_once(turns: Turns, new_runner: Callable[..., LaneRunner]) -> None:
    """There are as many lanes at work as connections to HubSpot; the others follow in the order they came."""
    runner = new_runner()
    async with runner.running():
        runner.work_soon(range(MAX_LANES + 5))
        await passes()
        assert MAX_LANES == len(turns.begun)
        turns.gate.set()
        await passes()

    assert list(range(MAX_LANES + 5)) == turns.begun


async def test_a_failed_turn_is_counted_and_others_go_on(
    turns: Turns, new_runner: Callable[..., LaneRunner], metrics: Metrics
) -> None:
    """A turn that ends with an error takes nothing with it."""
    turns.fail = True
    turns.gate.set()
    runner = new_runner()
    async with runner.running():
        runner.work_soon([1])
        await passes()
        turns.fail = False
        runner.work_soon([1, 2])
        await passes()

    assert [1, 1, 2] == turns.begun
    assert 'worker_failures_total{worker="lane"} 1.0' in metrics.render().decode()


async def test_a_sweep_runs_what_it_finds(
    turns: Turns, new_runner: Callable[..., LaneRunner], plumbing: Plumbing
) -> None:
    """Lanes that nobody was woken for run when the sweep finds them; preparations come first, until they succeeded."""
    tried: list[str] = []

    async def find(running: Collection[int]) -> Sequence[int]:
        tried.append(f"find beside {list(running)}")
        return [7]

    async def prepare() -> None:
        tried.append("prepare")
        if 1 == len(tried):
            raise ConnectionError

    turns.gate.set()
    runner = new_runner(find)
    async with runner.running(), Workers(plumbing, Preparation(prepare)).sweep(runner).running() as worker:
        await passes()
        worker.wake()
        await passes()

    assert ["prepare", "prepare", "find beside []"] == tried
    assert [7] == turns.begun


async def test_at_the_end_turns_come_to_a_stop(turns: Turns, new_runner: Callable[..., LaneRunner]) -> None:
    """When the process stops, turns at work may end, and no other begins."""
    runner = new_runner()
    turns.more = [1]
    async with runner.running():
        runner.work_soon([1])
        await passes()
        asyncio.get_running_loop().call_soon(turns.gate.set)
    runner.work_soon([2])
    await passes()

    assert [1] == turns.begun


async def test_what_was_left_in_the_inbox_is_assigned(
    start: Any, reply: Any, memory: InMemoryStores, workers: Workers, clock: ManualClock, turns: Turns,
    new_runner: Callable[..., LaneRunner],
) -> None:  # fmt: skip
    """A process that starts assigns what another one left behind for want of room."""
    process, runner = start(), new_runner()
    await memory.inbox.add([Placed(Received(reply().data))], clock.now())
    turns.gate.set()

    async with runner.running(), workers.drain(process.drain, runner).running():
        await passes()

    assert [62515] == turns.begun
    assert ["62515:acme:m1"] == list(memory.entries.entries)


@pytest.mark.parametrize(("others", "placed"), [([], 2 * BITE), ([7], 2 * BITE), ([7, 8], BITE)])
async def test_a_burst_is_drained_in_bites_where_others_are_at_work(
    start: Any, reply: Any, memory: InMemoryStores, workers: Workers, turns: Turns,
    new_runner: Callable[..., LaneRunner], others: Sequence[int], placed: int,
) -> None:  # fmt: skip
    """After a bite the drain rests, unless it has the process to itself and one lane."""
    process, runner = start(), new_runner()
    burst = [Received(reply(f"m{number:03}").data) for number in range(2 * BITE)]
    await memory.queues.enqueue({"acme": burst}, reply().time)

    async with runner.running(), workers.drain(process.drain, runner).running():
        runner.work_soon(others)
        await passes(200)
        assert placed == len(memory.entries.entries)
        turns.gate.set()


async def test_a_burst_is_drained_more_slowly_while_others_write(start: Any, reply: Any, clock: ManualClock) -> None:
    """Beside replies of others a bite is followed by four times its own time of rest, a second of it, or as long."""
    process = start()
    await process.store_received([reply("m1", chert_tenant="nobody")])
    assert 0.1 == process.drain.breath(0.1, 2)
    assert None is process.drain.breath(0.1, 1)

    await process.store_received([reply("m2")])

    assert 0.4 == process.drain.breath(0.1, 1)
    assert 1.0 == process.drain.breath(0.5, 2)
    assert 3.0 == process.drain.breath(3.0, 2)
    clock.advance(1)
    assert None is process.drain.breath(0.1, 1)


async def test_a_burst_is_taken_in_before_it_is_drained_while_others_write(
    start: Any, reply: Any, clock: ManualClock, memory: InMemoryStores, tenant: TenantSnapshot
) -> None:
    """A burst that goes on is not drained before it pauses for a quarter of a second, or two seconds are over."""
    process = start()
    await process.tenants.project(tenant.model_copy(update={"portal_id": 2, "chert_tenant": "globex"}))

    async def burst_goes_on(number: int) -> int:
        """How many of the burst are on lanes, when more of it has come beside a reply of somebody else."""
        burst = [reply(f"m{number}.{each}", chert_tenant="globex") for each in range(BURST + 1)]
        await process.store_received([*burst, reply(f"other{number}")])
        clock.advance(0.24)
        await process.drain.turn()
        return len(memory.lanes.lanes[2].pending) if 2 in memory.lanes.lanes else 0

    assert [0] * 8 == [await burst_goes_on(number) for number in range(8)]
    assert BITE_BESIDE_OTHERS == await burst_goes_on(8)


async def test_what_is_drained_beside_others_is_written_a_few_at_a_time(
    start: Any, reply: Any, clock: ManualClock, tenant: TenantSnapshot, hubspot: Any
) -> None:
    """As long as others write, and no longer, a call takes no more replies of a loud project than a bite has."""
    process = start()
    await process.tenants.project(tenant.model_copy(update={"portal_id": 2, "chert_tenant": "globex"}))
    burst = [reply(f"m{number}", chat_id=f"c{number}") for number in range(BURST + 1)]
    await process.store_received([*burst, reply("m1", chert_tenant="globex")])
    assert (BITE_BESIDE_OTHERS, MAX_BATCH) == (process.drain.at_once("acme"), process.drain.at_once("globex"))
    process.drain.look_soon()
    for _ in range(3):
        await process.drain.step()

    await process.lanes.turn(tenant.portal_id)
    clock.advance(LATELY_SECONDS)

    assert [BITE_BESIDE_OTHERS] * 3 == hubspot.creates
    assert MAX_BATCH == process.drain.at_once("acme")


async def test_the_gauge_says_how_old_the_oldest_is(
    memory: InMemoryStores, workers: Workers, reply: Any, clock: ManualClock, metrics: Metrics
) -> None:
    """On-call sees for how long a reply has been waiting, set aside or not, and zero when none is."""
    async with workers.gauge(memory.stores.lanes, memory.stores.queues).running() as worker:
        await passes()
        assert "timeline_oldest_pending_seconds 0.0" in metrics.render().decode()
        await memory.lanes.add({1: [Work("t", "e", "c", clock.now())]}, clock.now())
        clock.advance(3)
        worker.wake()
        await passes()

        assert "timeline_oldest_pending_seconds 3.0" in metrics.render().decode()
        early = reply(received_at=clock.now() - timedelta(seconds=60))
        await memory.queues.enqueue({"acme": [Received(early.data)]}, clock.now())
        worker.wake()
        await passes()

    assert "timeline_oldest_pending_seconds 60.0" in metrics.render().decode()
