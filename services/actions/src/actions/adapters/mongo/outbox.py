"""The events that lie in sends, on their way to Kafka.

The process that answers a send remembers its events until they are published, so nobody looks for events in the
ordinary course of things. What a process leaves behind when it dies is found by one look through all sends when a
process starts, and every hour after.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.documents import COLLECTION
from actions.adapters.mongo.pieces import in_pieces
from actions.errors import StoreAwayError
from chassis.clock import Clock
from chassis.mongo import Document
from chassis.outbox import Pending
from contracts import envelope
from contracts.envelope import Event, EventData
from contracts.topics import EVENT_TYPES

SWEEP_SECONDS: Final = 3600.0
"""How often all sends are looked through. Where an index is not real that reads every one of them; where it is, it
finds the few that wait."""

_REMEMBERED: Final = 100_000
"""How many sends with events are remembered while Kafka is away; the others wait for a sweep."""


class MongoSendOutbox:
    """The `outbox` arrays of collection `sends`."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock) -> None:
        self._sends, self._clock = database[COLLECTION], clock
        self._waiting: dict[str, tuple[Event[EventData], ...]] = {}
        self._published: dict[str, frozenset[str]] = {}
        self._swept_at = float("-inf")

    async def ensure_indexes(self) -> None:
        """Let a sweep find what waits; a send without events is not in this index.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await asked(lambda: self._sends.create_index("outbox.time", sparse=True))

    def note(self, key: str, events: Sequence[Event[EventData]] = ()) -> None:
        """This send has fresh events: these, or, when none are given, those that lie there."""
        known = self._waiting.get(key)
        if known is None and len(self._waiting) < _REMEMBERED:
            self._waiting[key] = tuple(events)
        elif known is not None:
            # Where either was not certain of its events, all of them are read.
            self._waiting[key] = (*known, *events) if known and events else ()

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Sends with events, longest waiting first; at the start and now and then also those that nobody remembers.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await self._flush()
        if self._clock.monotonic() - self._swept_at >= SWEEP_SECONDS:
            await self._sweep()
        waiting = list(self._waiting)[:limit]
        unread = [key for key in waiting if not self._waiting[key]]
        if unread:
            await self._read(unread)
        return [Pending(key, self._waiting[key]) for key in waiting if self._waiting.get(key)]

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Forget events that were published: with the others of their round, or before the next look."""
        self._published[document_id] = self._published.get(document_id, frozenset()) | frozenset(event_ids)

    async def forget(self, published: Sequence[Pending]) -> None:
        """Forget a round's events, between one round and the next: calls meet one small write after another.

        Raises:
            StoreAwayError: the database does not answer; before the next look it is tried again.
        """
        for pending in published:
            await self.remove(pending.document_id, [event.id for event in pending.events])
        await self._flush()

    async def _sweep(self) -> None:
        found = self._sends.find({"outbox.time": {"$exists": True}}, {"_id": 1}).sort("outbox.time", 1)
        for document in await asked(lambda: found.limit(_REMEMBERED).to_list()):
            self.note(document["_id"])
        self._swept_at = self._clock.monotonic()

    async def _read(self, keys: Sequence[str]) -> None:
        """Read what lies in sends whose events are not certain; one that gets more meanwhile is read again."""
        for key in keys:
            del self._waiting[key]
        try:
            documents = await asked(lambda: self._sends.find({"_id": {"$in": keys}}, {"outbox": 1}).to_list())
        except BaseException:
            self._waiting |= dict.fromkeys(keys, ())
            raise
        for document in documents:
            events = _events(document)
            if events:  # else another process has published them
                self._waiting[document["_id"]] = () if document["_id"] in self._waiting else events

    async def _flush(self) -> None:
        """Take published events out of their sends.

        A process that dies before publishes them again, with the same ids.
        """
        published, self._published = self._published, {}
        if not published:
            return
        try:
            await in_pieces(list(published.items()), self._pull, self._clock)
        except StoreAwayError:
            self._published = published | self._published
            raise
        self._forget(published)

    async def _pull(self, published: Sequence[tuple[str, frozenset[str]]]) -> None:
        """One change for all: an event's id is in no send but its own."""
        found: Document = {"_id": {"$in": [key for key, _ in published]}}
        change = _without(frozenset().union(*(ids for _, ids in published)))
        await asked(lambda: self._sends.update_many(found, change))

    def _forget(self, published: Mapping[str, frozenset[str]]) -> None:
        for key, event_ids in published.items():
            left = tuple(event for event in self._waiting.pop(key, ()) if event.id not in event_ids)
            if left:
                self._waiting[key] = left


def _without(event_ids: frozenset[str]) -> Document:
    return {"$pull": {"outbox": {"id": {"$in": sorted(event_ids)}}}}


def _events(document: Document) -> tuple[Event[EventData], ...]:
    return tuple(envelope.from_document(EVENT_TYPES, event) for event in document.get("outbox", ()))
