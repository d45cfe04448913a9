"""What was done to accounts, in MongoDB: the latest lies with the installation, what is older in its own collection.

An entry is written with the change that it remembers, in the installation's document. There it would be carried about
by every later change; so once a document carries much, all of that is filed. First it is added to what is filed, then
it is taken out of the document: whatever ends in between leaves it in both, and reading takes an entry once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from oauth.adapters.mongo.documents import from_entry, to_entry
from oauth.models import HistoryEntry, remembered

CARRIED: Final = 10
"""How many entries an installation may carry before they are filed."""

CARRIES_MUCH: Final = f"history.{CARRIED}.revision"
"""What exists in the document of an installation that carries more."""


class MongoHistoryStore:
    """The collection `histories`, keyed by account id: `{version, entries}`, and `history` in `installations`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._installations, self._filed = database["installations"], database["histories"]

    async def of(self, portal_ids: Sequence[int]) -> Mapping[int, Sequence[HistoryEntry]]:
        """The histories of these accounts, oldest first; what is filed meanwhile is seen twice, and never missed."""
        these = {"_id": {"$in": list(portal_ids)}}
        carried = {
            one["_id"]: _entries(one, "history") async for one in self._installations.find(these, {"history": 1})
        }
        filed = {one["_id"]: _entries(one, "entries") async for one in self._filed.find(these)}
        return {portal_id: remembered(filed.get(portal_id, ()), carried[portal_id]) for portal_id in carried}

    async def file(self, limit: int) -> int:
        """File what some installations carry, of those that carry much; how many there were."""
        cursor = self._installations.find({CARRIES_MUCH: {"$exists": True}}, {"_id": 1}).limit(limit)
        found = [document["_id"] async for document in cursor]
        for portal_id in found:
            await self.file_one(portal_id)
        return len(found)

    async def file_one(self, portal_id: int) -> None:
        """File what one installation carries; of one that was purged nothing from before stays anywhere."""
        while not await self._file(portal_id):
            pass  # another process filed meanwhile

    async def _file(self, portal_id: int) -> bool:
        """Try; false if what is filed changed meanwhile."""
        document = await self._installations.find_one({"_id": portal_id}, {"history": 1})
        carried = () if document is None else _entries(document, "history")
        filed = await self._filed.find_one({"_id": portal_id})
        if not carried:
            return True
        entries = [
            from_entry(entry) for entry in remembered(() if filed is None else _entries(filed, "entries"), carried)
        ]
        if not await self._write(portal_id, filed, entries):
            return False
        revisions = {"revision": {"$in": [entry.revision for entry in carried]}}
        await self._installations.update_one({"_id": portal_id}, {"$pull": {"history": revisions}})
        return True

    async def _write(self, portal_id: int, former: Mapping[str, Any] | None, entries: Sequence[Document]) -> bool:
        if former is None:
            try:
                await self._filed.insert_one({"_id": portal_id, "version": 1, "entries": entries})
            except DuplicateKeyError:
                return False
            return True
        unchanged = {"_id": portal_id, "version": former["version"]}
        change = {"$set": {"entries": entries}, "$inc": {"version": 1}}
        return (await self._filed.update_one(unchanged, change)).matched_count == 1


def _entries(document: Mapping[str, Any], name: str) -> tuple[HistoryEntry, ...]:
    return tuple(to_entry(entry) for entry in document.get(name, ()))
