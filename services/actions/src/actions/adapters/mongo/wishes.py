"""Who wants no messages, in MongoDB."""

from datetime import datetime
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from actions.adapters.mongo.answers import asked
from actions.models import Wish
from chassis.mongo import Document

COLLECTION: Final = "suppressions"


class MongoWishStore:
    """Collection `suppressions`: `_id` the project and the number's hash; kept for ever."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._suppressions = database[COLLECTION]

    async def ensure_indexes(self) -> None:
        """Let a compare-and-set be direct and atomic on every server.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await asked(lambda: self._suppressions.create_index([("_id", 1), ("at", 1)], unique=True))

    async def record(self, chert_tenant: str, number_hash: str, wish: Wish) -> bool:
        """Keep a wish unless a later one is known; tells whether it was kept.

        Raises:
            StoreAwayError: the database does not answer.
        """
        key = _key(chert_tenant, number_hash)
        while True:
            known = await asked(lambda: self._suppressions.find_one({"_id": key}))
            if known is not None and not _replaces(wish, known):
                return False
            if await self._put(key, wish, known):
                return True

    async def opted_out_since(self, chert_tenant: str, number_hash: str) -> datetime | None:
        """Since when this number wants no messages; none while it does.

        Raises:
            StoreAwayError: the database does not answer.
        """
        known = await asked(lambda: self._suppressions.find_one({"_id": _key(chert_tenant, number_hash)}))
        return None if known is None or not known["stop"] else _moment(known["since"])

    async def _put(self, key: str, wish: Wish, known: Document | None) -> bool:
        """Write a wish in the place of what is known, unless that changed meanwhile."""
        still_stopped = known is not None and known["stop"] and wish.stop
        content: Document = {
            "stop": wish.stop,
            "at": wish.at,
            "message_id": wish.message_id,
            "since": known["since"] if known is not None and still_stopped else wish.at,
        }
        if known is not None:
            seen = {"_id": key, "at": known["at"]}
            written = await asked(lambda: self._suppressions.find_one_and_update(seen, {"$set": content}))
            return written is not None
        try:
            await asked(lambda: self._suppressions.insert_one({"_id": key, **content}))
        except DuplicateKeyError:
            return False
        return True


def _replaces(wish: Wish, known: Document) -> bool:
    """Whether a wish came later; of two in one millisecond, the one that is handled later."""
    at = _moment(known["at"])
    return wish.at > at or (wish.at == at and wish.message_id != known["message_id"])


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError("not a moment")
    return value


def _key(chert_tenant: str, number_hash: str) -> str:
    return f"{chert_tenant}:{number_hash}"
