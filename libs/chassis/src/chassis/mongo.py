"""MongoDB: the client, which of its errors mean that it is away, and small readings of its answers.

Code stays inside the subset of `docs/assumptions.md`: no transactions, no change streams, no pipeline updates.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pymongo.lock
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    NotPrimaryError,
    OperationFailure,
    WTimeoutError,
)
from pymongo.monitoring import CommandListener

from chassis.cancellation import wait_for
from chassis.health import UnfitError

Document = dict[str, Any]
"""A document as the driver gives it; adapters turn it into models at once."""

DATABASE_AWAY: Final = (ConnectionFailure, NotPrimaryError, WTimeoutError, ConfigurationError)
"""Errors that say the database cannot be asked now; a retry later is right. Server selection is one of them, and the
last is how the driver refuses a server that is too old: it asks it nothing, and goes on by itself after an upgrade."""

OLDEST: Final = "4.4"
"""The oldest MongoDB that the driver speaks to."""

_TAKES_NO_WRITES: Final = frozenset({371, 14031})
"""UserWritesBlocked and OutOfDiskSpace (MongoDB's `error_codes.yml`): room has to be made before a write is taken."""

_DUPLICATE_KEY_CODE: Final = 11000

if sys.version_info < (3, 12):  # a cancelled wait could leave the pool locked, and a cancelled write went on
    for user in (asyncio, pymongo.lock):  # the driver's other modules look it up in asyncio, each time
        setattr(user, "wait_for", wait_for)  # noqa: B010 - the driver exports no such name


def connect(url: str, service: str, *, event_listeners: Sequence[CommandListener] = ()) -> AsyncMongoClient[Document]:
    """A client with deadlines on everything; it connects when first used, and again after an outage.

    Args:
        url: connection string.
        service: shown in the server's own logs.
        event_listeners: see every command; a test attaches `subset.SubsetListener`.
    """
    return AsyncMongoClient(
        url,
        appname=service,
        event_listeners=event_listeners,
        tz_aware=True,
        w="majority",
        retryWrites=False,
        serverSelectionTimeoutMS=2_000,
        connectTimeoutMS=2_000,
        socketTimeoutMS=10_000,
        maxPoolSize=50,
        waitQueueTimeoutMS=5_000,
    )


async def answers(database: AsyncDatabase[Document]) -> None:
    """Return if the database can be asked.

    Raises:
        UnfitError: it is too old.
        PyMongoError: it is away.
    """
    try:
        await database.command("ping")
    except ConfigurationError as error:
        raise UnfitError(f"MongoDB {OLDEST} or newer is needed; the server that answers is older") from error


def takes_no_writes(error: BaseException) -> bool:
    """Whether the database refused to write for want of room, or as its operators told it to; a retry is right.

    A `mongod` whose disk is full ends, as a rule: then it is away.
    """
    if isinstance(error, BulkWriteError):
        failed: list[Mapping[str, Any]] = (error.details or {}).get("writeErrors", [])
        return any(write.get("code") in _TAKES_NO_WRITES for write in failed)
    return isinstance(error, OperationFailure) and error.code in _TAKES_NO_WRITES


@contextmanager
def if_it_can() -> Iterator[None]:
    """Do the block as far as the database can be asked now; what is left of it is done some other time."""
    try:
        yield
    except (UnfitError, *DATABASE_AWAY):
        pass
    except OperationFailure as error:
        if not takes_no_writes(error):
            raise


def duplicates(error: BulkWriteError) -> frozenset[int]:
    """Positions of an unordered bulk insert that were there already.

    Raises:
        BulkWriteError: anything else went wrong too.
    """
    details: Mapping[str, Any] = error.details or {}
    failed: list[Mapping[str, Any]] = details.get("writeErrors", [])
    others = any(write.get("code") != _DUPLICATE_KEY_CODE for write in failed)
    if others or not failed or details.get("writeConcernErrors"):
        raise error
    return frozenset(int(write["index"]) for write in failed)
