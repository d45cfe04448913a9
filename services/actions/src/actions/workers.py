"""The background loops: when they run. What they do is elsewhere."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from chassis.lifespan import Plumbing
from chassis.outbox import RELAY_SECONDS, OutboxRelay
from chassis.workers import Worker


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


STEP_SECONDS: Final = 1.0
"""How often due steps are looked for."""


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
