"""Created contacts in MongoDB.

Those that wait have a collection of their own, which stays small: looking for what is due costs little even where no
index is real, however many contacts were ever created.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.references import MongoReferenceStore
from actions.models import Creation, SettledCreation, references_of_creation
from chassis.mongo import Document, duplicates

QUEUE: Final = "creation_queue"
RECORDS: Final = "creations"
INSTALLS: Final = "installs"

_CREATION: Final = TypeAdapter(Creation)
_SETTLED: Final = TypeAdapter(SettledCreation)


class MongoCreationQueue:
    """Collection `creation_queue`: `_id` the claim on the contact; every method raises `StoreAwayError`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._queue = database[QUEUE]

    async def ensure_indexes(self) -> None:
        """Let what is due be found by account, and taking one be direct and atomic on every server."""
        await asked(lambda: self._queue.create_index([("_id", 1), ("due_at", 1)], unique=True))
        await asked(lambda: self._queue.create_index([("portal_id", 1), ("due_at", 1)]))
        await asked(lambda: self._queue.create_index([("due_at", 1)]))

    async def put(self, creations: Sequence[Creation]) -> None:
        """Keep them; one that waits already stays as it is."""
        documents = [{"_id": creation.key, **_CREATION.dump_python(creation)} for creation in creations]
        if not documents:
            return
        try:
            await asked(lambda: self._queue.insert_many(documents, ordered=False))
        except BulkWriteError as error:
            duplicates(error)

    async def accounts_due(self, now: datetime, busy: Collection[int]) -> Sequence[int]:
        """Accounts with something due, but for those."""
        found = await asked(lambda: self._queue.distinct("portal_id", {"due_at": {"$lte": now}}))
        return [portal_id for portal_id in found if portal_id not in busy]

    async def take(self, portal_id: int, now: datetime, hide_until: datetime, limit: int) -> Sequence[Creation]:
        """Some of an account's that are due, oldest first; nobody else is given them until then."""
        due: Document = {"portal_id": portal_id, "due_at": {"$lte": now}}
        found = await asked(lambda: self._queue.find(due).sort("due_at", 1).limit(limit).to_list())
        # The embedded server may show a document as another taker has just left it, although it matched before.
        still_due = [document for document in found if document["due_at"] <= now]
        return [
            _CREATION.validate_python(document) for document in still_due if await self._is_taken(document, hide_until)
        ]

    async def put_off(self, creation: Creation, until: datetime) -> None:
        """Look at it again then."""
        change = {"$set": {"due_at": until, "attempts": creation.attempts + 1}}
        await asked(lambda: self._queue.update_one({"_id": creation.key}, change))

    async def put_off_account(self, portal_id: int, until: datetime) -> None:
        """Look at nothing of this account before then."""
        earlier: Document = {"portal_id": portal_id, "due_at": {"$lt": until}}
        await asked(lambda: self._queue.update_many(earlier, {"$set": {"due_at": until}}))

    async def remove(self, creation: Creation) -> None:
        """It is settled."""
        await asked(lambda: self._queue.delete_one({"_id": creation.key}))

    async def _is_taken(self, seen: Document, hide_until: datetime) -> bool:
        """Whether it was still as seen; an answer that got lost counts as no, and it comes again later."""
        query = {"_id": seen["_id"], "due_at": seen["due_at"]}
        hidden = await asked(lambda: self._queue.find_one_and_update(query, {"$set": {"due_at": hide_until}}))
        return hidden is not None


class MongoCreationRecords:
    """Collection `creations`: `_id` the claim on the contact; every method raises `StoreAwayError`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._records, self._references = database[RECORDS], MongoReferenceStore(database)

    async def record(self, settled: Sequence[SettledCreation]) -> None:
        """Keep them; what is known of a contact stays as it is."""
        documents = [_document(one) for one in settled]
        if not documents:
            return
        await self._references.note([reference for one in settled for reference in references_of_creation(one)])
        try:
            await asked(lambda: self._records.insert_many(documents, ordered=False))
        except BulkWriteError as error:
            duplicates(error)

    async def find(self, key: str) -> SettledCreation | None:
        """What became of a contact."""
        found = await asked(lambda: self._records.find_one({"_id": key}))
        return None if found is None else _SETTLED.validate_python({**found, "key": found["_id"]})


class MongoInstallTimes:
    """Collection `installs`: `_id` the account; every method raises `StoreAwayError`."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._installs = database[INSTALLS]

    async def note(self, portal_id: int, generation: int, at: datetime) -> None:
        """Keep when a generation began, unless a later one is known."""
        try:
            await asked(lambda: self._replace_older(portal_id, generation, at, upsert=True))
        except DuplicateKeyError:  # it is known: with this generation, a later one, or since a moment ago
            await asked(lambda: self._replace_older(portal_id, generation, at, upsert=False))

    async def since(self, portal_id: int) -> datetime | None:
        """When the newest generation known began."""
        found = await asked(lambda: self._installs.find_one({"_id": portal_id}))
        at = None if found is None else found["at"]
        return at if isinstance(at, datetime) else None

    async def _replace_older(self, portal_id: int, generation: int, at: datetime, *, upsert: bool) -> None:
        older: Document = {"_id": portal_id, "generation": {"$lt": generation}}
        await self._installs.update_one(older, {"$set": {"generation": generation, "at": at}}, upsert=upsert)


def _document(settled: SettledCreation) -> Document:
    document: Document = _SETTLED.dump_python(settled)
    return {"_id": document.pop("key"), **document}
