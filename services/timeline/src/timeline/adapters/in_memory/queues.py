"""The queues in memory."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from timeline.models import Queue, Received, Row, erased, opened

HELD: Final = timedelta(seconds=10)


@dataclass
class QueueRow:
    """One queue."""

    left: int = 0
    first: int = 0
    end: int = 0
    holder: str | None = None
    until: datetime | None = None
    portions: dict[int, Sequence[Received]] = field(default_factory=dict)


class InMemoryQueues:
    """Queues by project."""

    def __init__(self) -> None:
        self.queues: dict[str, QueueRow] = {}
        self.since: dict[str, datetime] = {}

    async def enqueue(self, messages: Mapping[str, Sequence[Row]], now: datetime) -> None:
        """Set messages aside by project, behind all that is there."""
        for chert_tenant, rows in messages.items():
            queue = self.queues.setdefault(chert_tenant, QueueRow())
            queue.portions[queue.end] = [opened(row) for row in rows]
            queue.end += 1
            self.since.update((row.id, now) for row in rows)

    async def leave(self, chert_tenants: Collection[str]) -> None:
        """Rows of these projects were left in the inbox."""
        for chert_tenant in chert_tenants:
            self.queues.setdefault(chert_tenant, QueueRow()).left += 1

    async def waiting(self) -> Collection[str]:
        """Projects that have messages set aside."""
        return {chert_tenant for chert_tenant, queue in self.queues.items() if queue.portions}

    async def hold(self, chert_tenant: str, holder: str, now: datetime) -> Queue | None:
        """A project's queue, unless somebody else is at it."""
        queue = self.queues.get(chert_tenant)
        if queue is None or (queue.holder not in {None, holder} and queue.until is not None and queue.until >= now):
            return None
        queue.holder, queue.until = holder, now + HELD
        return self.look(chert_tenant)

    async def let_go(self, chert_tenant: str, holder: str) -> None:
        """Others may be at it now."""
        queue = self.queues[chert_tenant]
        if queue.holder == holder:
            queue.holder = queue.until = None

    async def none_left(self, queue: Queue) -> None:
        """No rows were found in the inbox; that counts unless some were left since the queue was seen."""
        row = self.queues[queue.chert_tenant]
        if row.left == queue.left:
            row.left = 0

    async def portion(self, chert_tenant: str, number: int) -> Sequence[Received] | None:
        """The messages of a portion, in order."""
        return self.queues[chert_tenant].portions.get(number)

    async def drop(self, chert_tenant: str, number: int) -> None:
        """The first portion is on lanes, whole; the next is first."""
        queue = self.queues[chert_tenant]
        queue.portions.pop(number, None)
        if queue.first == number:
            queue.first += 1

    async def tidy(self, queue: Queue) -> bool:
        """Nothing is ever left half done here; whether there is something to give to lanes."""
        return not self.look(queue.chert_tenant).empty

    async def oldest(self) -> datetime | None:
        """When the oldest message came that is set aside."""
        return min((row.message.received_at for row in self.rows().values()), default=None)

    async def lengths(self, chert_tenants: Collection[str]) -> Mapping[str, int]:
        """How many messages of projects are set aside, of those that have some."""
        lengths = Counter(row.message.chert_tenant for row in self.rows().values())
        return {chert_tenant: count for chert_tenant, count in lengths.items() if chert_tenant in chert_tenants}

    def erase(self, chert_tenant: str, chat_ids: Collection[str]) -> None:
        """Remove the content of messages of these conversations; the messages stay where they are."""
        queue = self.queues.get(chert_tenant, QueueRow())
        for number, rows in queue.portions.items():
            queue.portions[number] = [erased(row) if row.message.chat_id in chat_ids else row for row in rows]

    def look(self, chert_tenant: str) -> Queue:
        """What stands before a project's next message."""
        row = self.queues.get(chert_tenant, QueueRow())
        return Queue(chert_tenant, row.left, row.first, row.end)

    def rows(self) -> Mapping[str, Received]:
        """Every message that is set aside, by key."""
        portions = (rows for queue in self.queues.values() for rows in queue.portions.values())
        return {row.id: row for rows in portions for row in rows}
