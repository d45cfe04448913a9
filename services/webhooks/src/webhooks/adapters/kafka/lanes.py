"""A partition's batches: one that fills, more that wait behind a full one, and one that the broker has.

Whatever arrives while the broker has one batch forms the next. aiokafka keeps one produce request in flight per broker
and pays for each nearly the same whatever is in it, so few and full requests are what makes this fast.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from chassis.logging import get_log
from webhooks.models.deliveries import Record
from webhooks.ports import Stored

LOG = get_log()

Place = tuple[str, int]
"""Topic and partition."""


class Builder(Protocol):
    """What batches are written with."""

    def take(self, records: Sequence[Record], now: int) -> int:
        """Take in what these begin with, as far as it is alike and fits; how many that were, one at least if it is new.

        They are stamped with so many milliseconds since the epoch.
        """
        ...

    def record_count(self) -> int:
        """How many records it has."""
        ...

    def closed(self) -> bool:
        """Whether it takes no more; so it is when something did not fit."""
        ...

    def close(self) -> None:
        """Take no more."""
        ...


class Batch:
    """Records of one partition that go out together, and who waits to hear of them."""

    __slots__ = ("_waiters", "builder", "due")

    def __init__(self, builder: Builder, due: float) -> None:
        self.builder, self.due = builder, due
        self._waiters: list[Stored] = []

    @property
    def records(self) -> int:
        """How many it has."""
        return self.builder.record_count()

    def wait(self, stored: Stored) -> None:
        """Have this called with whether the batch is durable."""
        self._waiters.append(stored)

    @property
    def deliveries(self) -> int:
        """How many wait."""
        return len(self._waiters)

    def settle(self, *, durable: bool) -> None:
        """Tell everybody who waits, once; trouble with one of them is not the others' trouble."""
        waiters, self._waiters = self._waiters, []
        for stored in waiters:
            try:
                stored(durable)
            except Exception as error:
                LOG.exception("http.failed", error=type(error).__name__)


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

    @property
    def filling(self) -> Batch | None:
        """The batch that takes records, if there is one."""
        return self._filling[-1] if self._filling and not self._filling[-1].builder.closed() else None

    def open(self, batch: Batch) -> None:
        """Fill this batch from now on."""
        self._filling.append(batch)

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
