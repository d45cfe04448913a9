"""The sends in MongoDB: claim, history, answer and events in one document each."""

from collections.abc import Callable, Sequence
from datetime import datetime

from pymongo import HASHED
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.documents import (
    COLLECTION,
    NAMES,
    alias_document,
    attempt_document,
    from_document,
    names_of_outcome,
    outcome_document,
    to_document,
)
from actions.adapters.mongo.references import MongoReferenceStore
from actions.adapters.remembering import Latest
from actions.models import Attempt, Outcome, Send, other_trace
from chassis.mongo import Document, duplicates
from contracts import envelope
from contracts.envelope import Event, EventData
from contracts.messages import Source

Note = Callable[[str, Sequence[Event[EventData]]], None]
"""Learns the key of a send that got events, and these, where it is certain that they were kept."""


class MongoSendStore:
    """Collection `sends`: one document per send, `_id` its key. Second names of sends lie there too: see `aliases`.

    Every change of who works on a send is a compare-and-set on `_id` and `lease.beat`: direct on every server by the
    first alone, so no index is kept for the second, which every change would have to write. Which keys this process
    claimed lately is a hint alone: what is not there after all is claimed as ever.
    """

    def __init__(self, database: AsyncDatabase[Document], note: Note) -> None:
        """Over a database; `note` learns of each send that got events."""
        self._sends, self._note = database[COLLECTION], note
        self._references = MongoReferenceStore(database)
        self._claimed: Latest[str, bool] = Latest()

    async def open(self, draft: Send) -> Send:
        """Claim a new send. The result is the draft, or what has its key already.

        Raises:
            StoreAwayError: the database does not answer.
        """
        known = await self._known(draft.key)
        if known is not None:
            return known
        try:
            await asked(lambda: self._sends.insert_one(to_document(draft)))
        except DuplicateKeyError:
            return await self._read(draft.key)
        self._claimed.set(draft.key, True)
        return draft

    async def open_as(self, draft: Send, alias: str, /) -> tuple[Send, bool]:
        """Claim a new send, and give it its second name where that is free, in one command.

        In this order: a name is not taken for a claim that is not there. The result is the draft, or what has its key
        already; and whether this call knows the name to be the draft's.

        Raises:
            StoreAwayError: the database does not answer.
        """
        known = await self._known(draft.key)
        if known is not None:
            return known, False
        both = [to_document(draft), alias_document(alias, draft.key)]
        try:
            await asked(lambda: self._sends.insert_many(both, ordered=True))
        except BulkWriteError as error:
            return draft if 0 not in duplicates(error) else await self._read(draft.key), False
        self._claimed.set(draft.key, True)
        return draft, True

    async def find(self, key: str) -> Send | None:
        """The send with this key.

        Raises:
            StoreAwayError: the database does not answer.
        """
        return await self._find({"_id": key})

    async def find_all(self, keys: Sequence[str]) -> Sequence[Send]:
        """The sends with these keys, in no order; an unknown key has none.

        Raises:
            StoreAwayError: the database does not answer.
        """
        documents = await asked(lambda: self._sends.find({"_id": {"$in": list(keys)}}).to_list())
        return [from_document(document) for document in documents]

    async def latest(
        self, portal_id: int, since: datetime, limit: int, *, source: Source | None = None
    ) -> Sequence[Send]:
        """The latest sends of an account, newest first; of one source, if it is named.

        Raises:
            StoreAwayError: the database does not answer.
        """
        query: Document = {"portal_id": portal_id, "claimed_at": {"$gte": since}, "same_as": None}
        if source is not None:
            query["source"] = source
        documents = await asked(lambda: self._sends.find(query).sort("claimed_at", -1).limit(limit).to_list())
        return [from_document(document) for document in documents]

    async def ensure_indexes(self) -> None:
        """Let the sends of an id, and an account's latest sends, be found without reading everyone's.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await asked(lambda: self._sends.create_index([("portal_id", 1), ("claimed_at", -1)]))
        for name in NAMES:
            await self._index(name)

    async def take(self, seen: Send, holder: str, begun: Attempt) -> Send | None:
        """Become the holder of a send that is still as it was seen; none when it is not.

        Raises:
            StoreAwayError: the database does not answer.
        """
        if seen.answer is not None or seen.same_as is not None:
            return None
        change: Document = {
            "$set": {"lease.holder": holder},
            "$inc": {"lease.fence": 1, "lease.beat": 1},
            "$push": {"attempts": attempt_document(begun)},
        }
        await self._changed(seen, change)
        now = await self._read(
            seen.key
        )  # also where it was not changed: the answer to our own change may have got lost
        return now if now.lease.holder == holder else None

    async def owner_of(self, chert_tenant: str, message_id: str) -> str | None:
        """The key of the send that this message is known to be of; asked only where a key was outlived.

        Raises:
            StoreAwayError: the database does not answer.
        """
        query = {"chert_tenant": chert_tenant, "message_id": message_id}
        document = await asked(lambda: self._sends.find_one(query, {"_id": 1}))
        return None if document is None else str(document["_id"])

    async def settle(
        self,
        held: Send,
        ended: Attempt,
        *,
        answer: Outcome | None = None,
        same_as: str | None = None,
        parked_until: datetime | None = None,
        events: Sequence[Event[EventData]] = (),
    ) -> Send:
        """Let go of a held send, with what became known and the events that tell it, in one write.

        Raises:
            StoreAwayError: the database does not answer.
        """
        known: Document = {"lease.holder": None, "same_as": same_as, "parked_until": parked_until}
        added: Document = {"attempts": attempt_document(ended)}
        if answer is not None:
            known |= {"answer": outcome_document(answer), **names_of_outcome(answer)}
        if events:
            added["outbox"] = {"$each": [envelope.to_document(event) for event in events]}
        await self._references.note(other_trace(held, ended))
        kept = False
        try:
            kept = await self._changed(held, {"$set": known, "$inc": {"lease.beat": 1}, "$push": added})
        finally:
            if events:  # when the answer got lost, the write may have been carried out: then they are read
                self._note(held.key, events if kept else ())
        if not kept:
            return await self._read(held.key)
        return held.settled(ended, answer=answer, same_as=same_as, parked_until=parked_until)

    async def _index(self, name: str) -> None:
        await asked(lambda: self._sends.create_index([(name, HASHED)], sparse=True))

    async def _known(self, key: str) -> Send | None:
        """What has a key that this process claimed not long ago: a repeat is read, which costs less than a refusal."""
        return await self._find({"_id": key}) if self._claimed.get(key) else None

    async def _changed(self, seen: Send, change: Document) -> bool:
        """Change a send that is still as it was seen; whether it was."""
        query = {"_id": seen.key, "lease.beat": seen.lease.beat}
        return (await asked(lambda: self._sends.update_one(query, change))).matched_count > 0

    async def _find(self, query: Document) -> Send | None:
        document = await asked(lambda: self._sends.find_one(query))
        return None if document is None else from_document(document)

    async def _read(self, key: str) -> Send:
        send = await self._find({"_id": key})
        if send is None:
            raise LookupError(f"{key} was claimed and is gone")
        return send
