"""A partition's batches: one that fills, more that wait behind a full one, and one that the broker has.

Whatever arrives while the broker has one batch forms the next. aiokafka keeps one produce request in flight per broker
and pays 0.2 to 0.45 ms for each, nearly whatever is in it, so few and full requests are what makes this fast.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from contracts.envelope import Headers
from webhooks.models.deliveries import Record

Place = tuple[str, int]
"""Topic and partition."""


class Builder(Protocol):
    """What aiokafka's `BatchBuilder` does."""

    def append(self, *, timestamp: int | None, key: bytes, value: bytes, headers: Headers) -> object | None:
        """Take a record in, or say that it does not fit any more."""
        ...

    def close(self) -> None:
        """Take no more."""
        ...


class Batch:
    """Records of one partition that go out together, and the deliveries that wait for them.

    Every waiter has a future of its own: one client that goes away must not cancel the wait of the others.
    """

    __slots__ = ("_waiters", "builder", "due", "records")

    def __init__(self, builder: Builder, due: float) -> None:
        self.builder, self.due = builder, due
        self.records = 0
        self._waiters: list[asyncio.Future[bool]] = []

    def append(self, record: Record) -> bool:
        """Take a record in, stamped with the broker's kind of time; false if the batch is full.

        The clock file does not move that time: a broker refuses what is more than an hour ahead of it.
        """
        taken = self.builder.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
        self.records += taken is not None
        return taken is not None

    def wait(self) -> "asyncio.Future[bool]":
        """Resolves to whether the batch is durable."""
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter

    @property
    def deliveries(self) -> int:
        """How many wait."""
        return len(self._waiters)

    def settle(self, *, durable: bool) -> None:
        """Tell everybody who waits, once."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(durable)


class Lane:
    """One partition.

    Attributes:
        place: which.
        count: counts acknowledged records.
        sent: the batch that the broker has.
        late: the broker has not acknowledged the batch that it has in time; until it does, nothing more is taken.
    """

    def __init__(self, place: Place, count: Callable[[float], None]) -> None:
        self.place, self.count = place, count
        self.late = False
        self.sent: Batch | None = None
        self._filling: deque[Batch] = deque()

    def append(self, record: Record, opened: Callable[[], Batch]) -> Batch:
        """Take a record into the batch that fills, or into a new one; which it was."""
        if self._filling and self._filling[-1].append(record):
            return self._filling[-1]
        batch = opened()
        batch.append(record)  # the first record of a batch always fits
        self._filling.append(batch)
        return batch

    @property
    def is_waiting(self) -> bool:
        """Whether a batch could be sent now."""
        return self.sent is None and bool(self._filling)

    def next(self) -> Batch:
        """The oldest batch, now the broker's."""
        self.sent = self._filling.popleft()
        return self.sent

    def is_overdue(self, now: float) -> bool:
        """Whether anything here has waited too long."""
        oldest = self.sent if self.sent is not None and not self.late else next(iter(self._filling), None)
        return oldest is not None and oldest.due <= now

    def give_up(self) -> int:
        """Tell everybody here that nothing is known to be durable, and forget what was not sent; how many records.

        What the broker has may still be written; the same event ids make that harmless.
        """
        batches = [*([self.sent] if self.sent is not None else ()), *self._filling]
        self.late = self.sent is not None
        self._filling.clear()
        for batch in batches:
            batch.settle(durable=False)
        return sum(batch.records for batch in batches)
