"""Collection `entries`: one document per reply and account, by `{portal}:{chert_tenant}:{message_id}`.

`intents` has one member per fence, `f7`, so that holders who follow each other never overwrite one another's; each
reads in the answer to its own write who else has been there.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates
from contracts.messages import MessageReceived
from timeline.adapters.mongo.outbox import MongoOutbox, to_outbox
from timeline.models import Entry, Intent, Settlement

COLLECTION: Final = "entries"


class MongoEntries:
    """The entries in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], outbox: MongoOutbox) -> None:
        self._entries, self._outbox = database[COLLECTION], outbox

    async def add(self, entries: Sequence[Entry], now: datetime) -> None:
        """Keep entries that are not there yet."""
        if not entries:
            return
        try:
            await self._entries.insert_many([_document(entry, now) for entry in entries], ordered=False)
        except BulkWriteError as error:
            duplicates(error)

    async def read(self, entry_ids: Sequence[str]) -> Sequence[Entry]:
        """Those that exist, in the order of their ids here."""
        found = self._entries.find({"_id": {"$in": list(entry_ids)}})
        by_id = {document["_id"]: _entry(document) async for document in found}
        return [by_id[entry_id] for entry_id in entry_ids if entry_id in by_id]

    async def intend(self, entry_id: str, intent: Intent, *, instead_of: Collection[int] = ()) -> Entry:
        """Note an intent down, drop those of earlier fences that came to nothing; the entry as it is now."""
        update: Document = {
            "$set": {_place(intent.fence): {"at": intent.at, "contact_id": intent.contact_id}},
            "$inc": {"attempts": 1},
        }
        if instead_of:
            update["$unset"] = {_place(fence): "" for fence in instead_of}
        current = await self._entries.find_one_and_update(
            {"_id": entry_id}, update, return_document=ReturnDocument.AFTER
        )
        if current is None:
            raise LookupError(f"{entry_id} is gone")
        return _entry(current)

    async def withdraw(self, entry_id: str, fence: int, *, gone: str | None = None) -> None:
        """Drop an intent: nothing was written."""
        update: Document = {"$unset": {_place(fence): ""}}
        if gone is not None:
            update["$push"] = {"gone": gone}
        await self._entries.update_one({"_id": entry_id}, update)

    async def postpone(self, entry_id: str, until: datetime, reason: str) -> None:
        """Leave an entry alone for a while."""
        await self._entries.update_one({"_id": entry_id}, {"$set": {"due_at": until, "reason": reason}})

    async def settle(self, entry_id: str, settlement: Settlement) -> None:
        """Note down how it ended, in one write with the events that tell it."""
        ended = {
            "state": settlement.state,
            "settled_at": settlement.at,
            "contact_id": settlement.contact_id,
            "communication_id": settlement.communication_id,
            "adopted": settlement.adopted,
            "reason": settlement.reason,
            "words": settlement.words,
        }
        update: Document = {"$set": {**ended, "intents": {}}, "$unset": {"due_at": ""}}
        if settlement.events:
            update["$push"] = {"outbox": {"$each": to_outbox(settlement.events)}}
        await self._entries.update_one({"_id": entry_id}, update)
        if settlement.events:
            self._outbox.note(entry_id)


def _place(fence: int) -> str:
    return f"intents.f{fence}"


def _document(entry: Entry, now: datetime) -> Document:
    return {
        "_id": entry.id,
        "portal_id": entry.portal_id,
        "project_id": entry.project_id,
        "generation": entry.generation,
        "message": entry.message.model_dump(mode="json"),
        "traceparent": entry.traceparent,
        "state": entry.state,
        "assigned_at": now,
        "intents": {},
        "gone": [],
        "attempts": 0,
        "outbox": [],
    }


def _entry(document: Document) -> Entry:
    return Entry(
        portal_id=document["portal_id"],
        project_id=document["project_id"],
        generation=document["generation"],
        message=MessageReceived.model_validate(document["message"]),
        traceparent=document["traceparent"],
        state=document["state"],
        intents=tuple(
            Intent(int(name[1:]), intent["at"], intent["contact_id"]) for name, intent in document["intents"].items()
        ),
        gone=tuple(document["gone"]),
        attempts=document["attempts"],
        due_at=document.get("due_at"),
        communication_id=document.get("communication_id"),
    )
