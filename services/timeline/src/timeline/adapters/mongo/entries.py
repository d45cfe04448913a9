"""Collection `entries`: one document per reply and account, by `{portal}:{chert_tenant}:{message_id}`.

`intents` has one member, named by the fence, `f7`: an intent is noted only where none stands, so of several holders one
has it. Entries of earlier releases can have several.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates
from contracts.messages import MessageReceived
from timeline.adapters.mongo.outbox import MongoOutbox, to_outbox
from timeline.models import (
    OPEN_STATES,
    Announced,
    Conversation,
    Entry,
    Intent,
    Intention,
    Settlement,
    Shown,
    Withdrawal,
    without_content,
)

COLLECTION: Final = "entries"
_STANDING: Final = {"state": 1, "intents": 1}


class MongoEntries:
    """The entries in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], outbox: MongoOutbox) -> None:
        self._entries, self._outbox = database[COLLECTION], outbox

    async def add(self, entries: Sequence[Entry], now: datetime) -> Sequence[Entry]:
        """Keep entries that are not there yet; those."""
        if not entries:
            return ()
        try:
            await self._entries.insert_many([_document(entry, now) for entry in entries], ordered=False)
        except BulkWriteError as error:
            known = duplicates(error)
            return [entry for index, entry in enumerate(entries) if index not in known]
        return entries

    async def read(self, entry_ids: Sequence[str]) -> Sequence[Entry]:
        """Those that exist, in the order of their ids here."""
        found = self._entries.find({"_id": {"$in": list(entry_ids)}})
        by_id = {document["_id"]: _entry(document) async for document in found}
        return [by_id[entry_id] for entry_id in entry_ids if entry_id in by_id]

    async def after(self, entry_id: str, limit: int) -> Sequence[Entry]:
        """Those of all accounts that come next by their ids."""
        found = self._entries.find({"_id": {"$gt": entry_id}}).sort("_id", 1).limit(limit)
        return [_entry(document) async for document in found]

    async def ensure_indexes(self) -> None:
        """Let people's looks at an account find its latest, and changes of contacts what they concern."""
        await self._entries.create_index([("portal_id", 1), ("assigned_at", -1)])
        await self._entries.create_index([("portal_id", 1), ("contact_id", 1)])
        await self._entries.create_index([("portal_id", 1), ("message.chat_id", 1)])

    async def latest(self, portal_id: int, since: datetime, limit: int) -> Sequence[Shown]:
        """The latest of an account, newest first."""
        query = {"portal_id": portal_id, "assigned_at": {"$gte": since}}
        found = self._entries.find(query).sort("assigned_at", -1).limit(limit)
        return [_shown(one) async for one in found]

    async def look_at(self, entry_ids: Sequence[str]) -> Sequence[Shown]:
        """Those that exist, in the order of their ids here."""
        found = self._entries.find({"_id": {"$in": list(entry_ids)}})
        by_id = {one["_id"]: _shown(one) async for one in found}
        return [by_id[entry_id] for entry_id in entry_ids if entry_id in by_id]

    async def revive(self, portal_id: int, contact_ids: Collection[str]) -> Sequence[Entry]:
        """Make those that failed for one of these contacts pending again; those, and what was revived before."""
        of = {"portal_id": portal_id, "contact_id": {"$in": list(contact_ids)}}
        found = [_entry(one) async for one in self._entries.find({**of, "state": {"$in": ["failed", "pending"]}})]
        await self._update([(entry.id, {"$set": {"state": "pending"}}) for entry in found if entry.state == "failed"])
        return [replace(entry, state="pending") for entry in found]

    async def expire(self, portal_id: int, before: datetime, limit: int) -> int:
        """Remove the content of an account's oldest entries from before a moment; what is open ends. Says how many."""
        old = {"portal_id": portal_id, "assigned_at": {"$lt": before}, "purged": {"$exists": False}}
        found = [_entry(one) async for one in self._entries.find(old).sort("assigned_at", 1).limit(limit)]
        await self._update([(entry.id, _expiry(entry)) for entry in found])
        return len(found)

    async def erase(self, portal_id: int, contact_id: str, chats: Collection[Conversation], now: datetime) -> int:
        """Remove the content of a contact's entries and of these conversations'; what was open ends. Says how many."""
        by_chat = {"portal_id": portal_id, "message.chat_id": {"$in": [one.chat_id for one in chats]}}
        found: dict[str, Entry] = {}
        for query in ({"portal_id": portal_id, "contact_id": contact_id}, by_chat):
            found |= {one["_id"]: _entry(one) async for one in self._entries.find(query)}
        await self._update([(key, _erasure(entry, now)) for key, entry in found.items()])
        return len(found)

    async def intend(self, intentions: Sequence[Intention]) -> Mapping[str, Announced]:
        """Note intents down on entries that are open and have none; then how the entries stand, by id.

        All of them is the rule, so what the write counted says how they stand.
        """
        if await self._noted(intentions) == len(intentions):
            return {one.entry_id: Announced(open=True, fences=frozenset({one.intent.fence})) for one in intentions}
        found = self._entries.find({"_id": {"$in": [one.entry_id for one in intentions]}}, _STANDING)
        return {one["_id"]: _announced(one) async for one in found}

    async def _noted(self, intentions: Sequence[Intention]) -> int:
        if len(intentions) == 1:  # what most replies wait for
            return (await self._entries.update_one(_untouched(intentions[0]), _intention(intentions[0]))).matched_count
        updates = [UpdateOne(_untouched(one), _intention(one)) for one in intentions]
        return (await self._entries.bulk_write(updates, ordered=False)).matched_count

    async def withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        """Drop intents: nothing was written; a look that found that out has ended."""
        updates = [UpdateOne(_withdrawn(one), _withdrawal(one)) for one in withdrawals]
        if updates:
            await self._entries.bulk_write(updates, ordered=False)

    async def begin_look(self, entry_ids: Collection[str]) -> None:
        """Note that a look for entries begins; they are due until it ends, as it does when they are settled."""
        await self._update([(entry_id, {"$inc": {"looks": 1}, "$unset": {"due_at": ""}}) for entry_id in entry_ids])

    async def end_look(self, entry_ids: Collection[str]) -> None:
        """Note that a look ended and came to nothing; those before it count no more."""
        await self._update([(entry_id, {"$unset": {"looks": ""}}) for entry_id in entry_ids])

    async def postpone(self, entry_ids: Sequence[str], until: datetime, reason: str) -> None:
        """Leave entries alone for a while."""
        await self._update([(entry_id, {"$set": {"due_at": until, "reason": reason}}) for entry_id in entry_ids])

    async def settle(self, settlements: Mapping[str, Settlement]) -> None:
        """Note down by entry how it ended, in one write each with the events that tell it."""
        await self._update([(entry_id, _settlement(settlement)) for entry_id, settlement in settlements.items()])
        for entry_id, settlement in settlements.items():
            if settlement.events:
                self._outbox.note(entry_id, settlement.events)

    async def _update(self, updates: Sequence[tuple[str, Document]]) -> None:
        if updates:
            await self._entries.bulk_write([UpdateOne({"_id": key}, update) for key, update in updates], ordered=False)


