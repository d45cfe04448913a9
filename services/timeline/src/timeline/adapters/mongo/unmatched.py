"""Collection `unmatched`: replies without a contact, one document per conversation, by its key."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from pymongo import ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document
from timeline.adapters.mongo.works import from_document, to_document
from timeline.models import Conversation, Work

COLLECTION: Final = "unmatched"


class MongoUnmatched:
    """The unmatched in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._unmatched: AsyncCollection[Document] = database[COLLECTION]

    async def ensure_indexes(self) -> None:
        """Let an account's conversations be found."""
        await self._unmatched.create_index("portal_id")

    async def add(self, conversation: Conversation, work: Work) -> None:
        """Keep a reply."""
        try:
            await self._push(conversation, work)
        except DuplicateKeyError:  # another upsert came first: now it is there
            await self._push(conversation, work)

    async def of(self, conversations: Collection[Conversation]) -> Mapping[Conversation, Sequence[Work]]:
        """What waits in these conversations."""
        return await self._read({"_id": {"$in": [conversation.id for conversation in conversations]}})

    async def of_portal(self, portal_id: int) -> Mapping[Conversation, Sequence[Work]]:
        """What waits in all conversations of an account."""
        return await self._read({"portal_id": portal_id})

    async def remove(self, conversation: Conversation, entry_ids: Collection[str]) -> None:
        """Forget replies, and the conversation with the last of them."""
        left = await self._unmatched.find_one_and_update(
            {"_id": conversation.id},
            {"$pull": {"works": {"entry_id": {"$in": list(entry_ids)}}}},
            return_document=ReturnDocument.AFTER,
        )
        if left is not None and not left["works"]:
            await self._unmatched.delete_one({"_id": conversation.id, "works": []})

    async def _push(self, conversation: Conversation, work: Work) -> None:
        await self._unmatched.update_one(
            {"_id": conversation.id},
            {
                "$push": {"works": to_document(work)},
                "$setOnInsert": {
                    "portal_id": conversation.portal_id,
                    "chert_tenant": conversation.chert_tenant,
                    "chat_id": conversation.chat_id,
                },
            },
            upsert=True,
        )

    async def _read(self, query: Document) -> Mapping[Conversation, Sequence[Work]]:
        return {
            Conversation(document["portal_id"], document["chert_tenant"], document["chat_id"]): [
                from_document(work) for work in document["works"]
            ]
            async for document in self._unmatched.find(query)
            if document["works"]
        }
