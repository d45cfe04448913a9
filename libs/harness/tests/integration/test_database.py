"""What the embedded database promises: acknowledged writes survive a kill, and claims have one winner."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from bson import Decimal128, Int64, ObjectId
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError, PyMongoError
from rich.console import Console

from harness.backends import Database, embedded
from harness.processes import Supervisor
from harness.waiting import eventually

pytestmark = pytest.mark.integration

KINDS: Final = (
    None, True, 1, 1.5, "", "Zoë 🎈", b"bytes", ObjectId(), Int64(2**40), Decimal128("2.50"), {"a": None, "b": [1, {}]},
    datetime(2026, 11, 23, 1, 2, 3, 456_000, UTC),
)  # fmt: skip
"""Values of every kind that a document, or its key, may have."""

Documents = AsyncCollection[dict[str, object]]


@pytest.fixture
async def documents(database: Database) -> AsyncIterator[Documents]:
    """An empty collection with a unique key besides `_id`."""
    async with AsyncMongoClient[dict[str, object]](
        database.url, serverSelectionTimeoutMS=10_000, socketTimeoutMS=5_000
    ) as client:
        collection = client[f"durability-{uuid.uuid4().hex}"]["documents"]
        await collection.create_index([("writer", 1), ("number", 1)], unique=True)
        yield collection


class Writer:
    """Inserts one document after another until the database is gone, and remembers what was acknowledged."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.acknowledged: set[str] = set()
        self.unanswered: dict[str, object] = {}

    async def run(self, documents: Documents) -> None:
        """Write until a write fails; the document of that write stays in `unanswered`."""
        while True:
            number = len(self.acknowledged)
            self.unanswered = {"_id": f"{self.name}-{number}", "writer": self.name, "number": number}
            try:
                await documents.insert_one(self.unanswered)
            except PyMongoError:
                return
            self.acknowledged.add(f"{self.name}-{number}")


@pytest.mark.parametrize("acknowledged", [200, 500, 900])
async def test_no_acknowledged_write_is_lost_when_the_database_is_killed(
    database: Database, documents: Documents, acknowledged: int
) -> None:
    """Killed under eight writers, the database still has every write it acknowledged."""
    writers = [Writer(f"w{number}") for number in range(8)]

    async def enough() -> bool:
        return sum(len(writer.acknowledged) for writer in writers) >= acknowledged

    async def kill() -> None:
        await eventually(enough, what=f"{acknowledged} acknowledged writes", seconds=60)
        await asyncio.to_thread(database.kill)

    await asyncio.gather(kill(), *(writer.run(documents) for writer in writers))
    await asyncio.to_thread(database.restart)
    promised = set[object]().union(*(writer.acknowledged for writer in writers))
    stored = {document["_id"] async for document in documents.find({}, {"_id": 1})}

    assert set() == promised - stored


async def test_an_unanswered_write_can_be_repeated_after_a_kill(database: Database, documents: Documents) -> None:
    """A write cut short by a kill is either wholly there or wholly absent: no key is taken without its document."""
    writers = [Writer(f"w{number}") for number in range(8)]

    async def all_at_work() -> bool:
        return all(len(writer.acknowledged) > 5 for writer in writers)

    async def kill() -> None:
        await eventually(all_at_work, what="every writer at work", seconds=60)
        await asyncio.to_thread(database.kill)

    await asyncio.gather(kill(), *(writer.run(documents) for writer in writers))
    await asyncio.to_thread(database.restart)
    for writer in writers:
        try:
            await documents.insert_one(writer.unanswered)
        except DuplicateKeyError:
            assert await documents.count_documents({"_id": writer.unanswered["_id"]}) == 1

    assert await documents.count_documents({}) == sum(len(writer.acknowledged) + 1 for writer in writers)


async def test_a_claim_has_one_winner(documents: Documents) -> None:
    """Of 32 clients that claim one document at once, one gets it: find-and-update is atomic."""
    for job in range(20):
        await documents.insert_one({"_id": job, "writer": "jobs", "number": job, "owner": None})
        claims = [
            documents.find_one_and_update({"_id": job, "owner": None}, {"$set": {"owner": claimant}})
            for claimant in range(32)
        ]
        answers = await asyncio.gather(*claims)

        assert len([answer for answer in answers if answer is not None]) == 1


async def test_documents_are_found_as_they_were_after_a_restart(database: Database, documents: Documents) -> None:
    """Whatever kinds of keys and values: each is there as it was, found by its key, and keys stay unique."""
    many = [{"_id": f"k{number:05}", "writer": f"w{number % 7}", "number": number} for number in range(2_000)]
    kinds = [{"_id": kind, "writer": kind, "number": -place, "value": kind} for place, kind in enumerate(KINDS, 1)]
    await documents.insert_many([*many, *kinds])
    await asyncio.to_thread(database.restart)
    asked = documents.with_options(codec_options=documents.codec_options.with_options(tz_aware=True))

    for one in [*many[::99], *kinds]:
        assert one == await asked.find_one({"_id": one["_id"]})
        assert one == await asked.find_one({"writer": one["writer"], "number": one["number"]})
        with pytest.raises(DuplicateKeyError):
            await documents.insert_one({**one, "_id": "another"})
    assert len(many) + len(kinds) == await documents.count_documents({})


