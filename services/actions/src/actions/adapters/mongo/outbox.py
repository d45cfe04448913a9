"""The events that lie in sends, on their way to Kafka.

The process that answers a send remembers it until its events are published, so nobody looks for events in the ordinary
course of things. What a process leaves behind when it dies is found by one look through all sends when a process
starts, and every hour after.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.sends import COLLECTION
from actions.errors import StoreAwayError
from chassis.clock import Clock
from chassis.mongo import Document
from chassis.outbox import Pending
from contracts import envelope
from contracts.topics import EVENT_TYPES

SWEEP_SECONDS: Final = 3600.0
"""How often all sends are looked through. Where an index is not real that reads every one of them; where it is, it
finds the few that wait."""

_TOGETHER: Final = 100
"""How many sends' published events are forgotten in one go."""

_REMEMBERED: Final = 100_000
"""How many sends with events are remembered while Kafka is away; the others wait for a sweep."""


class MongoSendOutbox:
    """The `outbox` arrays of collection `sends`."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock) -> None:
        self._sends, self._clock = database[COLLECTION], clock
        self._waiting: dict[str, frozenset[str]] = {}
        self._published: dict[str, frozenset[str]] = {}
        self._swept_at = float("-inf")

    async def ensure_indexes(self) -> None:
        """Let a sweep find what waits; a send without events is not in this index.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await asked(lambda: self._sends.create_index("outbox.time", sparse=True))

    def note(self, key: str) -> None:
        """This send has fresh events."""
        if len(self._waiting) < _REMEMBERED:
            self._waiting.setdefault(key, frozenset())

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Sends with events, longest waiting first; at the start and now and then also those that nobody remembers.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await self._flush()
        if self._clock.monotonic() - self._swept_at >= SWEEP_SECONDS:
            await self._sweep()
        keys = list(self._waiting)[:limit]
        return await self._read(keys) if keys else ()

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Forget events that were published: together with others, at the latest before the next look.

        Raises:
            StoreAwayError: the database does not answer.
        """
        self._published[document_id] = self._published.get(document_id, frozenset()) | frozenset(event_ids)
        if len(self._published) >= _TOGETHER:
            await self._flush()

    async def _sweep(self) -> None:
        found = self._sends.find({"outbox.time": {"$exists": True}}, {"_id": 1}).sort("outbox.time", 1)
        for document in await asked(lambda: found.limit(_REMEMBERED).to_list()):
            self.note(document["_id"])
        self._swept_at = self._clock.monotonic()

    async def _read(self, keys: Sequence[str]) -> Sequence[Pending]:
        documents = await asked(lambda: self._sends.find({"_id": {"$in": keys}}, {"outbox": 1}).to_list())
        found = {document["_id"]: _pending(document) for document in documents if document.get("outbox")}
        for key in keys:
            if key in found:
                self._waiting[key] = frozenset(event.id for event in found[key].events)
            else:
                del self._waiting[key]  # another process has published them
        return [found[key] for key in keys if key in found]

    async def _flush(self) -> None:
        """Take published events out of their sends.

        A process that dies before publishes them again, with the same ids.
        """
        published, self._published = self._published, {}
        if not published:
            return
        pulls = [UpdateOne({"_id": key}, _without(ids)) for key, ids in published.items()]
        try:
            await asked(lambda: self._sends.bulk_write(pulls, ordered=False))
        except StoreAwayError:
            self._published = published | self._published
            raise
        self._forget(published)

    def _forget(self, published: Mapping[str, frozenset[str]]) -> None:
        for key, event_ids in published.items():
            if self._waiting.get(key, frozenset()) <= event_ids:
                self._waiting.pop(key, None)


def _without(event_ids: frozenset[str]) -> Document:
    return {"$pull": {"outbox": {"id": {"$in": sorted(event_ids)}}}}


def _pending(document: Document) -> Pending:
    events = [envelope.from_document(EVENT_TYPES, event) for event in document["outbox"]]
    return Pending(document["_id"], tuple(events))
