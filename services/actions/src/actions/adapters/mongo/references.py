"""Ids of sends in MongoDB.

A send is found by the members of its document that `documents.NAMES` lists. What has no such document, or no member
for an id, has small documents of its own: contacts created without a message, and the trace of a send that ended in
another than it began in. What many share has one for each month, so that none grows without end and repeats change
nothing. `of` names the accounts whose sends are there, so that what leads to an account's can be found when it is
forgotten.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from pymongo import DeleteOne, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.documents import COLLECTION as SENDS
from actions.adapters.mongo.documents import NAMES
from actions.adapters.mongo.pieces import in_pieces
from actions.models import Reference, account_of
from chassis.mongo import Document, duplicates

COLLECTION: Final = "refs"

_OF_ANY: Final = "of.$**"
"""MongoDB's index over all members of `of`, whichever accounts they name."""

MONTHS: Final = 25
"""How far back shared ids are looked up."""

MOST: Final = 200
"""Keys that one answer has."""


class MongoReferenceStore:
    """Collection `refs`: `_id` the id, or the id and a month; `keys` by digest. Methods raise `StoreAwayError`.

    What it has of sends that were made before their documents named their ids is found like the rest.
    """

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._refs, self._sends = database[COLLECTION], database[SENDS]

    async def ensure_indexes(self) -> None:
        """Let what leads to an account's sends be found when it is forgotten, whatever else is kept."""
        await asked(lambda: self._refs.create_index(_OF_ANY))

    async def note(self, references: Sequence[Reference]) -> None:
        """Keep them; one that is known changes nothing."""
        await in_pieces(references, self._write)

    async def keys(self, known_as: str, until: datetime) -> Sequence[str]:
        """The keys of the newest sends that have this id, up to some hundred."""
        names = [known_as, *(f"{known_as}:{month}" for month in _months(until))]
        documents = await asked(lambda: self._refs.find({"_id": {"$in": names}}).to_list())
        found = [(one["at"], one["key"]) for document in documents for one in document["keys"].values()]
        newest = sorted([*found, *await self._of_sends(known_as)], reverse=True)
        return list(dict.fromkeys(key for _, key in newest))[:MOST]

    async def purge(self, portal_id: int, limit: int) -> int:
        """Forget what leads to an account's sends, of at most so many ids; how many there were."""
        account = str(portal_id)
        query = {_of(account): True}
        found = await asked(lambda: self._refs.find(query).limit(limit).to_list())
        if found:
            await asked(lambda: self._refs.bulk_write([_without(one, account) for one in found], ordered=False))
        return len(found)

    async def _of_sends(self, known_as: str) -> Sequence[tuple[datetime, str]]:
        query = {"$or": [{name: known_as} for name in NAMES]}
        sends = self._sends.find
        found = await asked(lambda: sends(query, {"claimed_at": 1}).sort("claimed_at", -1).limit(MOST).to_list())
        return [(one["claimed_at"], one["_id"]) for one in found]

    async def _write(self, references: Sequence[Reference]) -> None:
        updates = [_update(reference) for reference in references]
        try:
            await asked(lambda: self._refs.bulk_write(updates, ordered=False))
        except BulkWriteError as error:
            duplicates(error)  # a concurrent upsert came first; by now each document is there
            await asked(lambda: self._refs.bulk_write(updates, ordered=False))


def _update(reference: Reference) -> UpdateOne:
    name = f"{reference.id}:{reference.at:%Y-%m}" if reference.is_shared else reference.id
    known: Document = {f"keys.{_digest(reference)}": {"key": reference.key, "at": reference.at}}
    return UpdateOne({"_id": name}, {"$set": {**known, _of(reference.account): True}}, upsert=True)


def _digest(reference: Reference) -> str:
    return hashlib.sha256(reference.key.encode()).hexdigest()[:24]


def _of(account: str) -> str:
    return f"of.a{account}"


def _without(document: Document, account: str) -> UpdateOne | DeleteOne:
    """A document as it is once this account is forgotten; with nothing left, none."""
    gone = [f"keys.{digest}" for digest, one in document["keys"].items() if account_of(one["key"]) == account]
    if len(gone) == len(document["keys"]):
        return DeleteOne({"_id": document["_id"], "of": document["of"]})
    return UpdateOne({"_id": document["_id"]}, {"$unset": dict.fromkeys([*gone, _of(account)], "")})


def _months(until: datetime) -> Iterator[str]:
    """The month of a moment, and those before it."""
    last = until.year * 12 + until.month - 1
    for month in range(last, last - MONTHS, -1):
        yield f"{month // 12:04}-{month % 12 + 1:02}"
