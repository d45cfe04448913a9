"""Background loops: when to run. What to do is the caller's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from chassis import cancellation
from chassis.clock import Clock
from chassis.health import Health
from chassis.logging import get_log
from chassis.metrics import Metrics

LOG = get_log()

STEP_SECONDS = 30.0
"""The longest one round may take; a round that hangs is cut off, counted and tried again."""


class Worker:
    """A loop that runs a step when woken, and every `interval` seconds anyway.

    A step says whether more work waits; then the next round follows at once. A step that raises is logged and
    tried again after the interval: a loop of ours never ends while the process lives.

    Args:
        name: for logs, metrics and health.
        step: one round.
        interval: seconds between rounds that nobody asked for.
        spacing: seconds after a round before a wake counts, so that what comes in quick succession is done together;
            a worker that has rested longer wakes at once.
        clock: sleeps.
        health: sees the loop's heartbeat.
        metrics: counts rounds that failed.
        step_seconds: the longest one round may take.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], Awaitable[bool]],
        *,
        interval: float,
        clock: Clock,
        health: Health,
        metrics: Metrics,
        spacing: float = 0.0,
        step_seconds: float = STEP_SECONDS,
    ) -> None:
        self.name = name
        self._step, self._interval, self._clock, self._metrics = step, interval, clock, metrics
        self._spacing, self._step_seconds = spacing, step_seconds
        self._heartbeat = health.heartbeat(name, interval + step_seconds)
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Run a round soon."""
        self._wake.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Worker"]:
        """Run the loop in the background until the block ends."""
        task = asyncio.create_task(self._run(), name=self.name)
        self._heartbeat.attach(task)
        try:
            yield self
        finally:
            await cancellation.end(task)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            if not await self._round():
                await self._rest()

    async def _round(self) -> bool:
        self._heartbeat.beat()
        try:
            async with asyncio.timeout(self._step_seconds):
                return await self._step()
        except asyncio.CancelledError as error:
            if cancellation.is_asked_for():
                raise
            self._tell(error)
        except Exception as error:  # noqa: BLE001 - the loop outlives whatever a round raises
            self._tell(error)
        return False

    def _tell(self, error: BaseException) -> None:
        self._metrics.count("worker_failures", worker=self.name)
        LOG.warning("worker.failed", worker=self.name, error=type(error).__name__, exc_info=error)

    async def _rest(self) -> None:
        if self._spacing:
            await self._clock.sleep(self._spacing)
        nap = asyncio.create_task(self._clock.sleep(self._interval))
        woken = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({nap, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (nap, woken):
                task.cancel()
