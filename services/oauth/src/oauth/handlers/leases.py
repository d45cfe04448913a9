"""Leases: something that one process at a time does (`architecture.md`, rule 9).

A candidate takes over only from a holder that has not shown life for the whole patience on the candidate's own
monotonic clock, so wall clocks that jump or differ never make two holders.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from chassis.clock import Clock
from oauth.errors import ContendedError
from oauth.models import Lease
from oauth.ports import LeaseStore

PATIENCE_SECONDS: Final = 15.0
"""How long a holder may be silent before another takes over."""


WAIT_SECONDS: Final = 20.0
"""How long to wait for a lease that is needed: longer than a dead holder keeps it."""

POLL_SECONDS: Final = 0.05
"""How often to look whether a lease has become free."""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease of ours, and until when on our monotonic clock nobody else can have taken it over."""

    lease: Lease
    until: float


class Leases:
    """One process's view of the leases: which it may take, and since when a holder has been silent.

    The process itself does one thing of a name at a time; what it still holds is what it could not give back.
    """

    def __init__(self, store: LeaseStore, *, clock: Clock, holder: str) -> None:
        self._store, self._clock, self._holder = store, clock, holder
        self._silent: dict[str, tuple[int, float]] = {}
        self._given_back: dict[str, Lease] = {}

    async def take(self, name: str) -> Held | None:
        """Take a lease that is free or abandoned; none while another holds it.

        One that lies as we left it is taken without looking.
        """
        return await self._take_again(name) or await self._take(name)

    async def _take_again(self, name: str) -> Held | None:
        left = self._given_back.pop(name, None)
        asked_at = self._clock.monotonic()
        lease = None if left is None else await self._store.take(name, self._holder, replacing=left)
        return None if lease is None else Held(lease, until=asked_at + PATIENCE_SECONDS)

    async def _take(self, name: str) -> Held | None:
        asked_at = self._clock.monotonic()
        current = await self._store.current(name)
        if current is not None and current.holder not in {None, self._holder} and not self._abandoned(current):
            return None
        lease = await self._store.take(name, self._holder, replacing=current)
        self._silent.pop(name, None)
        return None if lease is None else Held(lease, until=asked_at + PATIENCE_SECONDS)

    async def give_back(self, held: Held) -> None:
        """Leave a lease to others."""
        await self._store.give_back(held.lease)
        self._given_back[held.lease.name] = replace(held.lease, holder=None)

    def _abandoned(self, lease: Lease) -> bool:
        now = self._clock.monotonic()
        beat, since = self._silent.get(lease.name, (lease.beat, now))
        if beat != lease.beat:
            since = now
        self._silent[lease.name] = (lease.beat, since)
        return now - since >= PATIENCE_SECONDS


@asynccontextmanager
async def alone(name: str, store: LeaseStore, *, clock: Clock, holder: str) -> AsyncIterator[Held]:
    """Hold a lease that another has for a moment; for one piece of work, under a holder's name of its own.

    Raises:
        ContendedError: it did not become free.
    """
    leases = Leases(store, clock=clock, holder=holder)
    give_up_at = clock.monotonic() + WAIT_SECONDS
    while (held := await leases.take(name)) is None:
        if clock.monotonic() >= give_up_at:
            raise ContendedError
        await clock.sleep(POLL_SECONDS)
    try:
        yield held
    finally:
        await leases.give_back(held)
