"""The background loops: when they run. What they do is elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, Protocol

from chassis import cancellation
from chassis.lifespan import Plumbing
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.outbox import RELAY_SECONDS, OutboxRelay
from chassis.workers import Worker

LOG = get_log()

CREATION_SECONDS: Final = 1.0
"""How often it is looked for created contacts that became due; new ones do not wait for it."""

PURGE_SECONDS: Final = 3600.0
"""How often contents are purged; where no index is real each round reads every send."""

TOGETHER_SECONDS: Final = 0.25
"""How long the relay waits for more sends to tell of; a round for all of them costs little more than for one."""


class Soon:
    """Wakes a worker a little later, once for all who ask meanwhile."""

    def __init__(self, wake: Callable[[], None], seconds: float) -> None:
        self._wake, self._seconds = wake, seconds
        self._waiting = False

    def __call__(self) -> None:
        """Wake it soon."""
        if not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_later(self._seconds, self._now)

    def _now(self) -> None:
        self._waiting = False
        self._wake()


STEP_SECONDS: Final = 1.0
"""How often due steps are looked for."""

MAX_LANES: Final = 50
"""How many accounts have their turn at once."""


class DueAccounts(Protocol):
    """Where created contacts wait."""

    async def ensure_indexes(self) -> None:
        """Let what is due be found by account."""
        ...

    async def accounts_due(self, now: datetime, busy: Collection[int]) -> Sequence[int]:
        """Accounts with something due, but for those."""
        ...


def relay_worker(relay: OutboxRelay, plumbing: Plumbing, *, prepare: Sequence[Callable[[], Awaitable[None]]]) -> Worker:
    """Publishes events when a send got some, and looks for leftovers now and then.

    Args:
        relay: what publishes.
        plumbing: clock, health and metrics.
        prepare: what its first round does beforehand, as soon as the database answers: making indexes.
    """
    waiting = list(prepare)

    async def step() -> bool:
        while waiting:
            await waiting[0]()
            del waiting[0]
        return await relay.step()

    return Worker(
        "outbox relay",
        step,
        interval=RELAY_SECONDS,
        clock=plumbing.clock,
        health=plumbing.health,
        metrics=plumbing.metrics,
    )


class AccountLanes:
    """Runs turns at accounts: each account's one after the other, the accounts side by side."""

    def __init__(self, turn: Callable[[int], Awaitable[bool]], metrics: Metrics) -> None:
        self._turn, self._metrics = turn, metrics
        self._running: dict[int, asyncio.Task[None]] = {}

    @property
    def busy(self) -> Collection[int]:
        """Accounts whose turn it is."""
        return self._running.keys()

    @property
    def free(self) -> int:
        """How many more accounts may have a turn."""
        return MAX_LANES - len(self._running)

    def start(self, portal_id: int) -> None:
        """Give an account its turns, until nothing more is due."""
        self._running[portal_id] = asyncio.create_task(self._run(portal_id), name=f"account {portal_id}")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At the end cut off what runs; whatever it was at comes again, and happens once."""
        try:
            yield
        finally:
            await cancellation.end(*self._running.values())

    async def _run(self, portal_id: int) -> None:
        try:
            while await self._turn(portal_id):
                pass
        except Exception as error:
            self._metrics.count("worker_failures", worker="lane")
            LOG.warning("worker.failed", worker="lane", error=type(error).__name__, exc_info=error)
        finally:
            del self._running[portal_id]


def creation_worker(queue: DueAccounts, lanes: AccountLanes, plumbing: Plumbing) -> Worker:
    """Starts turns at the accounts in which a created contact is due."""
    prepared = False

    async def step() -> bool:
        nonlocal prepared
        if not prepared:
            await queue.ensure_indexes()
            prepared = True
        for portal_id in (await queue.accounts_due(plumbing.clock.now(), lanes.busy))[: lanes.free]:
            lanes.start(portal_id)
        return False

    return _worker("created contacts", step, CREATION_SECONDS, plumbing)


def purge_worker(
    purge: Callable[[], Awaitable[None]], prepare: Callable[[], Awaitable[None]], plumbing: Plumbing
) -> Worker:
    """Removes contents that are older than their account keeps them."""

    async def step() -> bool:
        await prepare()
        await purge()
        return False

    return _worker("retention", step, PURGE_SECONDS, plumbing)


def _worker(name: str, step: Callable[[], Awaitable[bool]], interval: float, plumbing: Plumbing) -> Worker:
    return Worker(name, step, interval=interval, clock=plumbing.clock, health=plumbing.health, metrics=plumbing.metrics)


def step_worker(
    look: Callable[[], Awaitable[bool]], plumbing: Plumbing, *, prepare: Callable[[], Awaitable[None]]
) -> Worker:
    """Looks for steps that are due; `prepare` is done once before."""
    waiting = [prepare]

    async def step() -> bool:
        while waiting:
            await waiting[0]()
            del waiting[0]
        return await look()

    return Worker(
        "workflow steps",
        step,
        interval=STEP_SECONDS,
        clock=plumbing.clock,
        health=plumbing.health,
        metrics=plumbing.metrics,
    )
