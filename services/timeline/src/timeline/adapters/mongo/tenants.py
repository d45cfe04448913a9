"""Collection `tenants`: the projection of `tenant.*`, one document per account, `_id` its portal id."""

from collections.abc import Collection, Sequence
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from contracts.tenants import TenantSnapshot

COLLECTION: Final = "tenants"
_MEMBERS: Final = frozenset(TenantSnapshot.model_fields)


class MongoTenants:
    """The projection in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._tenants = database[COLLECTION]

    async def ensure_indexes(self) -> None:
        """Let a project's accounts be found."""
        await self._tenants.create_index("chert_tenant")

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """Keep a snapshot unless a newer revision is known; whether it is now what is known."""
        try:
            return await self._replace(snapshot, upsert=True)
        except DuplicateKeyError:
            # The account is there: with a newer revision, or because another upsert came first.
            return await self._replace(snapshot, upsert=False)

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """The newest snapshot of an account."""
        document = await self._tenants.find_one({"_id": portal_id})
        return None if document is None else TenantSnapshot.model_validate(document)

    async def active(self, chert_tenants: Collection[str]) -> Sequence[TenantSnapshot]:
        """Every active account of these projects, by portal id."""
        found = self._tenants.find({"chert_tenant": {"$in": list(chert_tenants)}, "status": "active"}).sort("_id", 1)
        return [TenantSnapshot.model_validate(document) async for document in found]

    async def everyone(self) -> Sequence[TenantSnapshot]:
        """Every account that was ever connected, by portal id."""
        return [TenantSnapshot.model_validate(document) async for document in self._tenants.find().sort("_id", 1)]

    async def connected(self) -> Collection[str]:
        """Chert's slugs of those with an active account."""
        found = self._tenants.find({"status": "active"}, {"chert_tenant": 1})
        return {one["chert_tenant"] async for one in found}

    async def _replace(self, snapshot: TenantSnapshot, *, upsert: bool) -> bool:
        result = await self._tenants.update_one(
            {"_id": snapshot.portal_id, "revision": {"$lte": snapshot.revision}},
            {"$set": snapshot.model_dump(mode="json", include=set(_MEMBERS))},
            upsert=upsert,
        )
        return result.matched_count > 0 or result.upserted_id is not None