@pytest.mark.parametrize("query", [{"_id": 1}, {"first": {"$gte": 0}}])
async def test_a_document_is_read_as_it_was_at_one_moment(documents: Documents, query: dict[str, object]) -> None:
    """Found by its key or by reading all, it shows an update whole or not at all, though others are on their way."""
    await documents.insert_one({"_id": 1, "first": 0, "between": list(range(5_000)), "last": 0})
    reading = True

    async def update() -> None:
        number = 0
        while reading:
            number += 1
            await documents.update_one({"_id": 1}, {"$set": {"first": number, "last": number}})

    async def read() -> list[tuple[object, object]]:
        found = [await documents.find_one(query) or {} for _ in range(300)]
        return [(one["first"], one["last"]) for one in found]

    updates = [asyncio.create_task(update()) for _ in range(2)]
    seen = [pair for pairs in await asyncio.gather(read(), read()) for pair in pairs]
    reading = False
    await asyncio.gather(*updates)

    assert [] == [pair for pair in seen if pair[0] != pair[1]]
    assert len(set(seen)) > len(seen) // 10


async def test_a_database_on_a_full_disk_ends_and_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """It ends as MongoDB does, instead of answering nonsense; with room again it has every write it acknowledged."""
    java = embedded.prepare(Console(stderr=True))
    with Supervisor() as supervisor:
        database, writer = embedded.EmbeddedDatabase(supervisor, java, tmp_path), Writer("w")
        await asyncio.to_thread(database.start)
        process = database.process
        assert process is not None
        async with AsyncMongoClient[dict[str, object]](database.url, socketTimeoutMS=5_000) as client:
            documents = client["full"]["documents"]
            await documents.insert_one({"_id": "before"})
            await asyncio.to_thread(database.fill_disk)
            await writer.run(documents)

            async def ended() -> bool:
                return not process.running

            await eventually(ended, what="its end", seconds=30)
            await asyncio.to_thread(database.restart)
            stored = {document["_id"] async for document in documents.find({}, {"_id": 1})}

    assert {"before"} == stored - writer.acknowledged
    assert set() == writer.acknowledged - stored


async def test_what_is_asked_beside_a_key_decides(documents: Documents) -> None:
    """A query that names a key, or several, and more besides, finds what meets all of it, whatever it is for."""
    await documents.insert_many(
        [{"_id": f"k{number}", "writer": "w", "number": number, "owner": None, "tags": {}} for number in range(9)]
    )
    await documents.update_one({"_id": "k1"}, {"$set": {"owner": 7, "tags.f7": 1}})

    assert await documents.find_one({"_id": "k1", "owner": None}) is None
    assert await documents.find_one({"writer": "w", "number": 1, "owner": None}) is None
    found = documents.find({"_id": {"$in": ["k3", "k1", "k2", "other"]}, "tags": {}}, {"_id": 1}).sort("_id", -1)
    assert ["k3", "k2"] == [one["_id"] async for one in found]
    either = {"$or": [{"owner": 7}, {"number": {"$gte": 8}}]}
    assert [1, 0, 1] == [await documents.count_documents({"_id": key, **either}) for key in ("k1", "k2", "k8")]
    assert (
        1 == (await documents.update_many({"_id": {"$in": ["k1", "k2"]}, "owner": 7}, {"$set": {"x": 1}})).matched_count
    )
    assert 0 == (await documents.delete_one({"_id": "k4", "number": 5})).deleted_count
    assert 3 == await documents.count_documents({"_id": {"$gte": "k4"}, "number": {"$lt": 7}})
    with pytest.raises(DuplicateKeyError):  # there, but otherwise: an upsert makes no second one
        await documents.update_one({"_id": "k5", "number": 4}, {"$set": {"x": 1}}, upsert=True)


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_hashed_index_finds_what_reading_all_would(
    database: Database, documents: Documents, restarted: bool
) -> None:
    """By one text, some, or a choice of fields, after changes, removals and a restart: what is there now, once."""
    await documents.create_index([("event", "hashed")], sparse=True)
    await documents.insert_many(
        [{"_id": f"k{n}", "writer": "w", "number": n, "event": f"e{n}", "chat": f"c{n // 10}"} for n in range(5_000)]
    )
    await documents.create_index([("chat", "hashed")], sparse=True)
    await documents.update_many({"_id": {"$in": ["k11", "k12"]}}, {"$unset": {"chat": ""}})
    await documents.update_one({"_id": "k13"}, {"$set": {"chat": "c2", "event": 13}})
    await documents.delete_many({"_id": {"$in": ["k14", "k15"]}})
    await documents.insert_one({"_id": "k15", "writer": "w", "number": 15, "event": "again", "chat": "c1"})
    if restarted:
        await asyncio.to_thread(database.restart)

    async def found(query: dict[str, object]) -> list[object]:
        return [one["number"] async for one in documents.find(query).sort("number", 1)]

    assert [10, 15, 16, 17, 18, 19] == await found({"chat": "c1"})
    assert [13, *range(20, 30)] == await found({"chat": {"$in": ["c2", "nobody's"]}})
    assert [11, *range(4_500, 4_510)] == await found({"$or": [{"event": "e11"}, {"chat": "c450"}]})
    assert [16] == await found({"chat": "c1", "event": "e16", "number": {"$gt": 3}})
    assert [[13], [12]] == [await found({"event": 13}), await found({"$or": [{"event": "e12"}, {"number": 12}]})]
    assert [[], []] == [await found({"event": "e15"}), await found({"$or": [{"event": "c1"}, {"chat": "e1"}]})]


