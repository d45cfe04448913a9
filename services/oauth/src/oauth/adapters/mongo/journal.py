"""How far the journal was read, in MongoDB."""

from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from oauth.models import JournalPosition

KEY: Final = "uninstalls"


class MongoJournalStore:
    """The collection `journal`, with one document."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._journal = database["journal"]

    async def position(self) -> JournalPosition | None:
        """Where we are; none before the first reading."""
        document = await self._journal.find_one({"_id": KEY})
        if document is None:
            return None
        return JournalPosition(document["offset"], document["read_at"], document["subscribed_at"], document["version"])

    async def move(self, position: JournalPosition, *, replacing: JournalPosition | None) -> bool:
        """Move on; false if another process moved meanwhile."""
        fields = {
            "offset": position.offset,
            "read_at": position.read_at,
            "subscribed_at": position.subscribed_at,
            "version": position.version,
        }
        if replacing is None:
            return await self._insert({"_id": KEY, **fields})
        unchanged = {"_id": KEY, "version": replacing.version}
        return (await self._journal.update_one(unchanged, {"$set": fields})).matched_count == 1

    async def _insert(self, document: Document) -> bool:
        try:
            await self._journal.insert_one(document)
        except DuplicateKeyError:
            return False
        return True
