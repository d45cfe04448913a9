"""Events that lie in documents of one collection, on their way to Kafka."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from pymongo.asynchronous.collection import AsyncCollection

from chassis.clock import Clock
from chassis.mongo import Document
from chassis.outbox import RELAY_SECONDS, Pending
from contracts import envelope
from contracts.envelope import Event, EventData
from contracts.topics import EVENT_TYPES

_SWEEP_SECONDS: Final = RELAY_SECONDS / 2
"""The least time between two sweeps, so that a burst of wakes is not a burst of them."""

_REMEMBERED: Final = 10_000
"""How many documents' fresh events are remembered; what is forgotten waits for the next sweep."""


class MongoOutbox:
    """The `outbox` arrays of a collection: an event is in there until it is published."""

    def __init__(
        self, collection: AsyncCollection[Document], clock: Clock, *, key: Callable[[str], object] = str
    ) -> None:
        """The arrays of this collection, whose `_id` is what `key` makes of its text."""
        self._collection, self._clock, self._key = collection, clock, key
        self._fresh: deque[Pending] = deque(maxlen=_REMEMBERED)
        self._swept_at = float("-inf")

    async def ensure_indexes(self) -> None:
        """Let a sweep find what was left behind; a document without events is not in this index."""
        await self._collection.create_index("outbox.time", sparse=True)

    def note(self, document_id: str, events: Sequence[Event[EventData]]) -> None:
        """This document has these fresh events."""
        self._fresh.append(Pending(document_id, tuple(events)))

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Events noted, else, now and then, whatever was left behind, longest waiting first."""
        if self._fresh:
            return [self._fresh.popleft() for _ in range(min(limit, len(self._fresh)))]
        if self._clock.monotonic() - self._swept_at < _SWEEP_SECONDS:
            return ()
        self._swept_at = self._clock.monotonic()
        found = self._collection.find({"outbox.time": {"$exists": True}}, {"outbox": 1})
        return [_pending(document) async for document in found.sort("outbox.time", 1).limit(limit)]

    async def published(self, told: Sequence[Pending]) -> None:
        """Forget events that were published, in one write: an event's id is its own wherever it lies."""
        keys = [self._key(one.document_id) for one in told]
        event_ids = [event.id for one in told for event in one.events]
        await self._collection.update_many({"_id": {"$in": keys}}, {"$pull": {"outbox": {"id": {"$in": event_ids}}}})


def to_outbox(events: Sequence[Event[EventData]]) -> list[Document]:
    """Events as they lie in a document."""
    return [dict(envelope.to_document(event)) for event in events]


def _pending(document: Document) -> Pending:
    return Pending(
        str(document["_id"]), tuple(envelope.from_document(EVENT_TYPES, event) for event in document["outbox"])
    )
