"""Collection `inbox`: every message that was ever received, by `{chert_tenant}:{message_id}`.

A key stays for good, so that nothing that repeats a message has an effect. The content is here only until it is
assigned; then `portals` names the accounts whose entries have it. `since` exists while a row waits to be assigned,
`waiting_for` while it waits for a tenant.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from chassis.mongo import Document, duplicates
from contracts.messages import MessageReceived
from timeline.models import Received

COLLECTION: Final = "inbox"
_CONTENT: Final = {"since": "", "message": "", "traceparent": ""}


class MongoInbox:
    """The inbox in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._inbox = database[COLLECTION]

    async def ensure_indexes(self) -> None:
        """Let the two sweeps find what waits."""
        await self._inbox.create_index("since", sparse=True)
        await self._inbox.create_index("waiting_for", sparse=True)

    async def add(self, rows: Sequence[Received], now: datetime) -> Sequence[str]:
        """Keep messages that are not there yet, in one unordered insert; the keys of those that were there."""
        if not rows:
            return ()
        try:
            await self._inbox.insert_many([_document(row, now) for row in rows], ordered=False)
        except BulkWriteError as error:
            return [rows[index].id for index in sorted(duplicates(error))]
        return ()

    async def read(self, row_ids: Sequence[str]) -> Sequence[Received]:
        """Those among these that wait to be assigned, oldest first."""
        found = self._inbox.find({"_id": {"$in": list(row_ids)}})
        return sorted([_row(document) async for document in found if "since" in document], key=_age)

    async def unknown(self, messages: Sequence[MessageReceived]) -> Sequence[MessageReceived]:
        """Those that never were received."""
        keys = {Received(message).id: message for message in messages}
        known = {row["_id"] async for row in self._inbox.find({"_id": {"$in": list(keys)}}, {"_id": 1})}
        return [message for key, message in keys.items() if key not in known]

    async def oldest(self) -> datetime | None:
        """When the oldest message came whose key is kept."""
        found = self._inbox.find({"received_at": {"$exists": True}}, {"received_at": 1}).sort("received_at", 1).limit(1)
        return next((row["received_at"] for row in await found.to_list()), None)

    async def accounts_of(self, row_id: str) -> Sequence[int]:
        """The accounts that have a message now."""
        row = await self._inbox.find_one({"_id": row_id}, {"portals": 1})
        return [] if row is None else row.get("portals", [])

    async def left_over(self, limit: int) -> Sequence[Received]:
        """The longest waiting."""
        found = self._inbox.find({"since": {"$exists": True}}).sort("since", 1).limit(limit)
        return [_row(document) async for document in found]

    async def assigned(self, portals: Mapping[str, Sequence[int]]) -> None:
        """Note which accounts have each row now, and drop its content."""
        if not portals:
            return
        await self._inbox.bulk_write(
            [
                UpdateOne(
                    {"_id": row_id}, {"$set": {"portals": list(accounts)}, "$unset": {"since": "", "message": ""}}
                )
                for row_id, accounts in portals.items()
            ],
            ordered=False,
        )

    async def wait(self, row_ids: Sequence[str]) -> None:
        """Let rows wait for their tenant."""
        await self._inbox.bulk_write(
            [
                UpdateOne({"_id": row_id}, {"$set": {"waiting_for": row_id.partition(":")[0]}, "$unset": {"since": ""}})
                for row_id in row_ids
            ],
            ordered=False,
        )

    async def erase(self, chert_tenant: str, chat_ids: Collection[str]) -> None:
        """Remove the content of messages of these conversations that no account has yet; their keys stay."""
        query = {"message.chert_tenant": chert_tenant, "message.chat_id": {"$in": list(chat_ids)}}
        await self._inbox.update_many(query, {"$set": {"portals": []}, "$unset": {**_CONTENT, "waiting_for": ""}})

    async def call(self, chert_tenant: str, now: datetime) -> int:
        """Let those of one tenant be assigned after all; says how many."""
        result = await self._inbox.update_many(
            {"waiting_for": chert_tenant}, {"$set": {"since": now}, "$unset": {"waiting_for": ""}}
        )
        return result.modified_count


def _document(row: Received, now: datetime) -> Document:
    return {
        "_id": row.id,
        "message": row.message.model_dump(mode="json"),
        "traceparent": row.traceparent,
        "received_at": row.message.received_at,
        "since": now,
    }


def _row(document: Document) -> Received:
    return Received(MessageReceived.model_validate(document["message"]), document["traceparent"])


def _age(row: Received) -> tuple[datetime, str]:
    return row.message.received_at, row.id
