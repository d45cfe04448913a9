"""Conversations in MongoDB: whose chat it is, as the sends say it, else as it was learned from others.

What was learned has a document for each of three ways to a chat, so that each look-up is by `_id`.
"""

from collections.abc import Sequence
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from actions.adapters.mongo.answers import asked
from actions.adapters.mongo.documents import COLLECTION as SENDS
from actions.adapters.mongo.pieces import in_pieces
from actions.models import ContactChat, NumberChat
from chassis.clock import Clock
from chassis.mongo import Document, duplicates

COLLECTION: Final = "conversations"


class MongoConversationStore:
    """Collection `sends`, and `conversations`: `_id` `number:…`, `chat:…` or `contact:…`.

    A contact's links lie in one document, by project, so that they can be forgotten by `_id` too.
    """

    def __init__(self, database: AsyncDatabase[Document], clock: Clock | None = None) -> None:
        """Over a database; with a clock, what is learned of many messages at once is spread out."""
        self._conversations, self._sends, self._clock = database[COLLECTION], database[SENDS], clock

    async def learn(self, chats: Sequence[NumberChat]) -> None:
        """Remember the chats of numbers that no send says; what was learned of the same number is replaced.

        Raises:
            StoreAwayError: the database does not answer.
        """
        known = {_number(chat.chert_tenant, chat.number_hash): {"chat_id": chat.chat_id} for chat in chats}
        known |= {_chat(chat.chert_tenant, chat.chat_id): {"number_hash": chat.number_hash} for chat in chats}
        updates = [UpdateOne({"_id": key}, {"$set": what}, upsert=True) for key, what in known.items()]
        await in_pieces(updates, self._write, self._clock)

    async def link(self, chat: ContactChat) -> None:
        """Remember the chat of a contact; what was known of the same contact is replaced.

        Raises:
            StoreAwayError: the database does not answer.
        """
        link = {"chert_tenant": chat.chert_tenant, "chat_id": chat.chat_id}
        await self._write([UpdateOne({"_id": _contact(chat.portal_id, chat.contact_id)}, {"$set": link}, upsert=True)])

    async def of_number(self, chert_tenant: str, number_hash: str) -> NumberChat | None:
        """The chat with a number: that of the last message that went out to it, else the one that was learned.

        Raises:
            StoreAwayError: the database does not answer.
        """
        sent = await self._last_sent(chert_tenant, {"number_hash": number_hash, "chat_id": {"$exists": True}})
        if sent is not None:
            return NumberChat(chert_tenant, number_hash, str(sent["chat_id"]), sent["answer"].get("phone_line_id"))
        learned = await self._find(_number(chert_tenant, number_hash))
        return None if learned is None else NumberChat(chert_tenant, number_hash, str(learned["chat_id"]))

    async def of_contact(self, portal_id: int, chert_tenant: str, contact_id: str) -> str | None:
        """The chat that was linked to a contact.

        Raises:
            StoreAwayError: the database does not answer.
        """
        found = await self._find(_contact(portal_id, contact_id))
        return None if found is None or found["chert_tenant"] != chert_tenant else str(found["chat_id"])

    async def number_of(self, chert_tenant: str, chat_id: str) -> str | None:
        """The hash of the number that a chat is with.

        Raises:
            StoreAwayError: the database does not answer.
        """
        sent = await self._last_sent(chert_tenant, {"chat_id": chat_id, "number_hash": {"$exists": True}})
        found = sent or await self._find(_chat(chert_tenant, chat_id))
        return None if found is None else str(found["number_hash"])

    async def unlink(self, portal_id: int, contact_id: str) -> None:
        """Forget which chat was linked to a contact.

        Raises:
            StoreAwayError: the database does not answer.
        """
        await asked(lambda: self._conversations.delete_one({"_id": _contact(portal_id, contact_id)}))

    async def _last_sent(self, chert_tenant: str, query: Document) -> Document | None:
        """What is said of chat, number and line by the last send that fits."""
        own, told = {**query, "chert_tenant": chert_tenant}, ("chat_id", "number_hash", "answer.phone_line_id")
        return await asked(lambda: self._sends.find_one(own, told, sort=[("claimed_at", -1)]))

    async def _find(self, key: str) -> Document | None:
        return await asked(lambda: self._conversations.find_one({"_id": key}))

    async def _write(self, updates: Sequence[UpdateOne]) -> None:
        try:
            await asked(lambda: self._conversations.bulk_write(updates, ordered=False))
        except BulkWriteError as error:
            duplicates(error)  # a concurrent upsert came first; by now each document is there
            await asked(lambda: self._conversations.bulk_write(updates, ordered=False))


def _number(chert_tenant: str, number_hash: str) -> str:
    return f"number:{chert_tenant}:{number_hash}"


def _chat(chert_tenant: str, chat_id: str) -> str:
    return f"chat:{chert_tenant}:{chat_id}"


def _contact(portal_id: int, contact_id: str) -> str:
    return f"contact:{portal_id}:{contact_id}"
