"""Relaying by one process at a time: two of them would tell an old revision after a newer one.

The lease is taken for each round. Right before each publish the holder makes sure that nobody can have taken over
until that publish has ended one way or the other. A round that the broker failed keeps the lease: what it left in the
producer may still arrive, and only after it may anyone else go on.

No lease holds back a process that is stopped inside a publish and woken later, so whoever comes after another also
shuts it out at the broker, before it looks at the lease for the last time.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from chassis.clock import Clock
from contracts.envelope import Event, EventData
from oauth.errors import LeaseLostError
from oauth.handlers.leases import POLL_SECONDS, Held, Leases

LEASE: Final = "outbox"

PUBLISH_SECONDS: Final = 6.0
"""What a publish may take, with a second to spare (`chassis.kafka.PUBLISH_SECONDS`)."""


class Publisher(Protocol):
    """Tells events to the world, as long as nobody else took over."""

    async def take_over(self) -> None:
        """Shut out whoever told before: what of theirs is still on its way comes to nothing."""
        ...

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Return once every event is durable."""
        ...


class RelayTurn:
    """This process's turns at relaying, and the publisher that works only during one."""

    def __init__(self, publisher: Publisher, leases: Leases, clock: Clock) -> None:
        self._publisher, self._leases, self._clock = publisher, leases, clock
        self._held: Held | None = None
        self._fence, self._settled = 0, False

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Publish while nobody else can, and after all that went before.

        Raises:
            LeaseLostError: somebody else may be relaying; nothing was published.
        """
        if not self._settled:
            await self._publisher.take_over()
        await self._make_sure()
        self._settled = False  # what is cut off here may still arrive
        await self._publisher.publish(events)
        self._settled = True

    async def take(self, relay: Callable[[], Awaitable[bool]], *, waiting: Callable[[], Awaitable[bool]]) -> bool:
        """Relay a round when it is our turn; true when more may wait."""
        self._held = await self._leases.take(LEASE)
        if self._held is None:
            if not await waiting():
                return False
            await self._clock.sleep(POLL_SECONDS)
            return True
        self._settled = self._settled and self._held.lease.fence == self._fence + 1
        self._fence = self._held.lease.fence
        more = await relay()
        held, self._held = self._held, None
        if held is not None:
            await self._leases.give_back(held)
        return more

    async def _make_sure(self) -> None:
        """Hold the lease long enough for a publish; what was read under it is stale once another held it."""
        former = self._held
        if former is None:
            raise LeaseLostError(LEASE)
        if former.until - self._clock.monotonic() >= PUBLISH_SECONDS:
            return
        self._held = await self._leases.take(LEASE)
        if self._held is None or self._held.lease.fence != former.lease.fence + 1:
            raise LeaseLostError(LEASE)
        self._fence = self._held.lease.fence
