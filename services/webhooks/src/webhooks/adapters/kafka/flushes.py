"""When to flush: at once when nothing is under way, else when those who were just answered have had time to come back.

One produce request is under way at a time, and costs nearly the same whatever is in it. When it is answered, so are its
senders, and the next request of each is there a moment later. Going off at once would take only those that came in
between: at 32 connections half of them, in twice as many produce requests. Databases know this as group commit.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from webhooks.adapters.kafka.lanes import Batch

LOG = get_log()

RETURNING: Final = 2.0
"""Those whom a flush answered are waited for twice as long as it took: where it takes long the machine is slow, and so
are they, and each flush that leaves without them makes them wait for two."""

SHORTEST_SECONDS: Final = 0.001
LONGEST_SECONDS: Final = 0.02
"""Bounds of that. For deliveries that are here and wait for their turn to be read, records wait longer."""

MANY_RECORDS: Final = 1536
"""With so many, what a produce request costs by itself hardly counts, and half of the deliveries are enough: while the
brokers write them, the other half is read, and neither waits for the other."""

TELLING_SECONDS: Final = 0.1
"""How often flushes are told of. At load there are hundreds a second, and a line costs as much as three deliveries."""


class FlushLog:
    """Tells of flushes: of each by itself while they are few, of all since the last line when they are many."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._told = clock, float("-inf")
        self._flushes = self._records = self._deliveries = 0
        self._longest = 0.0

    def add(self, records: int, deliveries: int, seconds: float) -> None:
        """A flush is durable."""
        self._flushes += 1
        self._records += records
        self._deliveries += deliveries
        self._longest = max(self._longest, seconds)
        self.tell_when_due()

    def tell_when_due(self) -> None:
        """Write a line if there is anything to tell, and the last one is old enough."""
        if self._flushes and self._clock.monotonic() - self._told >= TELLING_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Write a line if there is anything to tell."""
        if not self._flushes:
            return
        LOG.info(
            "delivery.accepted",
            records=self._records,
            deliveries=self._deliveries,
            flushes=self._flushes,
            longest_milliseconds=round(self._longest * 1000, 1),
        )
        self._told, self._longest = self._clock.monotonic(), 0.0
        self._flushes = self._records = self._deliveries = 0


class Flush:
    """What is with the brokers now, and in time; it is told of when all of it is durable.

    Attributes:
        batches: so many are with them.
        deliveries: so many wait for them; after the last batch is settled, so many waited.
        since: when that began, or was over.
    """

    def __init__(self, clock: Clock, log: FlushLog) -> None:
        self._clock, self._log = clock, log
        self.since = 0.0
        self._took = 0.0
        self._records = 0
        self.batches = self.deliveries = 0

    def sent(self, batch: Batch) -> None:
        """A batch went out."""
        if not self.batches:
            self.since, self._records, self.deliveries = self._clock.monotonic(), 0, 0
        self.batches += 1
        self.deliveries += batch.deliveries

    def settled(self, batch: Batch, *, durable: bool) -> None:
        """A batch is no longer waited for."""
        self.batches -= 1
        self._records += batch.records if durable else 0
        if self.batches:
            return
        began, self.since = self.since, self._clock.monotonic()
        self._took = self.since - began
        if self._records:
            self._log.add(self._records, self.deliveries, self._took)

    def left_to_return(self) -> float:
        """For how many seconds those whom it answered are still waited for; none or fewer when that is over."""
        patience = min(max(SHORTEST_SECONDS, RETURNING * self._took), LONGEST_SECONDS)
        return self.since + patience - self._clock.monotonic()


class Gathering:
    """Decides when the next flush begins."""

    def __init__(self, flush: Flush, more_at_hand: Callable[[], bool]) -> None:
        """Between these flushes; `more_at_hand` says whether deliveries are here that only have to be read."""
        self._flush, self._more_at_hand = flush, more_at_hand
        self._wake = asyncio.Event()
        self._waiting = self._records = self._hoped_for = 0
        self._timer: asyncio.TimerHandle | None = None

    def came(self, records: int) -> None:
        """A delivery is in a batch."""
        self._waiting += 1
        self._records += records
        if self._flush.batches:
            return
        if self.is_enough:
            self._wake.set()
        elif self._timer is None:
            self._set_timer(self._flush.left_to_return())

    @property
    def is_enough(self) -> bool:
        """Whether nothing is gained by waiting: all are here, or half of them with many records."""
        hoped_for = self._hoped_for if self._records < MANY_RECORDS else self._hoped_for / 2
        return self._waiting >= hoped_for

    def flushed(self, *, anything_left: bool) -> None:
        """All batches are settled: hope for as many deliveries as these were, beside those that wait already."""
        self._hoped_for = self._waiting + self._flush.deliveries
        if self._waiting and self.is_enough:
            self._wake.set()
        elif self._waiting:
            self._set_timer(self._flush.left_to_return())
        elif anything_left:  # behind batches that were full
            self._wake.set()

    def _set_timer(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._time_is_up)

    def _time_is_up(self) -> None:
        if self._more_at_hand():
            self._set_timer(SHORTEST_SECONDS)
        else:
            self._wake.set()

    def flush_now(self) -> None:
        """Wait no longer."""
        self._wake.set()

    async def wait(self) -> None:
        """Return when a flush is to begin."""
        await self._wake.wait()
        self._wake.clear()
        self._waiting = self._records = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
