"""Leases in MongoDB."""

from collections.abc import Mapping
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from oauth.models import Lease


class MongoLeaseStore:
    """The collection `leases`, keyed by name: `{holder, fence, beat}`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._leases = database["leases"]

    async def current(self, name: str) -> Lease | None:
        """The lease as it lies there."""
        document = await self._leases.find_one({"_id": name})
        return None if document is None else _to_lease(document)

    async def take(self, name: str, holder: str, *, replacing: Lease | None) -> Lease | None:
        """Hold it, one fence higher; none if it no longer is `replacing`."""
        if replacing is None:
            return await self._insert(Lease(name, holder, fence=1, beat=1))
        document = await self._leases.find_one_and_update(
            {"_id": name, "holder": replacing.holder, "fence": replacing.fence, "beat": replacing.beat},
            {"$set": {"holder": holder}, "$inc": {"fence": 1, "beat": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return None if document is None else _to_lease(document)

    async def give_back(self, lease: Lease) -> None:
        """Leave it to others, unless it is another's already."""
        await self._leases.update_one({"_id": lease.name, "fence": lease.fence}, {"$set": {"holder": None}})

    async def _insert(self, lease: Lease) -> Lease | None:
        try:
            await self._leases.insert_one(
                {"_id": lease.name, "holder": lease.holder, "fence": lease.fence, "beat": lease.beat}
            )
        except DuplicateKeyError:
            return None
        return lease


def _to_lease(document: Mapping[str, Any]) -> Lease:
    return Lease(document["_id"], document["holder"], document["fence"], document["beat"])
