"""Collection `communications`: which entry a HubSpot record belongs to, by `{portal}:{communication id}`."""

from collections.abc import Mapping
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
        found = self._communications.find({"_id": {"$in": taken}})
        owned = {document["_id"]: document["entry_id"] async for document in found}
        return frozenset(claims[key][0] for key in taken if owned.get(key) != claims[key][1])
