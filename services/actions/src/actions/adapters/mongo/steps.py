"""Steps that HubSpot holds, in MongoDB.

Only open steps lie in the collection that is looked through; a finished one moves out of it. A change is a
compare-and-set on `_id` and `turn`, which together are a unique key.
"""

import contextlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from actions.adapters.mongo.answers import asked
from actions.models import Reply, Step
from chassis.mongo import Document

OPEN: Final = "steps"
FINISHED: Final = "finished_steps"
WATCHES: Final = "reply_watches"

_STEP: Final = TypeAdapter(Step)


class MongoStepStore:
    """Collections `steps`, `finished_steps` (`_id` a send's key), `reply_watches` (`_id` a chat, `keys` of steps)."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._open, self._finished = database[OPEN], database[FINISHED]
        self._watches = database[WATCHES]

    async def ensure_indexes(self) -> None:
        """Let a turn be taken, and due steps be found, without reading every one.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await asked(lambda: self._open.create_index([("_id", 1), ("turn", 1)], unique=True))
        await asked(lambda: self._open.create_index("due_at"))
        await asked(lambda: self._finished.create_index([("portal_id", 1), ("contact_id", 1)]))

    async def open(self, step: Step) -> None:
        """Keep a step, unless its key has one already; its replies are watched for from now on.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await self._watch(step)
        with contextlib.suppress(DuplicateKeyError):
            await asked(lambda: self._open.insert_one(_document(step)))

    async def find(self, key: str) -> Step | None:
        """The open step of a send.

        Raises:
            StoreAwayError: the database does not answer.
        """
        return _step(await asked(lambda: self._open.find_one({"_id": key})))

    async def find_all(self, keys: Sequence[str]) -> Sequence[Step]:
        """The open steps of sends, in no order; most have none.

        Raises:
            StoreAwayError: the database does not answer.
        """
        return [_read(one) for one in await asked(lambda: self._open.find({"_id": {"$in": list(keys)}}).to_list())]

    async def finished(self, key: str) -> Reply | None:
        """What came of waiting for a reply, of a finished step that waited for one.

        Raises:
            StoreAwayError: the database does not answer.
        """
        done = _step(await asked(lambda: self._finished.find_one({"_id": key})))
        return None if done is None else done.reply

    async def due(self, now: datetime, limit: int) -> Sequence[Step]:
        """Open steps that somebody has to look at, longest due first.

        Raises:
            StoreAwayError: the database does not answer.
        """
        query = {"due_at": {"$lte": now}}
        found = await asked(lambda: self._open.find(query).sort("due_at", 1).limit(limit).to_list())
        return [_read(document) for document in found]

    async def watching(self, chats: AbstractSet[tuple[str, str]]) -> Sequence[Step]:
        """Steps that wait for a reply in one of these conversations.

        Raises:
            StoreAwayError: the database does not answer.
        """
        names = [_chat(chert_tenant, chat_id) for chert_tenant, chat_id in chats]
        watches = await asked(lambda: self._watches.find({"_id": {"$in": names}}).to_list())
        keys = sorted({key for watch in watches for key in watch["keys"]})
        if not keys:
            return ()
        steps = [_read(one) for one in await asked(lambda: self._open.find({"_id": {"$in": keys}}).to_list())]
        return [step for step in steps if step.state == "awaiting_reply" and _watched(step) in names]

    async def change(self, seen: Step, changed: Step) -> Step | None:
        """Change a step that is still as it was seen, and watch where it says; none when it is not.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await self._watch(changed)
        now = replace(changed, turn=seen.turn + 1)
        query = {"_id": seen.key, "turn": seen.turn}
        update = {"$set": {name: value for name, value in _document(now).items() if name != "_id"}}
        found = _step(
            await asked(lambda: self._open.find_one_and_update(query, update, return_document=ReturnDocument.AFTER))
        )
        if found is not None:
            return found
        known = await self.find(seen.key)  # the answer to our own change may have got lost
        return known if known == _as_kept(now) else None

    async def finish(self, step: Step) -> None:
        """Close a step for good.

        Raises:
            StoreAwayError: the database does not answer.
        """
        with contextlib.suppress(DuplicateKeyError):
            await asked(lambda: self._finished.insert_one(_document(step)))
        name = _watched(step)
        if name is not None:
            await asked(lambda: self._watches.update_one({"_id": name}, {"$pull": {"keys": step.key}}))
        await asked(lambda: self._open.delete_one({"_id": step.key}))

    async def erase(self, portal_id: int, contact_id: str) -> None:
        """Remove what a contact wrote; the steps themselves stay.

        Raises:
            StoreAwayError: the database does not answer.
        """
        query = {"portal_id": portal_id, "contact_id": contact_id, "reply.text": {"$exists": True}}
        nothing = {"$set": {"reply.text": ""}}
        await asked(lambda: self._open.update_many(query, nothing))
        await asked(lambda: self._finished.update_many(query, nothing))

    async def purge(self, portal_id: int, before: datetime) -> int:
        """Remove what was written before then from an account's finished steps; from how many that was.

        Raises:
            StoreAwayError: the database does not answer.
        """
        query = {"portal_id": portal_id, "reply.at": {"$lt": before}, "reply.text": {"$gt": ""}}
        return (await asked(lambda: self._finished.update_many(query, {"$set": {"reply.text": ""}}))).matched_count

    async def _watch(self, step: Step) -> None:
        """Before the step says that it waits: whoever sees a reply then finds it."""
        name = _watched(step) if step.state == "awaiting_reply" else None
        if name is None:
            return
        push = {"$push": {"keys": step.key}}
        try:
            await asked(lambda: self._watches.update_one({"_id": name}, push, upsert=True))
        except DuplicateKeyError:  # a concurrent upsert came first
            await asked(lambda: self._watches.update_one({"_id": name}, push))


def _watched(step: Step) -> str | None:
    return None if step.chat_id is None else _chat(step.chert_tenant, step.chat_id)


def _chat(chert_tenant: str, chat_id: str) -> str:
    return f"{chert_tenant}:{chat_id}"


def _as_kept(step: Step) -> Step:
    """The step as it comes back: moments are kept to the millisecond."""
    reply = step.reply
    return replace(
        step,
        due_at=_milliseconds(step.due_at),
        opened_at=_milliseconds(step.opened_at),
        sent_at=None if step.sent_at is None else _milliseconds(step.sent_at),
        reply=reply if reply is None or reply.at is None else replace(reply, at=_milliseconds(reply.at)),
    )


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _document(step: Step) -> Document:
    document: Document = _STEP.dump_python(step)
    return {"_id": document.pop("key"), **document}


def _step(document: Document | None) -> Step | None:
    return None if document is None else _read(document)


def _read(document: Document) -> Step:
    return _STEP.validate_python({**document, "key": document["_id"]})
