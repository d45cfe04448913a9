"""The events that lie in sends, on their way to Kafka."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.sends import COLLECTION
from chassis.clock import Clock
from chassis.mongo import Document
from chassis.outbox import RELAY_SECONDS, Pending
from contracts import envelope
from contracts.topics import EVENT_TYPES

_SWEEP_SECONDS: Final = RELAY_SECONDS / 2
"""A sweep reads the whole collection where an index is not real, so a burst of wakes must not become a burst of sweeps.
Half of the relay's own interval, so that each of its regular rounds may do one."""

_REMEMBERED: Final = 10_000
"""How many keys with fresh events are remembered; one forgotten too early waits for the next sweep."""


class MongoSendOutbox:
    """The `outbox` arrays of collection `sends`; `outbox_since` exists only while one has events."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock) -> None:
        self._sends, self._clock = database[COLLECTION], clock
        self._fresh: deque[str] = deque(maxlen=_REMEMBERED)
        self._swept_at = float("-inf")

    async def ensure_indexes(self) -> None:
        """Let a sweep find what was left behind without reading everything.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await asked(lambda: self._sends.create_index("outbox_since", sparse=True))

    def note(self, key: str) -> None:
        """This send has fresh events."""
        self._fresh.append(key)

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Sends with events: those noted, else, now and then, whatever was left behind, longest waiting first.

        Raises:
            StoreAwayError: the database does not answer.
        """
        if self._fresh:
            keys = [self._fresh.popleft() for _ in range(min(limit, len(self._fresh)))]
            return await self._waiting({"_id": {"$in": keys}, "outbox_since": {"$exists": True}}, limit)
        if self._clock.monotonic() - self._swept_at < _SWEEP_SECONDS:
            return ()
        self._swept_at = self._clock.monotonic()
        return await self._waiting({"outbox_since": {"$exists": True}}, limit)

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Forget events that were published.

        Raises:
            StoreAwayError: the database does not answer.
        """
        published = {"outbox": {"id": {"$in": list(event_ids)}}}
        await asked(lambda: self._sends.update_one({"_id": document_id}, {"$pull": published}))
        await asked(
            lambda: self._sends.update_one({"_id": document_id, "outbox": []}, {"$unset": {"outbox_since": ""}})
        )

    async def _waiting(self, query: Document, limit: int) -> Sequence[Pending]:
        documents = await asked(
            lambda: self._sends.find(query, {"outbox": 1}).sort("outbox_since", 1).limit(limit).to_list()
        )
        return [_pending(document) for document in documents]


def _pending(document: Document) -> Pending:
    events = [envelope.from_document(EVENT_TYPES, event) for event in document["outbox"]]
    return Pending(document["_id"], tuple(events))
