"""Collection `inbox`: every message that was ever received, by `{chert_tenant}:{message_id}`.

A key stays for good, so that nothing that repeats a message has an effect, and beside it the ids that operators ask by.
The content is here only while no account has it; then `portals` names the accounts whose entries have it. `since`
exists while a row waits to be assigned, `waiting_for` while it waits for a tenant. Among the rows lies, by
`{chert_tenant}:`, what stands before a project's next message: see `queues`. What is set aside is in `portions`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import HASHED, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates
from contracts.messages import MessageReceived
from timeline.adapters.mongo.portions import MongoPortions
from timeline.models import InboxView, Known, Placed, Queue, Received

COLLECTION: Final = "inbox"
_NAMES: Final = ("event_id", "trace_id", "chat_id")
_STANDING: Final = {"since": 1, "waiting_for": 1, "queue": 1}
_CONTENT: Final = {"since": "", "message": "", "traceparent": ""}


class MongoInbox:
    """The inbox in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], portions: MongoPortions) -> None:
        self._inbox, self._portions = database[COLLECTION], portions

    async def ensure_indexes(self) -> None:
        """Let the two sweeps find what waits, and operators what they ask for."""
        for name in ("since", "waiting_for", "message.chert_tenant"):
            await self._inbox.create_index(name, sparse=True)
        for name in _NAMES:
            await self._inbox.create_index([(name, HASHED)], sparse=True)

    async def known(self, row_ids: Collection[str]) -> Known:
        """Those keys that are there, and what stands before the next messages of their projects."""
        queues = {queue_key(row_id.partition(":")[0]) for row_id in row_ids}
        found = self._inbox.find({"_id": {"$in": [*row_ids, *queues]}}, _STANDING)
        rows = {row["_id"]: row async for row in found}
        before = [queue_of(rows[key]) for key in queues if key in rows]
        return Known(
            rows={key: "since" in row or "waiting_for" in row for key, row in rows.items() if key not in queues},
            queues={queue.chert_tenant: queue for queue in before if not queue.empty},
        )

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
        rows = self._inbox.find({"_id": {"$in": list(keys)}}, {"_id": 1})
        known = {row["_id"] async for row in rows}
        aside = await self._portions.among([key for key in keys if key not in known])
        return [message for key, message in keys.items() if key not in known and key not in aside]

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
        views = {view.id: view for view in await self._portions.views(row_ids)}
        rows = self._inbox.find({"_id": {"$in": list(row_ids)}}, {"message": 0})
        return list((views | {row["_id"]: _view(row) async for row in rows}).values())

    async def named(self, asked: str, limit: int) -> Collection[str]:
        """Keys of the newest rows whose event, trace or conversation has this id."""
        aside = await self._portions.named([asked], limit)
        return _together(aside, await self._newest({"$or": [{name: asked} for name in _NAMES]}, limit), limit)

    async def of_chats(self, chat_ids: Collection[str], limit: int) -> Collection[str]:
        """Keys of the newest rows of these conversations."""
        aside = await self._portions.named(chat_ids, limit)
        return _together(aside, await self._newest({"chat_id": {"$in": list(chat_ids)}}, limit), limit)

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

    async def left_of(self, chert_tenant: str, limit: int) -> Sequence[Received]:
        """The oldest messages of a project that no account has."""
        found = self._inbox.find({"message.chert_tenant": chert_tenant}).sort("received_at", 1).limit(limit)
        return [_row(document) async for document in found]

    async def assigned(self, portals: Mapping[str, Sequence[int]]) -> None:
        """Note which accounts have each row now, and drop its content; it waits for nothing any more."""
        if not portals:
            return
        done = {**_CONTENT, "waiting_for": ""}
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
        await self._portions.erase(chert_tenant, chat_ids)

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


def _together(aside: Collection[str], rows: Collection[str], limit: int) -> Collection[str]:
    """Keys of what is set aside, which came last, and of rows; in between a message may be both."""
    return list(dict.fromkeys([*aside, *rows]))[:limit]


def queue_key(chert_tenant: str) -> str:
    """The key of what stands before a project's next message; no message has it, for theirs have an id at the end."""
    return f"{chert_tenant}:"


def queue_of(document: Document) -> Queue:
    """What stands before a project's next message."""
    members = document["queue"]
    return Queue(document["_id"][:-1], members.get("left", 0), members.get("first", 0), members.get("end", 0))


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