async def test_a_hashed_index_takes_no_arrays_and_may_be_dropped(documents: Documents) -> None:
    """An array is refused, as MongoDB does; without the index, or in a collection made anew, nothing is missed."""
    await documents.create_index([("chat", "hashed")], sparse=True)
    await documents.insert_one({"_id": "a", "writer": "w", "number": 1, "chat": "c"})

    with pytest.raises(PyMongoError, match="array"):
        await documents.insert_one({"_id": "b", "writer": "w", "number": 2, "chat": ["c"]})
    await documents.drop_index("chat_hashed")
    await documents.insert_one({"_id": "b", "writer": "w", "number": 2, "chat": "c"})
    assert 2 == await documents.count_documents({"chat": "c"})
    await documents.drop()
    await documents.create_index([("chat", "hashed")], sparse=True)
    await documents.insert_one({"_id": "c", "writer": "w", "number": 3, "chat": "c"})
    assert ["c"] == [one["_id"] async for one in documents.find({"chat": "c"})]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_sparse_index_finds_what_has_the_field(
    database: Database, documents: Documents, restarted: bool
) -> None:
    """Few documents among many, by a field of their own or of what they carry, after changes and a restart."""
    await documents.create_index("since", sparse=True)
    await documents.insert_many([{"_id": f"k{n}", "writer": "w", "number": n, "outbox": []} for n in range(500)])
    await documents.create_index("outbox.time", sparse=True)
    numbers = [{"since": 5}, {"since": None}, {"outbox": [{"time": 3}, {"time": 9}]}, {"outbox": [{"note": 1}]}]
    for number, members in enumerate(numbers):
        await documents.update_one({"_id": f"k{number}"}, {"$set": members})
    await documents.update_one({"_id": "k4"}, {"$set": {"since": 1}})
    await documents.update_one({"_id": "k4"}, {"$unset": {"since": ""}})
    await documents.update_one({"_id": "k5"}, {"$push": {"outbox": {"time": 7}}})
    await documents.update_one({"_id": "k5"}, {"$pull": {"outbox": {"time": 7}}})
    await documents.insert_one({"_id": "gone", "writer": "w", "number": 6_000, "since": 5})
    await documents.delete_one({"_id": "gone"})
    if restarted:
        await asyncio.to_thread(database.restart)

    async def found(query: dict[str, object]) -> list[object]:
        return [one["number"] async for one in documents.find(query).sort("number", 1)]

    assert [[0, 1], [0]] == [await found({"since": {"$exists": True}}), await found({"since": {"$lte": 9}})]
    assert [[0], []] == [await found({"since": 5}), await found({"since": 5, "number": 1})]
    assert [2] == await found({"outbox.time": {"$exists": True}})
    assert 498 == await documents.count_documents({"since": {"$exists": False}})
    assert 499 == await documents.count_documents({"since": None})
    assert [{"time": 3}, {"time": 9}] == (await documents.find_one({"outbox.time": {"$gt": 8}}) or {})["outbox"]
    changed = await documents.update_many({"since": {"$exists": True}}, {"$unset": {"since": ""}})
    assert (2, []) == (changed.modified_count, await found({"since": {"$exists": True}}))


async def test_a_field_that_many_have_is_found_all_the_same(documents: Documents) -> None:
    """A sparse index keeps only so many; beyond that, and when it is down to a few again, nothing is missed."""
    await documents.create_index("since", sparse=True)
    many = [{"_id": n, "writer": "w", "number": n, "since": n} for n in range(20_050)]
    await documents.insert_many(many, ordered=False)

    assert len(many) == await documents.count_documents({"since": {"$gte": 0}})
    await documents.update_many({"number": {"$gte": 20}}, {"$unset": {"since": ""}})
    assert list(range(20)) == [one["_id"] async for one in documents.find({"since": {"$exists": True}}).sort("_id", 1)]
    await documents.update_many({}, {"$unset": {"since": ""}})
    await documents.update_one({"_id": 7}, {"$set": {"since": 1}})
    assert [7] == [one["_id"] async for one in documents.find({"since": {"$exists": True}})]
