"""All that is kept of one account, across collections: as an operator sees its lane, and forgetting it."""

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase

from chassis.mongo import Document
from timeline.adapters.mongo import communications, entries, inbox, lanes, links, retries, unmatched
from timeline.adapters.mongo.lanes import breaker_of
from timeline.models import LaneView, Leaving

_SHOWN: Final = {"pending.received_at": 1, "holder": 1, "paused_until": 1, "breaker": 1}
_BY_KEY: Final = (lanes.COLLECTION, retries.COLLECTION)
_BY_PREFIX: Final = (links.COLLECTION, unmatched.COLLECTION, communications.COLLECTION)


class MongoAccounts:
    """Accounts in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def look(self, portal_ids: Sequence[int]) -> Mapping[int, LaneView]:
        """Those lanes that exist, by account."""
        found = self._database[lanes.COLLECTION].find({"_id": {"$in": list(portal_ids)}}, _SHOWN)
        return {document["_id"]: _view(document) async for document in found}

    async def leaving(self, portal_id: int, limit: int) -> Leaving:
        """What `purge` with the same limit would remove next."""
        found = self._database[entries.COLLECTION].find({"portal_id": portal_id}).limit(limit)
        own = [entries.kept(one) async for one in found]
        linked = self._database[links.COLLECTION].find(_of_prefix(portal_id), {"contact": 1}).limit(limit)
        return Leaving(
            entries=own,
            links=[links.link_of(one) async for one in linked],
            elsewhere=await self._elsewhere(portal_id, [entry.row_id for entry, _ in own]),
        )

    async def _elsewhere(self, portal_id: int, row_ids: Sequence[str]) -> frozenset[str]:
        rows = self._database[inbox.COLLECTION].find({"_id": {"$in": list(row_ids)}}, {"portals": 1})
        by_entry = {
            f"{other}:{row['_id']}": row["_id"]
            async for row in rows
            for other in row.get("portals", ())
            if other != portal_id
        }
        found = self._database[entries.COLLECTION].find({"_id": {"$in": list(by_entry)}}, {"_id": 1})
        return frozenset([by_entry[one["_id"]] async for one in found])

    async def purge(self, portal_id: int, limit: int) -> Mapping[str, int]:
        """Remove it, of each kind at most so many; how many of each kind there were."""
        own: list[tuple[str, Document]] = [
            (entries.COLLECTION, {"portal_id": portal_id}),
            *((name, _of_prefix(portal_id)) for name in _BY_PREFIX),
            *((name, {"_id": portal_id}) for name in _BY_KEY),
        ]
        removed = {name: await self._remove(name, query, limit) for name, query in own}
        return {name: count for name, count in removed.items() if count}

    async def _remove(self, name: str, query: Document, limit: int) -> int:
        """Remove the first that fit; by key, for a server may not bound a deletion."""
        collection = self._database[name]
        keys = [document["_id"] async for document in collection.find(query, {"_id": 1}).limit(limit)]
        return (await collection.delete_many({"_id": {"$in": keys}})).deleted_count if keys else 0


def _of_prefix(portal_id: int) -> Document:
    return {"_id": {"$gte": f"{portal_id}:", "$lt": f"{portal_id};"}}


def _view(document: Document) -> LaneView:
    received = [work["received_at"] for work in document["pending"]]
    return LaneView(
        pending=len(received),
        oldest_at=min(received, default=None),
        held=document.get("holder") is not None,
        paused_until=document.get("paused_until"),
        breaker=breaker_of(document),
    )
