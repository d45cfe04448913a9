"""Collection `cursors`: how far each project's event log at Chert was read, by its slug."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from timeline.models import Cursor

COLLECTION: Final = "cursors"


class MongoCursors:
    """The cursors in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._cursors = database[COLLECTION]

    async def claim(
        self, chert_tenants: Collection[str], now: datetime, next_at: datetime, *, begin: datetime
    ) -> Sequence[Cursor]:
        """Those that are due, which nobody else gets before `next_at`; one that is new begins at `begin`."""
        known = {one["_id"] async for one in self._cursors.find({"_id": {"$in": list(chert_tenants)}}, {"_id": 1})}
        for chert_tenant in set(chert_tenants) - known:
            await self._begin(chert_tenant, now, begin)
        due = self._cursors.find({"_id": {"$in": list(chert_tenants)}, **_is_due(now, next_at)}, {"_id": 1})
        claimed = [await self._claim(one["_id"], now, next_at) async for one in due]
        return [cursor for cursor in claimed if cursor is not None]

    async def advance(self, chert_tenant: str, read_until: datetime) -> None:
        """Everything up to this moment is known; it never goes back."""
        await self._cursors.update_one({"_id": chert_tenant}, {"$max": {"read_until": read_until}})

    async def _begin(self, chert_tenant: str, now: datetime, begin: datetime) -> None:
        try:
            await self._cursors.insert_one({"_id": chert_tenant, "read_until": begin, "next_at": now})
        except DuplicateKeyError:
            return  # another process was first

    async def _claim(self, chert_tenant: str, now: datetime, next_at: datetime) -> Cursor | None:
        claimed = await self._cursors.find_one_and_update(
            {"_id": chert_tenant, **_is_due(now, next_at)},
            {"$set": {"next_at": next_at}},
            return_document=ReturnDocument.AFTER,
        )
        return None if claimed is None else Cursor(claimed["_id"], claimed["read_until"])


def _is_due(now: datetime, next_at: datetime) -> Document:
    """Its time has come, or lies further ahead than any claim puts it: then the clock was set back."""
    return {"$or": [{"next_at": {"$lte": now}}, {"next_at": {"$gt": next_at}}]}
