"""Second names of sends in MongoDB."""

from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from actions.adapters.mongo.answers import asked
from chassis.mongo import Document

COLLECTION: Final = "aliases"


class MongoAliasStore:
    """Collection `aliases`: `_id` the second name, `key` the send's."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._aliases = database[COLLECTION]

    async def bind(self, alias: str, key: str) -> str:
        """Give a send a second name; the result is the key that has it, the given one or an earlier one.

        Raises:
            StoreAwayError: the database does not answer.
        """
        try:
            await asked(lambda: self._aliases.insert_one({"_id": alias, "key": key}))
        except DuplicateKeyError:
            return await self._owner(alias)
        return key

    async def _owner(self, alias: str) -> str:
        document = await asked(lambda: self._aliases.find_one({"_id": alias}))
        if document is None:
            raise LookupError(f"{alias} was bound and is gone")
        return str(document["key"])
