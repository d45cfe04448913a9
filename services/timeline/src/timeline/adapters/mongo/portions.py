"""Collection `portions`: messages that are set aside, hundreds in a document, `_id` `{chert_tenant}:{number}`.

`content` is JSON in one piece, for it is only ever read whole; `ids` and `names` are what a message is found by.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from timeline.models import InboxView, Received, Sealed, erased

COLLECTION: Final = "portions"

MAX_CHARACTERS: Final = 4_000_000
"""The longest content, far from the database's 16 MiB whatever signs it is made of; a message has 512 KiB at most."""

_MORE: Final = 4
"""How many times as many messages are asked for next: 500 that are nowhere take five looks."""

_ROWS: Final = TypeAdapter(tuple[Received, ...])


@dataclass(frozen=True, slots=True)
class Part:
    """What one portion takes: messages, and all of them as JSON."""

    rows: Sequence[Sealed]
    content: str


class MongoPortions:
    """Portions in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._portions = database[COLLECTION]

    async def ensure_indexes(self) -> None:
        """Let operators find a message, and the gauge the oldest."""
        for name in ("ids", "names", "oldest_at", "chert_tenant"):
            await self._portions.create_index(name, sparse=True)

    async def lay_down(self, chert_tenant: str, number: int, part: Part, now: datetime) -> bool:
        """Keep a portion; false if its number is not free any more."""
        rows = part.rows
        document = {
            "_id": key(chert_tenant, number),
            "chert_tenant": chert_tenant,
            "since": now,
            "oldest_at": min((row.received_at for row in rows), default=now),
            "ids": [row.id for row in rows],
            "names": sorted({name for row in rows for name in row.names}),
            "content": part.content,
        }
        try:
            await self._portions.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def read(self, chert_tenant: str, number: int) -> Sequence[Received] | None:
        """The messages of a portion, in order."""
        document = await self._portions.find_one({"_id": key(chert_tenant, number)}, {"content": 1})
        return None if document is None else _ROWS.validate_json(document["content"])

    async def remove(self, chert_tenant: str, numbers: Collection[int]) -> None:
        """Forget portions."""
        if numbers:
            await self._portions.delete_many({"_id": {"$in": [key(chert_tenant, number) for number in numbers]}})

    async def numbers(self, chert_tenant: str) -> Collection[int]:
        """The numbers of a project's portions."""
        own = self._portions.find({"chert_tenant": chert_tenant}, {"_id": 1})
        return [int(one["_id"].rpartition(":")[2]) async for one in own]

    async def projects(self) -> Collection[str]:
        """Those that have portions."""
        own = self._portions.find({"chert_tenant": {"$gt": ""}}, {"chert_tenant": 1, "_id": 0})  # of the index alone
        return {one["chert_tenant"] async for one in own}

    async def oldest(self) -> datetime | None:
        """When the oldest message came that is here."""
        found = self._portions.find({}, {"oldest_at": 1}).sort("oldest_at", 1).limit(1)
        return next((one["oldest_at"] for one in await found.to_list()), None)

    async def lengths(self, chert_tenants: Collection[str]) -> Mapping[str, int]:
        """How many messages of projects are here."""
        lengths: Counter[str] = Counter()
        own = {"chert_tenant": {"$in": list(chert_tenants)}}
        async for document in self._portions.find(own, {"chert_tenant": 1, "ids": 1}):
            lengths[document["chert_tenant"]] += len(document["ids"])
        return lengths

    async def among(self, row_ids: Collection[str]) -> Collection[str]:
        """Those of these messages that are here.

        What came together lies together: one is asked for, and tells of all that lie with it; then one of the others.
        After one that is nowhere more are asked for at once.
        """
        here: set[str] = set()
        left, asked = list(row_ids), 1
        while left:
            wanted = left[0] if asked == 1 else {"$in": left[:asked]}
            found = self._portions.find({"ids": wanted}, {"ids": 1})
            neighbours = {row_id async for one in found for row_id in one["ids"]}
            here |= neighbours.intersection(left)
            left = [row_id for row_id in left[asked:] if row_id not in neighbours]
            asked = 1 if neighbours else asked * _MORE
        return here

    async def erase(self, chert_tenant: str, chat_ids: Collection[str]) -> None:
        """Remove the content of messages of these conversations; the messages stay where they are."""
        own = {"chert_tenant": chert_tenant, "names": {"$in": list(chat_ids)}}
        for number in [document["_id"] async for document in self._portions.find(own, {"_id": 1})]:
            while not await self._erase(number, chat_ids):
                pass  # another erasure came first

    async def _erase(self, portion_id: str, chat_ids: Collection[str]) -> bool:
        document = await self._portions.find_one({"_id": portion_id}, {"content": 1})
        if document is None:
            return True
        rows = _ROWS.validate_json(document["content"])
        left = tuple(erased(row) if row.message.chat_id in chat_ids else row for row in rows)
        result = await self._portions.update_one(
            {"_id": portion_id, "content": document["content"]}, {"$set": {"content": _ROWS.dump_json(left).decode()}}
        )
        return result.matched_count == 1

    async def views(self, row_ids: Collection[str]) -> Sequence[InboxView]:
        """Those of these messages that are here, as an operator sees them."""
        found = self._rows({"ids": {"$in": list(row_ids)}})
        return [
            InboxView(row.id, row.message.received_at, since=since) async for row, since in found if row.id in row_ids
        ]

    async def named(self, names: Collection[str], limit: int) -> Collection[str]:
        """Keys of the newest messages whose event, trace or conversation has one of these ids."""
        found = self._rows({"names": {"$in": list(names)}})
        rows = [row async for row, _ in found if not set(row.names).isdisjoint(names)]
        newest = sorted(rows, key=lambda row: row.message.received_at, reverse=True)
        return [row.id for row in newest[:limit]]

    async def _rows(self, query: Document) -> AsyncIterator[tuple[Received, datetime]]:
        async for document in self._portions.find(query, {"content": 1, "since": 1}):
            for row in _ROWS.validate_json(document["content"]):
                yield row, document["since"]


def key(chert_tenant: str, number: int) -> str:
    """The key of a portion."""
    return f"{chert_tenant}:{number}"


def parts(rows: Sequence[Sealed]) -> Iterator[Part]:
    """Messages in as many portions as their length asks for."""
    first, length = 0, 0
    for end, row in enumerate(rows):
        if end > first and length + len(row.text) > MAX_CHARACTERS:
            yield _part(rows[first:end])
            first, length = end, 0
        length += len(row.text)
    if rows:
        yield _part(rows[first:])


def _part(rows: Sequence[Sealed]) -> Part:
    return Part(rows, f"[{','.join(row.text for row in rows)}]")