def _untouched(one: Intention) -> Document:
    return {"_id": one.entry_id, "state": {"$in": sorted(OPEN_STATES)}, "intents": {}}


def _intention(one: Intention) -> Document:
    intent = {"at": one.intent.at, "contact_id": one.intent.contact_id}
    return {"$set": {_place(one.intent.fence): intent}, "$inc": {"attempts": 1}}


def _expiry(entry: Entry) -> Document:
    ended = {"state": "expired"} if entry.open else {}
    kept = without_content(entry.message).model_dump(mode="json")
    return {"$set": {**ended, "message": kept, "words": "", "purged": True}}


def _erasure(entry: Entry, now: datetime) -> Document:
    ended = {"state": "erased"} if entry.open or entry.state == "failed" else {}
    kept = without_content(entry.message).model_dump(mode="json")
    return {"$set": {**ended, "message": kept, "words": "", "intents": {}, "erased_at": now}}


def _announced(document: Document) -> Announced:
    fences = frozenset(int(name[1:]) for name in document["intents"])
    return Announced(document["state"] in OPEN_STATES, fences)


def _withdrawn(one: Withdrawal) -> Document:
    """The entry; where attempts are counted back only while the intent stands, so that it happens once."""
    standing = {_place(one.fence): {"$exists": True}} if one.unsent else {}
    return {"_id": one.entry_id, **standing}


def _withdrawal(one: Withdrawal) -> Document:
    update: Document = {"$unset": {_place(one.fence): "", "looks": ""}}
    if one.gone is not None:
        update["$push"] = {"gone": one.gone}
    if one.unsent:
        update["$inc"] = {"attempts": -1}
    return update


def _settlement(settlement: Settlement) -> Document:
    ended = {
        "state": settlement.state,
        "settled_at": settlement.at,
        "contact_id": settlement.contact_id,
        "communication_id": settlement.communication_id,
        "adopted": settlement.adopted,
        "reason": settlement.reason,
        "words": settlement.words,
    }
    update: Document = {"$set": {**ended, "intents": {}}, "$unset": {"due_at": "", "looks": ""}}
    if settlement.events:
        update["$push"] = {"outbox": {"$each": to_outbox(settlement.events)}}
    return update


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
        "sent_to": entry.sent_to,
        "outbox": [],
    }


def _shown(document: Document) -> Shown:
    return Shown(
        _entry(document),
        document["assigned_at"],
        document.get("contact_id"),
        document.get("reason"),
        document.get("settled_at"),
        document.get("adopted", False),
    )


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
        looks=document.get("looks", 0),
        due_at=document.get("due_at"),
        communication_id=document.get("communication_id"),
        sent_to=document.get("sent_to"),
    )


def kept(document: Document) -> tuple[Entry, str | None]:
    """An entry as it lies in the collection, and on whose timeline it is, or was to be."""
    return _entry(document), document.get("contact_id")
