"""What was done to accounts, in MongoDB: the latest lies with the installation, what is older in its own collection.

An entry is written with the change that it remembers, in the installation's document. There it would be carried about
by every later change; so once a document carries much, all of that is filed. First it is added to what is filed, then
it is taken out of the document: whatever ends in between leaves it in both, and reading takes an entry once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates
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
        carried, filed = await self._carried_by(portal_ids), await self._filed_of(portal_ids)
        return {
            portal_id: remembered(_entries(filed.get(portal_id), "entries"), entries)
            for portal_id, entries in carried.items()
        }

    async def file(self, limit: int) -> int:
        """File what some installations carry, of those that carry much; how many there were."""
        cursor = self._installations.find({CARRIES_MUCH: {"$exists": True}}, {"_id": 1}).limit(limit)
        found = [document["_id"] async for document in cursor]
        await self._file(found)  # what another process files meanwhile is found again
        return len(found)

    async def file_one(self, portal_id: int) -> None:
        """File what one installation carries; of one that was purged nothing from before stays anywhere."""
        while not await self._file([portal_id]):
            pass

    async def _file(self, portal_ids: Sequence[int]) -> bool:
        """File what these carry; false if what is filed of one changed meanwhile: then it is to be done again."""
        carried = {one: entries for one, entries in (await self._carried_by(portal_ids)).items() if entries}
        filed = await self._filed_of(list(carried))
        if not carried:
            return True
        if not await self._write([_filing(one, filed.get(one), entries) for one, entries in carried.items()]):
            return False
        await self._installations.bulk_write(
            [_taking_out(one, entries) for one, entries in carried.items()], ordered=False
        )
        return True

    async def _write(self, filings: Sequence[UpdateOne]) -> bool:
        try:
            written = await self._filed.bulk_write(filings, ordered=False)
        except BulkWriteError as error:
            duplicates(error)
            return False
        return written.matched_count + written.upserted_count == len(filings)

    async def _carried_by(self, portal_ids: Sequence[int]) -> Mapping[int, tuple[HistoryEntry, ...]]:
        found = self._installations.find({"_id": {"$in": list(portal_ids)}}, {"history": 1})
        return {document["_id"]: _entries(document, "history") async for document in found}

    async def _filed_of(self, portal_ids: Sequence[int]) -> Mapping[int, Document]:
        found = self._filed.find({"_id": {"$in": list(portal_ids)}})
        return {document["_id"]: document async for document in found}


def _filing(portal_id: int, former: Document | None, carried: Sequence[HistoryEntry]) -> UpdateOne:
    """Adds to what is filed of an account, if that is as it was read; what nobody filed anything of has version 0."""
    entries = [from_entry(entry) for entry in remembered(_entries(former, "entries"), carried)]
    return UpdateOne(
        {"_id": portal_id, "version": 0 if former is None else former["version"]},
        {"$set": {"entries": entries}, "$inc": {"version": 1}},
        upsert=former is None,
    )


def _taking_out(portal_id: int, carried: Sequence[HistoryEntry]) -> UpdateOne:
    revisions = {"$in": [entry.revision for entry in carried]}
    return UpdateOne({"_id": portal_id}, {"$pull": {"history": {"revision": revisions}}})


def _entries(document: Mapping[str, Any] | None, name: str) -> tuple[HistoryEntry, ...]:
    return () if document is None else tuple(to_entry(entry) for entry in document.get(name, ()))
