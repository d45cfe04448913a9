"""Collection `inbox`: every message that was ever received, by `{chert_tenant}:{message_id}`.

A key stays for good, so that nothing that repeats a message has an effect, and beside it the ids that operators ask by.
The content is here only while no account has it; then `portals` names the accounts whose entries have it. `since`
exists while a row waits to be assigned, `waiting_for` while it waits for a tenant.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates
from contracts.messages import MessageReceived
from timeline.models import InboxView, Placed, Received

COLLECTION: Final = "inbox"
_NAMES: Final = ("event_id", "trace_id", "chat_id")
_CONTENT: Final = {"since": "", "message": "", "traceparent": ""}


class MongoInbox:
    """The inbox in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._inbox = database[COLLECTION]

    async def ensure_indexes(self) -> None:
        """Let the two sweeps find what waits, and operators what they ask for."""
        for name in ("since", "waiting_for", *_NAMES):
            await self._inbox.create_index(name, sparse=True)

    async def known(self, row_ids: Collection[str]) -> Collection[str]:
        """Those keys that are there."""
        found = self._inbox.find({"_id": {"$in": list(row_ids)}}, {"_id": 1})
        return {row["_id"] async for row in found}

    async def add(self, rows: Sequence[Placed], now: datetime) -> None:
        """Keep messages that are not there yet, in one unordered insert."""
        if not rows:
            return
        try:
            await self._inbox.insert_many([_document(row, now) for row in rows], ordered=False)
        except BulkWriteError as error:
            duplicates(error)

    async def unknown(self, messages: Sequence[MessageReceived]) -> Sequence[MessageReceived]:
        """Those that never were received."""
        keys = {Received(message).id: message for message in messages}
        known = await self.known(keys)
        return [message for key, message in keys.items() if key not in known]

    async def oldest(self) -> datetime | None:
        """When the oldest message came whose key is kept."""
        found = self._inbox.find({"received_at": {"$exists": True}}, {"received_at": 1}).sort("received_at", 1).limit(1)
        return next((row["received_at"] for row in await found.to_list()), None)

    async def accounts_of(self, row_id: str) -> Sequence[int]:
        """The accounts that have a message now."""
        row = await self._inbox.find_one({"_id": row_id}, {"portals": 1})
        return [] if row is None else row.get("portals", [])

    async def look_at(self, row_ids: Collection[str]) -> Sequence[InboxView]:
        """Those that exist, as an operator sees them."""
        return [_view(row) async for row in self._inbox.find({"_id": {"$in": list(row_ids)}}, {"message": 0})]

    async def named(self, asked: str, limit: int) -> Collection[str]:
        """Keys of the newest rows whose event, trace or conversation has this id."""
        return await self._newest({"$or": [{name: asked} for name in _NAMES]}, limit)

    async def of_chats(self, chat_ids: Collection[str], limit: int) -> Collection[str]:
        """Keys of the newest rows of these conversations."""
        return await self._newest({"chat_id": {"$in": list(chat_ids)}}, limit)

    async def in_use(self, chat_ids: Collection[str], but: Collection[str]) -> Collection[str]:
        """Those conversations of which any row but these was given to an account, or still waits to be."""
        shown = {"chat_id": 1, "portals": 1, "since": 1, "waiting_for": 1}
        found = self._inbox.find({"chat_id": {"$in": list(chat_ids)}}, shown)
        return {row["chat_id"] async for row in found if row["_id"] not in but and _leads_somewhere(row)}

    async def keep_names(self, received: Collection[Received]) -> None:
        """Let rows that are there be found by their event, trace and conversation."""
        if received:
            names = [UpdateOne({"_id": one.id}, {"$set": _names(one)}) for one in received]
            await self._inbox.bulk_write(names, ordered=False)

    async def forget_names(self, row_ids: Collection[str]) -> int:
        """Let nothing but its key lead to a row any more; how many rows anything led to."""
        own = {"_id": {"$in": list(row_ids)}}
        return (await self._inbox.update_many(own, {"$unset": dict.fromkeys(_NAMES, "")})).modified_count

    async def _newest(self, query: Document, limit: int) -> Collection[str]:
        found = self._inbox.find(query, {"_id": 1}).sort("received_at", -1).limit(limit)
        return [row["_id"] async for row in found]

    async def left_over(self, limit: int) -> Sequence[Received]:
        """The longest waiting; a row without content was given to accounts, whatever else stands in it."""
        found = self._inbox.find({"since": {"$exists": True}}).sort("since", 1).limit(limit)
        return [_row(document) async for document in found if "message" in document]

    async def assigned(self, portals: Mapping[str, Sequence[int]]) -> None:
        """Note which accounts have each row now, and drop its content; it waits for nothing any more."""
        if not portals:
            return
        done = {"since": "", "message": "", "waiting_for": ""}
        await self._inbox.bulk_write(
            [
                UpdateOne({"_id": row_id}, {"$set": {"portals": list(accounts)}, "$unset": done})
                for row_id, accounts in portals.items()
            ],
            ordered=False,
        )

    async def wait(self, row_ids: Sequence[str]) -> None:
        """Let rows wait for their tenant, unless another process gave them to an account meanwhile."""
        if not row_ids:
            return
        await self._inbox.bulk_write(
            [
                UpdateOne(
                    {"_id": row_id, "message": {"$exists": True}},
                    {"$set": {"waiting_for": row_id.partition(":")[0]}, "$unset": {"since": ""}},
                )
                for row_id in row_ids
            ],
            ordered=False,
        )

    async def erase(self, chert_tenant: str, chat_ids: Collection[str]) -> None:
        """Remove the content of messages of these conversations that no account has yet; their keys stay."""
        query = {"message.chert_tenant": chert_tenant, "message.chat_id": {"$in": list(chat_ids)}}
        await self._inbox.update_many(query, {"$set": {"portals": []}, "$unset": {**_CONTENT, "waiting_for": ""}})

    async def awaited(self) -> Sequence[str]:
        """The projects whose messages wait for an account."""
        waiting = self._inbox.find({"waiting_for": {"$exists": True}}, {"waiting_for": 1})
        return sorted({row["waiting_for"] async for row in waiting})

    async def expire(self, chert_tenant: str, before: datetime, limit: int) -> Sequence[str]:
        """Let a project's oldest waiting messages wait no more; those that are called meanwhile stay."""
        old = {"waiting_for": chert_tenant, "received_at": {"$lt": before}}
        found = [row["_id"] async for row in self._inbox.find(old, {"_id": 1}).sort("received_at", 1).limit(limit)]
        ended = {"$set": {"portals": []}, "$unset": {**_CONTENT, "waiting_for": ""}}
        return [
            row_id
            for row_id in found
            if (await self._inbox.update_one({"_id": row_id, "waiting_for": chert_tenant}, ended)).modified_count
        ]

    async def call(self, chert_tenant: str, now: datetime) -> int:
        """Let those of one tenant be assigned after all; says how many."""
        result = await self._inbox.update_many(
            {"waiting_for": chert_tenant}, {"$set": {"since": now}, "$unset": {"waiting_for": ""}}
        )
        return result.modified_count


def _document(row: Placed, now: datetime) -> Document:
    key = {"_id": row.received.id, "received_at": row.received.message.received_at, **_names(row.received)}
    if row.portals:
        return {**key, "portals": list(row.portals)}
    content = {"message": row.received.message.model_dump(mode="json"), "traceparent": row.received.traceparent}
    waits = {"since": now} if row.waits_for is None else {"waiting_for": row.waits_for}
    return {**key, **content, **waits}


def _names(received: Received) -> Document:
    message = received.message
    names = {"event_id": message.event_id, "chat_id": message.chat_id}
    return names if received.trace_id is None else {**names, "trace_id": received.trace_id}


def _leads_somewhere(row: Document) -> bool:
    return bool(row.get("portals")) or "since" in row or "waiting_for" in row


def _view(row: Document) -> InboxView:
    portals = tuple(row.get("portals", ()))
    return InboxView(row["_id"], row["received_at"], portals, row.get("since"), row.get("waiting_for"))


def _row(document: Document) -> Received:
    return Received(MessageReceived.model_validate(document["message"]), document["traceparent"])
