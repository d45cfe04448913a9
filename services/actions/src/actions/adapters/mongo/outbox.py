"""The events that lie in sends, on their way to Kafka.

A mark in a small collection of its own says which sends may have events, so that looking for what a dead process left
never reads the sends themselves: where indexes are not real, that would read every one of them.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.sends import COLLECTION, MARKS
from actions.errors import StoreAwayError
from chassis.clock import Clock
from chassis.mongo import Document
from chassis.outbox import RELAY_SECONDS, Pending
from contracts import envelope
from contracts.topics import EVENT_TYPES

_SWEEP_SECONDS: Final = RELAY_SECONDS / 2
"""Half of the relay's own interval, so that each of its regular rounds may sweep once, however often it is woken."""

_LOOK_AGAIN: Final = timedelta(minutes=1)
"""When a send without an answer is looked at again; whoever answers it publishes its events at once."""

_TOGETHER: Final = 100
"""How many sends' published events are forgotten in one go."""

_REMEMBERED: Final = 10_000
"""How many keys with fresh events are remembered; one forgotten too early waits for a sweep."""


class MongoSendOutbox:
    """The `outbox` arrays of collection `sends`, and collection `send_marks`: `_id` a send's key, `due_at`."""

    def __init__(self, database: AsyncDatabase[Document], clock: Clock) -> None:
        self._sends, self._marks, self._clock = database[COLLECTION], database[MARKS], clock
        self._fresh: deque[str] = deque(maxlen=_REMEMBERED)
        self._swept_at = float("-inf")
        self._published: dict[str, frozenset[str]] = {}
        self._seen: dict[str, frozenset[str]] = {}

    async def ensure_indexes(self) -> None:
        """Let a sweep find what is due.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await asked(lambda: self._marks.create_index("due_at"))

    def note(self, key: str) -> None:
        """This send has fresh events."""
        self._fresh.append(key)

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Sends with events: those noted, else, now and then, whatever was left behind, longest waiting first.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await self._flush()
        if self._fresh:
            keys = [self._fresh.popleft() for _ in range(min(limit, len(self._fresh)))]
            return self._noticed(_pending(await self._read(keys)))
        if self._clock.monotonic() - self._swept_at < _SWEEP_SECONDS:
            return ()
        self._swept_at = self._clock.monotonic()
        return await self._sweep(limit)

    async def remove(self, document_id: str, event_ids: Sequence[str]) -> None:
        """Forget events that were published: together with others, at the latest before the next look.

        Raises:
            StoreAwayError: the database does not answer.
        """
        self._published[document_id] = self._published.get(document_id, frozenset()) | frozenset(event_ids)
        if len(self._published) >= _TOGETHER:
            await self._flush()

    async def _flush(self) -> None:
        """Take published events out of their sends, and then the marks of sends that have none left.

        A process that dies before publishes them again, with the same ids.
        """
        published, self._published = self._published, {}
        if not published:
            return
        try:
            await self._forget(published)
        except StoreAwayError:
            self._published = published | self._published
            raise

    async def _forget(self, published: Mapping[str, frozenset[str]]) -> None:
        pulls = [
            UpdateOne({"_id": key}, {"$pull": {"outbox": {"id": {"$in": sorted(ids)}}}})
            for key, ids in published.items()
        ]
        await asked(lambda: self._sends.bulk_write(pulls, ordered=False))
        empty = [key for key, ids in published.items() if self._seen.get(key, frozenset()) <= ids]
        if empty:
            await asked(lambda: self._marks.delete_many({"_id": {"$in": empty}}))
        for key in empty:
            self._seen.pop(key, None)

    async def _sweep(self, limit: int) -> Sequence[Pending]:
        now = self._clock.now()
        marks = await asked(
            lambda: self._marks.find({"due_at": {"$lte": now}}).sort("due_at", 1).limit(limit).to_list()
        )
        if not marks:
            return ()
        found = await self._read([mark["_id"] for mark in marks])
        waiting = _pending(found)
        await self._tidy(found, {pending.document_id for pending in waiting})
        return self._noticed(waiting)

    def _noticed(self, waiting: Sequence[Pending]) -> Sequence[Pending]:
        self._seen |= {one.document_id: frozenset(event.id for event in one.events) for one in waiting}
        return waiting

    async def _tidy(self, found: Sequence[Document], waiting: set[str]) -> None:
        """Forget marks of sends that are told, and put off those of sends without an answer."""
        silent = [document for document in found if document["_id"] not in waiting]
        told = [document["_id"] for document in silent if document.get("answer") or document.get("same_as")]
        open_ = [document["_id"] for document in silent if document["_id"] not in told]
        again = self._clock.now() + _LOOK_AGAIN
        if told:
            await asked(lambda: self._marks.delete_many({"_id": {"$in": told}}))
        if open_:
            await asked(lambda: self._marks.update_many({"_id": {"$in": open_}}, {"$set": {"due_at": again}}))

    async def _read(self, keys: Sequence[str]) -> Sequence[Document]:
        shown = {"outbox": 1, "answer.kind": 1, "same_as": 1}
        return await asked(lambda: self._sends.find({"_id": {"$in": list(keys)}}, shown).to_list())


def _without(event_ids: frozenset[str]) -> Document:
    return {"$pull": {"outbox": {"id": {"$in": sorted(event_ids)}}}}


def _pending(documents: Sequence[Document]) -> Sequence[Pending]:
    waiting = sorted(
        (document for document in documents if document.get("outbox")),
        key=lambda document: document["outbox"][0]["time"],
    )
    return [_with_events(document) for document in waiting]


def _with_events(document: Document) -> Pending:
    events = [envelope.from_document(EVENT_TYPES, event) for event in document["outbox"]]
    return Pending(document["_id"], tuple(events))
