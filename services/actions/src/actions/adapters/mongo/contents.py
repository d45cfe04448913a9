"""The contents of sends in MongoDB."""

from dataclasses import asdict
from datetime import datetime
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.documents import COLLECTION
from actions.models import ERASED, Erased
from chassis.mongo import Document

_NO_CONTENT: Final[Document] = {"plan": asdict(Erased()), "fingerprint": ""}


class MongoSendContents:
    """Collection `sends`; every method raises `StoreAwayError`.

    `lease` is left alone: who is at work on a send ends it as if nothing had happened, with an answer of ids alone.
    """

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._sends = database[COLLECTION]

    async def ensure_indexes(self) -> None:
        """Let a contact's sends be found without reading everyone's."""
        await asked(lambda: self._sends.create_index([("portal_id", 1), ("contact_id", 1)]))

    async def erase(self, portal_id: int, contact_id: str) -> int:
        """Remove number, text and answer from every send to a contact; how many that were."""
        own = {"portal_id": portal_id, "contact_id": contact_id}
        erased = {"$set": {**_NO_CONTENT, "answer": asdict(ERASED)}}
        return (await asked(lambda: self._sends.update_many(own, erased))).matched_count

    async def purge(self, portal_id: int, before: datetime) -> int:
        """Remove number and text from answered sends that were claimed before then; how many that were."""
        old: Document = {
            "portal_id": portal_id,
            "claimed_at": {"$lt": before},
            "plan.kind": "outgoing",
            "answer.kind": {"$in": ["accepted", "refused"]},
        }
        return (await asked(lambda: self._sends.update_many(old, {"$set": _NO_CONTENT}))).matched_count
