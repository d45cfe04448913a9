"""Reading MongoDB's answers, and the subset that our code may use."""

import asyncio
from typing import Any

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    NetworkTimeout,
    NotPrimaryError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)
from pymongo.lock import _async_cond_wait, _async_create_condition, _async_create_lock
from pymongo.monitoring import CommandStartedEvent
from pymongo.network_layer import async_sendall

from chassis.mongo import DATABASE_AWAY, connect, duplicates
from chassis.subset import SubsetListener, faults

SECONDS = 10.0
TURNS = 10
"""Of the loop, in which a call that is cancelled has ended."""


def failed(*codes: int, **more: Any) -> BulkWriteError:
    """A bulk insert whose items failed with these codes."""
    return BulkWriteError({"writeErrors": [{"index": 2 * at, "code": code} for at, code in enumerate(codes)]} | more)


def test_duplicates_are_read_per_item() -> None:
    """Of an unordered insert, the positions that were there already are told."""
    assert frozenset({0, 2}) == duplicates(failed(11000, 11000))


@pytest.mark.parametrize(
    "error", [failed(11000, 121), failed(), BulkWriteError({}), failed(11000, writeConcernErrors=[{"code": 64}])]
)
def test_anything_else_is_not_called_a_duplicate(error: BulkWriteError) -> None:
    """Another failure among them, or writes that are not durable, stay an error."""
    with pytest.raises(BulkWriteError):
        duplicates(error)


@pytest.mark.parametrize(
    "error",
    [AutoReconnect, NetworkTimeout, NotPrimaryError, ServerSelectionTimeoutError, WaitQueueTimeoutError, WTimeoutError],
)
def test_an_outage_in_any_form_is_an_outage(error: type[Exception]) -> None:
    """Everything that says the database cannot be asked now is retryable; a refusal is not."""
    assert issubclass(error, DATABASE_AWAY)
    assert not issubclass(DuplicateKeyError, DATABASE_AWAY)


async def test_a_client_waits_for_nothing_for_ever() -> None:
    """Connecting, selecting and reading have deadlines, writes are durable, and no write is repeated unseen."""
    async with connect("mongodb://127.0.0.1:1", "tests") as client:
        options = client.options
        assert (2.0, False) == (options.server_selection_timeout, options.retry_writes)
        assert (2.0, 10.0, 5.0) == (
            options.pool_options.connect_timeout,
            options.pool_options.socket_timeout,
            options.pool_options.wait_queue_timeout,
        )
        assert {"w": "majority"} == client.write_concern.document


