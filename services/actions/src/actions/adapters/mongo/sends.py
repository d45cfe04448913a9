"""The sends in MongoDB: claim, history, answer and events in one document each."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.documents import attempt_document, from_document, outcome_document, to_document
from actions.models import Attempt, Outcome, Send
from chassis.mongo import Document
from contracts import envelope
from contracts.envelope import Event, EventData
from contracts.messages import Source

COLLECTION: Final = "sends"

Note = Callable[[str, Sequence[Event[EventData]]], None]
"""Learns the key of a send that got events, and these, where it is certain that they were kept."""

Unfinished = Callable[[Send, Attempt], Awaitable[None]]
"""Learns, beforehand, of a send that is let go without its final answer."""


async def _nobody_learns(_: Send, __: Attempt) -> None:
    """For a store that nobody asks by other ids."""


class MongoSendStore:
    """Collection `sends`: one document per send, `_id` its key.

    Every change of who works on a send is a compare-and-set on `_id` and `lease.beat`: direct on every server by the
    first alone, so no index is kept for the second, which every change would have to write.
    """

    def __init__(self, database: AsyncDatabase[Document], note: Note, unfinished: Unfinished = _nobody_learns) -> None:
        """Over a database; `note` learns of each send that got events, `unfinished` of each that got none yet."""
        self._sends, self._note, self._unfinished = database[COLLECTION], note, unfinished

    async def open(self, draft: Send) -> Send:
        """Claim a new send. The result is the draft, or what has its key already.

        Raises:
            StoreAwayError: the database does not answer.
        """
        try:
            await asked(lambda: self._sends.insert_one(to_document(draft)))
        except DuplicateKeyError:
            return await self._read(draft.key)
        return draft

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
        """Let the send of a message, and an account's latest sends, be found without reading everyone's.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await asked(lambda: self._sends.create_index([("chert_tenant", 1), ("answer.message_id", 1)]))
        await asked(lambda: self._sends.create_index([("portal_id", 1), ("claimed_at", -1)]))

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
        query = {"chert_tenant": chert_tenant, "answer.message_id": message_id}
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
        if answer is None:
            await self._unfinished(held, ended)
        else:
            known["answer"] = outcome_document(answer)
        if events:
            added["outbox"] = {"$each": [envelope.to_document(event) for event in events]}
        kept = False
        try:
            kept = await self._changed(held, {"$set": known, "$inc": {"lease.beat": 1}, "$push": added})
        finally:
            if events:  # when the answer got lost, the write may have been carried out: then they are read
                self._note(held.key, events if kept else ())
        if not kept:
            return await self._read(held.key)
        return held.settled(ended, answer=answer, same_as=same_as, parked_until=parked_until)

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
