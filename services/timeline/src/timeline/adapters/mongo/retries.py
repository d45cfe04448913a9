"""Collection `retries`: accounts whose unmatched replies are to be tried again soon, one document each."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates
from timeline.models import Retry

COLLECTION: Final = "retries"


class MongoRetries:
    """The retries in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._retries = database[COLLECTION]

    async def ensure_indexes(self) -> None:
        """Let what is due be found."""
        await self._retries.create_index("due_at")

    async def schedule(self, portal_ids: Collection[int], due_at: datetime, until: datetime) -> None:
        """Try them at the earlier of what is scheduled and `due_at`, the last time at the later `until`."""
        times = {"$min": {"due_at": due_at}, "$max": {"until": until}}
        updates = [UpdateOne({"_id": portal_id}, times, upsert=True) for portal_id in portal_ids]
        if not updates:
            return
        try:
            await self._retries.bulk_write(updates, ordered=False)
        except BulkWriteError as error:  # another upsert came first: now it is there
            await self._retries.bulk_write([updates[index] for index in duplicates(error)], ordered=False)

    async def due(self, now: datetime, limit: int) -> Sequence[Retry]:
        """Those whose time has come."""
        found = self._retries.find({"due_at": {"$lte": now}}).sort("due_at", 1).limit(limit)
        return [Retry(document["_id"], document["due_at"], document["until"]) async for document in found]

    async def done(self, retry: Retry) -> None:
        """It was tried: again at its `until`, or never, unless it was scheduled anew in between."""
        same = {"_id": retry.portal_id, "due_at": retry.due_at, "until": retry.until}
        if retry.due_at < retry.until:
            await self._retries.update_one(same, {"$set": {"due_at": retry.until}})
        else:
            await self._retries.delete_one(same)
