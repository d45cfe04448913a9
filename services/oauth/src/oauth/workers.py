"""The background loops: telling what was decided, asking HubSpot about doubts, forgetting expired states."""

from collections.abc import Awaitable, Callable
from typing import Final

from chassis.lifespan import Plumbing
from chassis.outbox import RELAY_SECONDS, OutboxRelay
from chassis.workers import Worker

CHECK_SECONDS: Final = 5.0
"""How often doubts are looked for that nobody woke the worker for: postponed ones, and those of a lost process."""

PURGE_SECONDS: Final = 300.0


def outbox_worker(relay: OutboxRelay, plumbing: Plumbing) -> Worker:
    """Publishes pending events; woken by every event that is written."""
    return _worker("outbox", relay.step, RELAY_SECONDS, plumbing)


def grant_worker(check_grants: Callable[[], Awaitable[bool]], plumbing: Plumbing) -> Worker:
    """Settles doubts about grants; woken by every hint."""
    return _worker("grant checks", check_grants, CHECK_SECONDS, plumbing)


def purge_worker(purge: Callable[[], Awaitable[int]], plumbing: Plumbing) -> Worker:
    """Forgets states that expired; MongoDB's own expiry does so too where there is one."""

    async def step() -> bool:
        """One purge; the next can wait."""
        await purge()
        return False

    return _worker("purge", step, PURGE_SECONDS, plumbing)


def _worker(name: str, step: Callable[[], Awaitable[bool]], interval: float, plumbing: Plumbing) -> Worker:
    return Worker(name, step, interval=interval, clock=plumbing.clock, health=plumbing.health, metrics=plumbing.metrics)
