"""Collection `links`: which contact a conversation belongs to, by `{portal}:{chert_tenant}:{chat_id}`.

`contact` is one text, `{rank}:{source}:{contact id}`, that only ever grows (`$max`), so that concurrent writers need
no condition: the rank is the milliseconds of the newest send, 0 for a contact that a search found, and one more than
the old rank when the old contact is gone. The source, `send` or `search`, says what first made the link. A contact
that was deleted for privacy leaves an empty id, and `erased_at`.

`traced`, likewise a text that only grows, is `{milliseconds}:{traceparent}` of the newest send whose trace is exported.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError

from chassis.clock import milliseconds
from chassis.mongo import Document, duplicates
from contracts.envelope import Event
from contracts.messages import ContactLinked, MessageSent
from timeline.adapters.mongo.outbox import MongoOutbox, to_outbox
from timeline.models import Conversation, SentTrace, Standing

COLLECTION: Final = "links"
_RANK_DIGITS: Final = 15
_NOBODY: Final = ""


class MongoLinks:
    """The links in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], outbox: MongoOutbox) -> None:
        self._links, self._outbox = database[COLLECTION], outbox

    async def learn(self, sent: Sequence[MessageSent]) -> None:
        """Link each conversation to the contact of its newest send."""
        updates = [
            UpdateOne(
                {"_id": Conversation(one.portal_id, one.chert_tenant, one.chat_id).id},
                {"$max": {"contact": _linked(milliseconds(one.at), "send", one.contact_id)}},
                upsert=True,
            )
            for one in sent
        ]
        if not updates:
            return
        try:
            await self._links.bulk_write(updates, ordered=False)
        except BulkWriteError as error:  # another upsert of the same link came first: now it is there
            await self._links.bulk_write([updates[index] for index in duplicates(error)], ordered=False)

    async def trace(self, sends: Mapping[Conversation, SentTrace]) -> None:
        """Keep the traces of sends; the newest stays."""
        if not sends:
            return
        await self._links.bulk_write(
            [UpdateOne({"_id": one.id}, {"$max": {"traced": _traced(sent)}}) for one, sent in sends.items()],
            ordered=False,
        )

    async def standing(self, conversations: Collection[Conversation]) -> Mapping[Conversation, Standing]:
        """What is known of these."""
        found = await self._read(conversations)
        return {
            conversation: Standing(
                _source(document["contact"]) == "send",
                document.get("erased_at"),
                _sent_trace(document.get("traced")),
                _contact_id(document["contact"]) or None,
            )
            for conversation, document in found.items()
        }

    async def find(self, conversations: Collection[Conversation]) -> Mapping[Conversation, str]:
        """The contacts that are known."""
        found = await self._read(conversations)
        return {
            conversation: contact_id
            for conversation, document in found.items()
            if (contact_id := _contact_id(document["contact"]))
        }

    async def of_contacts(self, portal_id: int, contact_ids: Collection[str]) -> Sequence[Conversation]:
        """The conversations that are linked to one of these contacts."""
        found = self._links.find({"_id": {"$gte": f"{portal_id}:", "$lt": f"{portal_id};"}}, {"contact": 1})
        return [_conversation(one["_id"]) async for one in found if _contact_id(one["contact"]) in contact_ids]

    async def move(self, conversation: Conversation, contact_id: str, event: Event[ContactLinked]) -> None:
        """Link a conversation to another contact, and tell it with the same write."""
        linked = await self._contact(conversation)
        successor = _linked(_rank(linked) + 1, _source(linked), contact_id)
        await self._links.update_one(
            {"_id": conversation.id},
            {"$max": {"contact": successor}, "$push": {"outbox": {"$each": to_outbox([event])}}},
        )
        self._outbox.note(conversation.id, [event])

    async def erase(self, conversation: Conversation, now: datetime) -> None:
        """Forget the contact, and leave a mark that what came before must not be kept."""
        linked = await self._contact(conversation)
        nobody = _linked(_rank(linked) + 1, _source(linked), _NOBODY)
        await self._links.update_one(
            {"_id": conversation.id}, {"$max": {"contact": nobody, "erased_at": now}, "$set": {"outbox": []}}
        )

    async def claim(
        self, conversation: Conversation, contact_id: str, *, gone: Collection[str], event: Event[ContactLinked]
    ) -> str:
        """Link a conversation that has no link, or one to a contact that is gone; the contact it has now."""
        try:
            await self._links.insert_one(
                {"_id": conversation.id, "contact": _linked(0, "search", contact_id), "outbox": to_outbox([event])}
            )
        except DuplicateKeyError:
            return await self._replace_gone(conversation, contact_id, gone, event)
        self._outbox.note(conversation.id, [event])
        return contact_id

    async def _replace_gone(
        self, conversation: Conversation, contact_id: str, gone: Collection[str], event: Event[ContactLinked]
    ) -> str:
        linked = await self._contact(conversation)
        if _contact_id(linked) not in {*gone, _NOBODY}:
            return _contact_id(linked)
        successor = _linked(_rank(linked) + 1, _source(linked), contact_id)
        await self._links.update_one(
            {"_id": conversation.id},
            {"$max": {"contact": successor}, "$push": {"outbox": {"$each": to_outbox([event])}}},
        )
        self._outbox.note(conversation.id, [event])
        return _contact_id(await self._contact(conversation))

    async def _read(self, conversations: Collection[Conversation]) -> Mapping[Conversation, Document]:
        by_id = {conversation.id: conversation for conversation in conversations}
        found = self._links.find({"_id": {"$in": list(by_id)}}, {"contact": 1, "erased_at": 1, "traced": 1})
        return {by_id[document["_id"]]: document async for document in found}

    async def _contact(self, conversation: Conversation) -> str:
        document = await self._links.find_one({"_id": conversation.id})
        if document is None:
            raise LookupError(f"{conversation.id} was there and is gone")
        return str(document["contact"])


def link_of(document: Document) -> tuple[Conversation, str]:
    """A conversation and its contact, as they lie in the collection."""
    return _conversation(document["_id"]), _contact_id(document["contact"])


def _linked(rank: int, source: str, contact_id: str) -> str:
    return f"{rank:0{_RANK_DIGITS}}:{source}:{contact_id}"


def _traced(sent: SentTrace) -> str:
    return f"{milliseconds(sent.at):0{_RANK_DIGITS}}:{sent.traceparent}"


def _sent_trace(traced: str | None) -> SentTrace | None:
    if traced is None:
        return None
    at, _, traceparent = traced.partition(":")
    return SentTrace(datetime.fromtimestamp(int(at) / 1000, UTC), traceparent)


def _conversation(key: str) -> Conversation:
    portal_id, chert_tenant, chat_id = key.split(":", 2)
    return Conversation(int(portal_id), chert_tenant, chat_id)


def _rank(linked: str) -> int:
    return int(linked.split(":", 2)[0])


def _source(linked: str) -> str:
    return linked.split(":", 2)[1]


def _contact_id(linked: str) -> str:
    return linked.split(":", 2)[2]
