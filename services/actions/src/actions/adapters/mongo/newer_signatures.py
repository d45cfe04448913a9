"""Accounts that have sent a valid v3 signature, in MongoDB."""

import contextlib
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from actions.adapters.mongo.answers import asked
from chassis.mongo import Document

COLLECTION: Final = "newer_signatures"


class MongoNewerSignatures:
    """Collection `newer_signatures`: `_id` the portal id; kept for the life of the account."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._accounts = database[COLLECTION]

    async def remember(self, portal_id: int) -> None:
        """This account has.

        Raises:
            StoreAwayError: the database does not answer.
        """
        with contextlib.suppress(DuplicateKeyError):
            await asked(lambda: self._accounts.insert_one({"_id": portal_id}))

    async def knows(self, portal_id: int) -> bool:
        """Whether this account has.

        Raises:
            StoreAwayError: the database does not answer.
        """
        return await asked(lambda: self._accounts.find_one({"_id": portal_id})) is not None
