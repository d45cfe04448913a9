"""Second names of sends in MongoDB: beside the sends, so that both can be taken by one command."""

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.documents import COLLECTION, alias_document
from chassis.mongo import Document


class MongoAliasStore:
    """Collection `sends`: `_id` the second name, `key` the send's, and nothing else that a send has."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._aliases = database[COLLECTION]

    async def bind(self, alias: str, key: str) -> str:
        """Give a send a second name; the result is the key that has it, the given one or an earlier one.

        Raises:
            StoreAwayError: the database does not answer.
        """
        try:
            await asked(lambda: self._aliases.insert_one(alias_document(alias, key)))
        except DuplicateKeyError:
            return await self._owner(alias)
        return key

    async def _owner(self, alias: str) -> str:
        document = await asked(lambda: self._aliases.find_one({"_id": alias}))
        if document is None:
            raise LookupError(f"{alias} was bound and is gone")
        return str(document["key"])
