"""MongoDB: the client, which of its errors mean that it is away, and small readings of its answers.

Code stays inside the subset of `docs/assumptions.md`: no transactions, no change streams, no pipeline updates.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo import AsyncMongoClient
from pymongo.errors import BulkWriteError, ConnectionFailure, NotPrimaryError, WTimeoutError
from pymongo.monitoring import CommandListener

Document = dict[str, Any]
"""A document as the driver gives it; adapters turn it into models at once."""

DATABASE_AWAY: Final = (ConnectionFailure, NotPrimaryError, WTimeoutError)
"""Errors that say the database cannot be asked now; a retry later is right. Server selection is one of them."""

_DUPLICATE_KEY_CODE: Final = 11000


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
