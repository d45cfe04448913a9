"""The projection of `tenant.*` in MongoDB."""

from collections.abc import Mapping
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from actions.adapters.mongo.answers import asked
from chassis.mongo import Document
from contracts.tenants import TenantSnapshot

COLLECTION: Final = "tenants"


class MongoTenantStore:
    """Collection `tenants`: one document per account, `_id` its portal id."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._tenants = database[COLLECTION]

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """Keep a snapshot if its revision is newer than what is known; tells whether it was.

        Raises:
            StoreAwayError: the database does not answer.
        """
        try:
            return await asked(lambda: self._replace_older(snapshot, upsert=True))
        except DuplicateKeyError:
            # The account is known: with this revision or a newer one, or because a concurrent upsert came first.
            return await asked(lambda: self._replace_older(snapshot, upsert=False))

    async def retention_days(self) -> Mapping[int, int]:
        """For how many days each account keeps contents.

        Raises:
            StoreAwayError: the database does not answer.
        """
        found = await asked(lambda: self._tenants.find({}).to_list())
        return {document["_id"]: TenantSnapshot.model_validate(document).settings.retention_days for document in found}

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """The newest snapshot known.

        Raises:
            StoreAwayError: the database does not answer.
        """
        document = await asked(lambda: self._tenants.find_one({"_id": portal_id}))
        return None if document is None else TenantSnapshot.model_validate(document)

    async def _replace_older(self, snapshot: TenantSnapshot, *, upsert: bool) -> bool:
        result = await self._tenants.update_one(
            {"_id": snapshot.portal_id, "revision": {"$lt": snapshot.revision}},
            {"$set": snapshot.model_dump(mode="json", include=set(TenantSnapshot.model_fields))},
            upsert=upsert,
        )
        return result.matched_count > 0 or result.upserted_id is not None