INSIDE: list[tuple[str, dict[str, Any]]] = [
    ("insert", {"documents": [{"_id": "x"}]}),
    ("find", {"filter": {"_id": {"$in": [1]}, "$or": [{"a": {"$exists": True}}, {"b": {"$lt": 1, "$gte": 0}}]}}),
    ("distinct", {"query": {"a": 1}}),
    ("delete", {"deletes": [{"q": {"_id": 1}, "limit": 1}]}),
    ("update", {"updates": [{"q": {"_id": 1}, "u": {"$set": {"a": 1}, "$push": {"b": {"$each": [1, 2]}}}}]}),
    ("update", {"updates": [{"q": {}, "u": {"$pull": {"b": {"id": {"$in": [1]}}}}, "arrayFilters": [{"e.id": 1}]}]}),
    ("update", {"updates": [{"q": {"_id": 1}, "u": {"plain": "replacement"}, "upsert": True}]}),
    ("findAndModify", {"query": {"a": {"$ne": 1}}, "update": {"$inc": {"n": 1}, "$setOnInsert": {"m": 1}}}),
    ("findAndModify", {"query": {"a": 1}, "remove": True, "sort": {"a": 1}}),
    (
        "aggregate",
        {"pipeline": [{"$match": {"a": 1}}, {"$group": {"_id": "$b", "n": {"$sum": 1}}}, {"$sort": {"n": 1}}]},
    ),
    ("createIndexes", {"indexes": [{"name": "x", "key": {"a": 1}, "unique": True}, {"name": "y", "sparse": True}]}),
    ("hello", {}),
]
OUTSIDE: list[tuple[str, dict[str, Any], str]] = [
    ("insert", {"startTransaction": True, "txnNumber": 1}, "transaction"),
    ("insert", {"txnNumber": 1}, "retryable write"),
    ("find", {"filter": {"$where": "sleep(1)"}}, "$where"),
    ("find", {"filter": {"$or": [{"a": {"$not": {"$regex": "x"}}}]}}, "$not"),
    ("delete", {"deletes": [{"q": {"$expr": {}}}]}, "$expr"),
    ("update", {"updates": [{"q": {}, "u": [{"$set": {"a": "$b"}}]}]}, "pipeline update"),
    ("update", {"updates": [{"q": {}, "u": {"$rename": {"a": "b"}}}]}, "$rename"),
    ("update", {"updates": [{"q": {}, "u": {"$push": {"a": {"$each": [], "$slice": 1}}}}]}, "$slice"),
    ("findAndModify", {"query": {}, "update": {"$currentDate": {"a": True}}}, "$currentDate"),
    ("aggregate", {"pipeline": [{"$changeStream": {}}]}, "$changeStream"),
    ("aggregate", {"pipeline": [{"$lookup": {}}]}, "$lookup"),
    ("aggregate", {"pipeline": [{"$group": {"_id": None, "x": {"$addToSet": "$a"}}}]}, "$addToSet"),
    ("createIndexes", {"indexes": [{"name": "x", "unique": True, "sparse": True}]}, "unique index x with a filter"),
    ("commitTransaction", {}, "command"),
]


@pytest.mark.parametrize(("name", "command"), INSIDE)
def test_what_works_everywhere_is_allowed(name: str, command: dict[str, Any]) -> None:
    """Commands of the subset raise no fault."""
    assert [] == list(faults(name, command))


@pytest.mark.parametrize(("name", "command", "fault"), OUTSIDE)
def test_what_works_in_one_place_only_is_found(name: str, command: dict[str, Any], fault: str) -> None:
    """A command outside the subset is named with what takes it there."""
    assert fault in list(faults(name, command))


def test_a_listener_notes_what_it_sees() -> None:
    """A violation is kept with its command, for the test that asks at its end."""
    listener = SubsetListener()
    listener.started(CommandStartedEvent({"find": "x", "filter": {"$where": "x"}}, "db", 1, ("localhost", 1), 1))
    listener.started(CommandStartedEvent({"find": "x", "filter": {}}, "db", 2, ("localhost", 1), 2))
    assert ["find: $where"] == listener.violations


async def test_a_pool_stays_usable_after_whoever_waited_for_a_connection_is_cancelled() -> None:
    """Cancelled just when it had waited for long enough, it leaves the pool's lock to whoever has it, and then free."""
    lock = _async_create_lock()
    condition = _async_create_condition(lock)

    async def waiting() -> None:
        async with condition:
            await _async_cond_wait(condition, 0.001)

    def is_queued() -> bool:
        return bool(lock._waiters)

    task = asyncio.create_task(waiting())
    async with asyncio.timeout(SECONDS):
        await asyncio.sleep(0)
        async with lock:
            while not is_queued():  # noqa: ASYNC110 - the driver tells nobody
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0)
            assert lock.locked()
        await asyncio.wait([task])
        async with lock:
            pass

    assert not lock.locked()


@pytest.mark.parametrize("turns", range(5))
async def test_a_call_that_is_cancelled_while_the_driver_writes_ends(turns: int) -> None:
    """A cancellation is not lost in a write, however many turns of the loop it comes after the call began."""

    class Wire:
        """Takes all that is written."""

        gettimeout = SECONDS

        async def write(self, message: bytes) -> None:
            """Taken."""

    async def calling() -> None:
        await async_sendall(Wire(), b"message")  # type: ignore[arg-type]  # as much of a connection as it uses
        await asyncio.Event().wait()  # the answer, which does not come

    task = asyncio.create_task(calling())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    for _ in range(TURNS):
        await asyncio.sleep(0)

    assert task.cancelled()
