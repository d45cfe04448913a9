"""Collection `communications`: which entry a HubSpot record belongs to, by `{portal}:{communication id}`."""

from collections.abc import Collection, Mapping
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates

COLLECTION: Final = "communications"


class MongoCommunications:
    """The owners of records in MongoDB; the first insert wins, for good."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._communications = database[COLLECTION]

    async def own(self, portal_id: int, owners: Mapping[str, str]) -> frozenset[str]:
        """Claim records for entries, `{communication id: entry id}`; those records that are another's."""
        if not owners:
            return frozenset()
        claims = {f"{portal_id}:{record}": (record, entry_id) for record, entry_id in owners.items()}
        documents = [{"_id": key, "entry_id": entry_id} for key, (_, entry_id) in claims.items()]
        try:
            await self._communications.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            taken = [documents[index]["_id"] for index in duplicates(error)]
        else:
            return frozenset()
        owned = await self._owners(taken)
        return frozenset(claims[key][0] for key in taken if owned.get(key) != claims[key][1])

    async def owners(self, portal_id: int, records: Collection[str]) -> Mapping[str, str]:
        """Which of these records belong to entries, `{communication id: entry id}`."""
        by_key = {f"{portal_id}:{record}": record for record in records}
        return {by_key[key]: entry_id for key, entry_id in (await self._owners(by_key)).items()}

    async def owners_anywhere(self, portal_ids: Collection[int], record: str) -> Collection[str]:
        """The entries that a communication id belongs to in one of these accounts."""
        return (await self._owners([f"{portal_id}:{record}" for portal_id in portal_ids])).values()

    async def _owners(self, keys: Collection[str]) -> Mapping[str, str]:
        found = self._communications.find({"_id": {"$in": list(keys)}})
        return {document["_id"]: document["entry_id"] async for document in found}
