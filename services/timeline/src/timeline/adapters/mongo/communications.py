"""Collection `communications`: which entry a HubSpot record belongs to, by `{portal}:{communication id}`."""

from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document

COLLECTION: Final = "communications"


class MongoCommunications:
    """The owners of records in MongoDB; the first insert wins, for good."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._communications = database[COLLECTION]

    async def own(self, portal_id: int, communication_id: str, entry_id: str) -> bool:
        """Claim a record for an entry; false if it is another's."""
        key = f"{portal_id}:{communication_id}"
        try:
            await self._communications.insert_one({"_id": key, "entry_id": entry_id})
        except DuplicateKeyError:
            owner = await self._communications.find_one({"_id": key})
            return owner is not None and owner["entry_id"] == entry_id
        return True
