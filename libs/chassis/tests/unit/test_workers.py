"""Background loops that outlive everything."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from chassis.clock import ManualClock
from chassis.health import Health
from chassis.metrics import Metrics
from chassis.workers import Worker
from harness.waiting import eventually


class Loop:
    """A worker on a clock of the test's, with what can be seen of it."""

    def __init__(self, step: Callable[[], Awaitable[bool]], step_seconds: float = 30.0, spacing: float = 0.0) -> None:
        self.clock, self.metrics = ManualClock(), Metrics()
        self.health = Health(self.clock, self.metrics)
        self.rounds: asyncio.Queue[int] = asyncio.Queue()
        self._step, self._count = step, 0
        self.worker = Worker(
            "relay", self._counted, interval=5.0, clock=self.clock, health=self.health, metrics=self.metrics,
            spacing=spacing, step_seconds=step_seconds,
        )  # fmt: skip

    async def _counted(self) -> bool:
        self._count += 1
        self.rounds.put_nowait(self._count)
        return await self._step()

    async def until_resting(self) -> None:
        """Wait until it sleeps."""

        async def resting() -> bool:
            return self.clock.sleeping > 0

        await eventually(resting, what="the worker to rest", seconds=5)


async def nothing() -> bool:
    """A step without work."""
    return False


async def test_a_round_follows_each_interval() -> None:
    """Without being woken, a worker looks after each interval."""
    loop = Loop(nothing)
    async with loop.worker.running():
        assert 1 == await loop.rounds.get()
        await loop.until_resting()
        assert loop.rounds.empty()
        loop.clock.advance(5.0)
        assert 2 == await loop.rounds.get()


async def test_waking_runs_a_round_soon() -> None:
    """A woken worker runs at once, also when it is woken in the middle of a round."""
    entered, gate = asyncio.Event(), asyncio.Event()

    async def wait() -> bool:
        entered.set()
        await gate.wait()
        return False

    loop = Loop(wait)
    async with loop.worker.running() as worker:
        await entered.wait()
        worker.wake()
        gate.set()
        assert [1, 2] == [await loop.rounds.get(), await loop.rounds.get()]
        worker.wake()
        assert 3 == await loop.rounds.get()


async def test_wakes_in_quick_succession_share_a_round() -> None:
    """With a spacing, whatever wakes the worker within it after a round is answered by one round at its end."""
    loop = Loop(nothing, spacing=0.1)
    async with loop.worker.running() as worker:
        assert 1 == await loop.rounds.get()
        await loop.until_resting()
        worker.wake()
        worker.wake()
        assert loop.rounds.empty()
        loop.clock.advance(0.1)
        assert 2 == await loop.rounds.get()
        assert loop.rounds.empty()


async def test_a_worker_that_has_rested_wakes_at_once() -> None:
    """A wake that comes when the spacing is over needs no further time."""
    loop = Loop(nothing, spacing=0.1)
    async with loop.worker.running() as worker:
        assert 1 == await loop.rounds.get()
        await loop.until_resting()
        loop.clock.advance(0.1)
        await loop.until_resting()
        worker.wake()
        assert 2 == await loop.rounds.get()


async def test_more_work_means_another_round_at_once() -> None:
    """A step that says more work waits is called again without a rest."""
    left = [True, True, False]

    async def work() -> bool:
        return left.pop(0)

    loop = Loop(work)
    async with loop.worker.running():
        assert [1, 2, 3] == [await loop.rounds.get() for _ in range(3)]


async def cancelled() -> bool:
    """A step that awaits work which someone cancelled."""
    work = asyncio.ensure_future(asyncio.Event().wait())
    work.cancel()
    await work
    return False


async def broken() -> bool:
    """A step that fails."""
    raise ValueError


async def hanging() -> bool:
    """A step that never ends."""
    await asyncio.Event().wait()
    return False


@pytest.mark.parametrize("step", [broken, cancelled, hanging])
async def test_nothing_a_step_does_ends_the_loop(step: Callable[[], Awaitable[bool]]) -> None:
    """A step that raises, is cancelled from within or hangs is counted, and tried again after the interval."""
    loop = Loop(step, step_seconds=0.01)
    async with loop.worker.running() as worker:
        for round_ in (1, 2, 3):
            assert round_ == await loop.rounds.get()
            worker.wake()
        assert {} == loop.health.trouble()
    failures = next(line for line in loop.metrics.render().decode().splitlines() if "worker_failures_total{" in line)
    assert float(failures.split()[-1]) >= 2


async def test_a_loop_that_was_ended_fails_livez() -> None:
    """Should a loop end all the same, `/livez` says so, and so it does when a round stands still."""
    loop = Loop(nothing)
    async with loop.worker.running():
        await loop.rounds.get()
        loop.clock.advance(71.0)
        assert {"relay": "has not moved for 71 s"} == loop.health.trouble()
    assert {"relay": "ended"} == loop.health.trouble()


async def test_a_loop_ends_though_its_step_lost_the_cancellation() -> None:
    """A process that stops does not wait for ever for a loop that never heard of it."""
    entered = asyncio.Event()

    async def losing() -> bool:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return False
        return True

    loop = Loop(losing)
    async with asyncio.timeout(30), loop.worker.running():
        await entered.wait()
