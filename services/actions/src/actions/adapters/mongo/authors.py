"""Who caused which outbound message, as the sends in MongoDB say it."""

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.documents import COLLECTION
from actions.models import Author
from chassis.mongo import Document

_TOLD: Final = ("chert_tenant", "message_id", "portal_id", "source", "user_id", "workflow_id")


class MongoAuthorStore:
    """Collection `sends`: found by what Chert called their messages."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._sends = database[COLLECTION]

    async def of(self, chert_tenant: str, message_ids: Sequence[str]) -> Mapping[str, Author]:
        """The authors of messages, by message id; a message of unknown author is absent.

        Raises:
            StoreAwayError: the database does not answer.
        """
        query = {"message_id": {"$in": list(message_ids)}, "chert_tenant": chert_tenant}
        found = await asked(lambda: self._sends.find(query, _TOLD).to_list()) if message_ids else []
        return {one["message_id"]: Author(claim=one.pop("_id"), **one) for one in found}
