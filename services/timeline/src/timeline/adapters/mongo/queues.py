"""What stands before a project's next message: a document of `inbox` with the key `{chert_tenant}:`, and its portions.

It lies among the rows, so that one look at a batch tells which messages are known and which have to go behind others.
`queue.left` counts the times that rows were left in the inbox since none were, `queue.first` and `queue.end` are the
numbers of its portions, `queue.holder` works on it until `queue.until`.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pymongo import ReturnDocument, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError

from chassis.mongo import Document, duplicates
from timeline.adapters.mongo import inbox
from timeline.adapters.mongo.portions import MongoPortions, Part, parts
from timeline.models import Queue, Received, Row, sealed

_AFTER: Final = ReturnDocument.AFTER

HELD: Final = timedelta(seconds=10)
"""How long a queue is its holder's without a word; two at it do no harm but work."""

_REMEMBERED: Final = 1_000
"""Of how many projects the end of the queue is remembered."""


class MongoQueues:
    """The queues in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], portions: MongoPortions) -> None:
        self._queues, self._portions = database[inbox.COLLECTION], portions
        self._ends: dict[str, int] = {}

    async def enqueue(self, messages: Mapping[str, Sequence[Row]], now: datetime) -> None:
        """Set messages aside by project, behind all that is there."""
        await asyncio.gather(*(self._enqueue(chert_tenant, rows, now) for chert_tenant, rows in messages.items()))

    async def _enqueue(self, chert_tenant: str, rows: Sequence[Row], now: datetime) -> None:
        for part in parts([sealed(row) for row in rows]):
            while not await self._append(chert_tenant, part, now):
                pass  # others came first, and what they laid down is on lanes already

    async def _append(self, chert_tenant: str, part: Part, now: datetime) -> bool:
        """Lay a portion down at the first number that is free, then count it in; false if that number is over."""
        number = await self._end(chert_tenant)
        while not await self._portions.lay_down(chert_tenant, number, part, now):
            number += 1
        if await self._count(chert_tenant, number):
            self._ends[chert_tenant] = number + 1
            return True
        await self._portions.remove(chert_tenant, [number])
        return False

    async def _end(self, chert_tenant: str) -> int:
        """The number after the newest portion's, or one that was so before: its key tells who comes too late."""
        if len(self._ends) > _REMEMBERED:
            self._ends.clear()
        end = self._ends.pop(chert_tenant, None)
        if end is not None:
            return end
        document = await self._queues.find_one(_of(chert_tenant), {"queue": 1})
        return 0 if document is None else inbox.queue_of(document).end

    async def _count(self, chert_tenant: str, number: int) -> bool:
        """Let the queue reach to this portion, unless it has passed it."""
        ahead: list[Document] = [{"queue.first": None}, {"queue.first": {"$lte": number}}]
        try:
            counted = await self._queues.update_one(
                {**_of(chert_tenant), "$or": ahead}, {"$max": {"queue.end": number + 1}}, upsert=True
            )
        except DuplicateKeyError:  # passed, or another upsert came first
            counted = await self._queues.update_one(
                {**_of(chert_tenant), "$or": ahead}, {"$max": {"queue.end": number + 1}}
            )
        return counted.matched_count > 0 or counted.upserted_id is not None

    async def leave(self, chert_tenants: Collection[str]) -> None:
        """Rows of these projects were left in the inbox."""
        if not chert_tenants:
            return
        left = [UpdateOne(_of(one), {"$inc": {"queue.left": 1}}, upsert=True) for one in chert_tenants]
        try:
            await self._queues.bulk_write(left, ordered=False)
        except BulkWriteError as error:
            duplicates(error)
            await self._queues.bulk_write(left, ordered=False)  # once more does no harm, and no upsert is in the way

    async def waiting(self) -> Collection[str]:
        """Projects that have messages set aside."""
        return await self._portions.projects()

    async def hold(self, chert_tenant: str, holder: str, now: datetime) -> Queue | None:
        """A project's queue, unless somebody else is at it."""
        free: list[Document] = [{"queue.holder": {"$in": [None, holder]}}, {"queue.until": {"$lt": now}}]
        document = await self._queues.find_one_and_update(
            {**_of(chert_tenant), "$or": free},
            {"$set": {"queue.holder": holder, "queue.until": now + HELD}},
            return_document=_AFTER,
        )
        return None if document is None else inbox.queue_of(document)

    async def let_go(self, chert_tenant: str, holder: str) -> None:
        """Others may be at it now."""
        own = {**_of(chert_tenant), "queue.holder": holder}
        await self._queues.update_one(own, {"$unset": {"queue.holder": "", "queue.until": ""}})

    async def none_left(self, queue: Queue) -> None:
        """No rows were found in the inbox; that counts unless some were left since the queue was seen."""
        same = {**_of(queue.chert_tenant), "queue.left": queue.left}
        await self._queues.update_one(same, {"$unset": {"queue.left": ""}})

    async def portion(self, chert_tenant: str, number: int) -> Sequence[Received] | None:
        """The messages of a portion, in order."""
        return await self._portions.read(chert_tenant, number)

    async def drop(self, chert_tenant: str, number: int) -> None:
        """The first portion is on lanes, whole; the next is first."""
        first = {"$in": [None, 0] if number == 0 else [number]}
        await self._queues.update_one(
            {**_of(chert_tenant), "queue.first": first}, {"$set": {"queue.first": number + 1}}
        )
        await self._portions.remove(chert_tenant, [number])

    async def tidy(self, queue: Queue) -> bool:
        """Count in what was laid down by who died before counting, forget what is over; whether anything was there."""
        numbers = await self._portions.numbers(queue.chert_tenant)
        over = [number for number in numbers if number < queue.first]
        await self._portions.remove(queue.chert_tenant, over)
        for number in sorted(set(numbers).difference(over)):
            await self._count(queue.chert_tenant, number)
        return len(numbers) > len(over)

    async def oldest(self) -> datetime | None:
        """When the oldest message came that is set aside."""
        return await self._portions.oldest()

    async def lengths(self, chert_tenants: Collection[str]) -> Mapping[str, int]:
        """How many messages of projects are set aside, of those that have some."""
        return await self._portions.lengths(chert_tenants)


def _of(chert_tenant: str) -> Document:
    return {"_id": inbox.queue_key(chert_tenant)}
