"""The background loops: when to assign, which lanes run. What to do there is the handlers' business."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from chassis import cancellation
from chassis.backfilling import PAUSE_SECONDS, Backfill
from chassis.lifespan import Plumbing
from chassis.logging import get_log
from chassis.outbox import RELAY_SECONDS
from chassis.workers import STEP_SECONDS, Worker
from timeline.handlers.catching_up import CatchUp
from timeline.handlers.contact_changes import ContactChanges
from timeline.handlers.draining import LOOK_SECONDS, SHORTEST_REST_SECONDS, Drain
from timeline.handlers.relaying import Relay
from timeline.handlers.retention import Retention
from timeline.ports import LaneSweep, QueueAges

LOG = get_log()

SWEEP_SECONDS: Final = 1.0
"""How often lanes are searched for what became due, or lost its holder."""

RETRY_SECONDS: Final = 5.0
"""How often accounts are looked for whose contacts changed."""

CATCH_UP_SECONDS: Final = 10.0
"""How often projects are looked for whose log is due; each is read once a minute."""

CATCH_UP_STEP_SECONDS: Final = 120.0
"""The longest that reading the logs of all projects may take."""

RETENTION_SECONDS: Final = 3_600.0
"""How often content is looked for that has been kept long enough."""

ALARM_SECONDS: Final = 15.0
"""How far ahead a process sets itself an alarm for a lane; the sweep finds what is due later."""

RELAY_SPACING_SECONDS: Final = 0.2
"""How long events of documents that follow each other closely collect, to be told together and crossed out together."""

GAUGE_SECONDS: Final = 5.0
"""How often the oldest pending reply is looked for."""

MAX_LANES: Final = 40
"""How many lanes one process works on at once: fewer than it has connections to the database (50), so that none waits
in vain for one; HubSpot's connections are as many."""

DRAIN_SECONDS: Final = 5.0
"""How long lanes may take to come to a stop; a call that is cut off then is reconciled by whoever comes next."""

Step = Callable[[], Awaitable[bool]]
"""One round of a loop; true when the next should follow at once."""


class Preparation:
    """What has to be done before any loop's first round, by whichever comes first, as soon as the database answers."""

    def __init__(self, *steps: Callable[[], Awaitable[None]]) -> None:
        """These steps, in this order."""
        self._waiting = list(steps)
        self._alone = asyncio.Lock()

    async def __call__(self) -> None:
        """Return when all of it is done."""
        async with self._alone:
            while self._waiting:
                await self._waiting[0]()
                del self._waiting[0]


