"""All that is kept of one account, across collections: what waits for it, and forgetting it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo import conversations, creations, documents, openings, references, steps
from actions.adapters.mongo.answers import asked
from actions.models import AccountView
from chassis.mongo import Document

_BY_ACCOUNT: Final = (documents.COLLECTION, steps.OPEN, steps.FINISHED, creations.QUEUE)
_BY_KEY: Final = (creations.INSTALLS, openings.COLLECTION)
_BY_PREFIX: Final = (
    ("aliases", documents.COLLECTION, "wfx:"),
    ("aliases", documents.COLLECTION, "ccp:"),
    ("creations", creations.RECORDS, "cc:"),
    ("conversations", conversations.COLLECTION, "contact:"),
)
"""What is removed, where it lies, and what its keys begin with."""


class MongoAccounts:
    """Accounts in MongoDB; every method raises `StoreAwayError`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database, self._references = database, references.MongoReferenceStore(database)

    async def look(self, portal_ids: Sequence[int]) -> Mapping[int, AccountView]:
        """Those for which something is to be done, by account."""
        of = {"portal_id": {"$in": list(portal_ids)}}
        waiting = [
            *await self._waiting(creations.QUEUE, of, "occurred_at"),
            *await self._waiting(steps.OPEN, of, "opened_at"),
        ]
        held = {**of, "answer": None, "lease.holder": {"$ne": None}}
        working = set(await asked(lambda: self._database[documents.COLLECTION].distinct("portal_id", held)))
        return {
            portal_id: AccountView(
                waiting=sum(count for one, count, _ in waiting if one == portal_id),
                oldest_at=min((at for one, _, at in waiting if one == portal_id), default=None),
                working=portal_id in working,
            )
            for portal_id in {*working, *(one for one, _, _ in waiting)}
        }

    async def purge(self, portal_id: int, limit: int) -> Mapping[str, int]:
        """Remove it, of each kind at most so many; how many of each kind there were."""
        own: list[tuple[str, str, Document]] = [
            *((name, name, {"portal_id": portal_id}) for name in _BY_ACCOUNT),
            *(
                (what, name, {"_id": {"$gte": f"{kind}{portal_id}:", "$lt": f"{kind}{portal_id};"}})
                for what, name, kind in _BY_PREFIX
            ),
            *((name, name, {"_id": portal_id}) for name in _BY_KEY),
        ]
        removed = {references.COLLECTION: await self._references.purge(portal_id, limit)}
        for what, name, query in own:
            removed[what] = removed.get(what, 0) + await self._remove(name, query, limit)
        return {name: count for name, count in removed.items() if count}

    async def _waiting(self, name: str, query: Document, since: str) -> Sequence[tuple[int, int, datetime]]:
        """How much waits in a collection, and since when, by account."""
        group = {"$group": {"_id": "$portal_id", "waiting": {"$sum": 1}, "oldest": {"$min": f"${since}"}}}

        async def grouped() -> list[Document]:
            return await (await self._database[name].aggregate([{"$match": query}, group])).to_list()

        return [(one["_id"], one["waiting"], one["oldest"]) for one in await asked(grouped)]

    async def _remove(self, name: str, query: Document, limit: int) -> int:
        """Remove the first that fit; by key, for a server may not bound a deletion."""
        collection = self._database[name]
        found = await asked(lambda: collection.find(query, {"_id": 1}).limit(limit).to_list())
        keys = [one["_id"] for one in found]
        if keys:
            await asked(lambda: collection.delete_many({"_id": {"$in": keys}}))
        return len(keys)