class LaneRunner:
    """Runs turns at lanes: an account's one after the other, the accounts side by side."""

    def __init__(
        self,
        turn: Callable[[int], Awaitable[datetime | None]],
        tell: Callable[[int], bool],
        find: Callable[[Collection[int]], Awaitable[Sequence[int]]],
        *,
        after_turn: Callable[[], None],
        stopping: asyncio.Event,
        plumbing: Plumbing,
    ) -> None:
        self._turn, self._tell, self._find, self._after_turn = turn, tell, find, after_turn
        self._stopping, self._clock, self._metrics = stopping, plumbing.clock, plumbing.metrics
        self._running: dict[int, asyncio.Task[None]] = {}
        self._waiting: dict[int, None] = {}  # a set that keeps its order
        self._again: set[int] = set()
        self._alarms: dict[int, asyncio.TimerHandle] = {}

    @property
    def at_work(self) -> int:
        """How many lanes have a turn now."""
        return len(self._running)

    def work_soon(self, portal_ids: Collection[int]) -> None:
        """Something is due in these lanes; the turn of one that runs is told, or followed by another one."""
        for portal_id in portal_ids:
            if portal_id in self._running:
                if not self._tell(portal_id):
                    self._again.add(portal_id)
            else:
                self._waiting[portal_id] = None
        self._start()

    async def step(self) -> bool:
        """Look for lanes that nobody was woken for."""
        self.work_soon(await self._find(self._running.keys()))
        return False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At the end let every turn come to a stop, and cut off those that do not."""
        try:
            yield
        finally:
            self._stopping.set()
            for alarm in self._alarms.values():
                alarm.cancel()
            await self._drain()

    def _start(self) -> None:
        while self._waiting and len(self._running) < MAX_LANES and not self._stopping.is_set():
            portal_id = next(iter(self._waiting))
            del self._waiting[portal_id]
            self._running[portal_id] = asyncio.create_task(self._run(portal_id), name=f"lane {portal_id}")

    async def _run(self, portal_id: int) -> None:
        due_at = None
        try:
            due_at = await self._turn(portal_id)
        except Exception as error:  # the lane stays held; the next sweep finds it
            self._metrics.count("worker_failures", worker="lane")
            LOG.warning("worker.failed", worker="lane", error=type(error).__name__, exc_info=error)
        finally:
            del self._running[portal_id]
            if portal_id in self._again:
                self._again.discard(portal_id)
                self._waiting[portal_id] = None
            elif due_at is not None:
                self._come_back(portal_id, due_at)
            self._start()
            self._after_turn()

    def _come_back(self, portal_id: int, due_at: datetime) -> None:
        """Another turn when the next reply is due; what is far off is left to the sweep, on whichever process."""
        seconds = (due_at - self._clock.now()).total_seconds()
        if seconds <= 0:
            self._waiting[portal_id] = None
        elif seconds < ALARM_SECONDS:
            alarm = asyncio.get_running_loop().call_later(seconds, self._ring, portal_id)
            replaced, self._alarms[portal_id] = self._alarms.get(portal_id), alarm
            if replaced is not None:
                replaced.cancel()

    def _ring(self, portal_id: int) -> None:
        del self._alarms[portal_id]
        self.work_soon([portal_id])

    async def _drain(self) -> None:
        tasks = list(self._running.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
        await cancellation.end(*late)


class Workers:
    """Makes this process's loops: each with its clock, health and metrics, none before the preparation."""

    def __init__(self, plumbing: Plumbing, prepare: Callable[[], Awaitable[None]]) -> None:
        self._plumbing, self._prepare = plumbing, prepare

    def relay(self, name: str, relay: Relay) -> Worker:
        """Publishes events soon after a document got some, and looks for leftovers now and then."""
        return self._worker(name, relay.step, RELAY_SECONDS, spacing=RELAY_SPACING_SECONDS)

    def sweep(self, lanes: LaneRunner) -> Worker:
        """Looks for lanes to work on that nobody was woken for."""
        return self._worker("lane sweep", lanes.step, SWEEP_SECONDS)

    def drain(self, drain: Drain, lanes: LaneRunner) -> Worker:
        """Gives accounts what waited for them, or for room, or behind others.

        Where others are at work it rests as long as it works, or longer.
        """
        clock = self._plumbing.clock

        async def step() -> bool:
            began = clock.monotonic()
            assigned = await drain.turn()
            lanes.work_soon(assigned.portal_ids)
            if assigned.more:
                breath = drain.breath(clock.monotonic() - began, lanes.at_work)
                if breath is not None:
                    await clock.sleep(breath)
            elif assigned.waits:
                await clock.sleep(SHORTEST_REST_SECONDS)
            return assigned.more or assigned.waits

        return self._worker("drain", step, LOOK_SECONDS)

    def retries(self, contacts: ContactChanges, *, work_soon: Callable[[Collection[int]], None]) -> Worker:
        """Tries replies again whose account's contacts changed a while ago."""

        async def step() -> bool:
            work_soon(await contacts.retry_due())
            return False

        return self._worker("retries", step, RETRY_SECONDS)

    def catch_up(self, catch_up: CatchUp) -> Worker:
        """Reads from Chert's event log what was never delivered."""
        return self._worker("catch-up", catch_up.step, CATCH_UP_SECONDS, step_seconds=CATCH_UP_STEP_SECONDS)

    def retention(self, retention: Retention) -> Worker:
        """Removes content that has been kept long enough."""
        return self._worker("retention", retention.step, RETENTION_SECONDS)

    def backfill(self, backfill: Backfill) -> Worker:
        """Writes anew what an earlier release wrote in another way."""
        return self._worker("backfill", backfill.step, PAUSE_SECONDS)

    def gauge(self, lanes: LaneSweep, queues: QueueAges) -> Worker:
        """Says how old the oldest reply is that is not on its timeline, and how many breakers are open."""
        clock, metrics = self._plumbing.clock, self._plumbing.metrics

        async def step() -> bool:
            now = clock.now()
            oldest = min(await lanes.oldest() or now, await queues.oldest() or now)
            metrics.set("timeline_oldest_pending_seconds", (now - oldest).total_seconds())
            metrics.set("timeline_breakers_open", await lanes.open_breakers())
            return False

        return self._worker("pending gauge", step, GAUGE_SECONDS)

    def _worker(
        self, name: str, step: Step, seconds: float, *, step_seconds: float = STEP_SECONDS, spacing: float = 0.0
    ) -> Worker:
        async def prepared() -> bool:
            await self._prepare()
            return await step()

        clock, health, metrics = self._plumbing.clock, self._plumbing.health, self._plumbing.metrics
        return Worker(
            name,
            prepared,
            interval=seconds,
            clock=clock,
            health=health,
            metrics=metrics,
            spacing=spacing,
            step_seconds=step_seconds,
        )
