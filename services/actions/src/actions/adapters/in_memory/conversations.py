"""Conversations in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from actions.adapters.in_memory.faults import Faults
from actions.models import Author, ContactChat, NumberChat, Wish


class InMemoryConversationStore:
    """Which chat belongs to which number and contact."""

    def __init__(self) -> None:
        self._by_number: dict[tuple[str, str], NumberChat] = {}
        self._by_chat: dict[tuple[str, str], str] = {}
        self._by_contact: dict[tuple[int, str], ContactChat] = {}

    async def learn(self, chats: Sequence[NumberChat]) -> None:
        """Remember the chats of numbers."""
        for chat in chats:
            key = chat.chert_tenant, chat.number_hash
            known = self._by_number.get(key)
            line = chat.phone_line_id or (known.phone_line_id if known is not None else None)
            self._by_number[key] = replace(chat, phone_line_id=line)
            self._by_chat[chat.chert_tenant, chat.chat_id] = chat.number_hash

    async def link(self, chat: ContactChat) -> None:
        """Remember the chat of a contact."""
        self._by_contact[chat.portal_id, chat.contact_id] = chat

    async def of_number(self, chert_tenant: str, number_hash: str) -> NumberChat | None:
        """The chat with a number."""
        return self._by_number.get((chert_tenant, number_hash))

    async def of_contact(self, portal_id: int, chert_tenant: str, contact_id: str) -> str | None:
        """The chat that was linked to a contact."""
        found = self._by_contact.get((portal_id, contact_id))
        return None if found is None or found.chert_tenant != chert_tenant else found.chat_id

    async def number_of(self, chert_tenant: str, chat_id: str) -> str | None:
        """The hash of the number that a chat is with."""
        return self._by_chat.get((chert_tenant, chat_id))

    async def unlink(self, portal_id: int, contact_id: str) -> None:
        """Forget which chat was linked to a contact."""
        self._by_contact.pop((portal_id, contact_id), None)


class InMemoryAuthorStore:
    """Who caused which outbound message."""

    def __init__(self) -> None:
        self._authors: dict[tuple[str, str], Author] = {}

    async def record(self, authors: Sequence[Author]) -> None:
        """Remember them; one that is known stays as it is."""
        for author in authors:
            self._authors.setdefault((author.chert_tenant, author.message_id), author)

    async def of(self, chert_tenant: str, message_ids: Sequence[str]) -> Mapping[str, Author]:
        """The authors of messages, by message id."""
        found = {message_id: self._authors.get((chert_tenant, message_id)) for message_id in message_ids}
        return {message_id: author for message_id, author in found.items() if author is not None}


class InMemoryWishStore:
    """Who wants no messages; `faults` knows the point `before opted_out_since`."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self._wishes: dict[tuple[str, str], tuple[Wish, datetime]] = {}

    async def record(self, chert_tenant: str, number_hash: str, wish: Wish) -> bool:
        """Keep a wish unless a later one is known; tells whether it was kept."""
        known = self._wishes.get((chert_tenant, number_hash))
        if known is not None and (wish.at < known[0].at or wish == known[0]):
            return False
        since = known[1] if known is not None and known[0].stop and wish.stop else wish.at
        self._wishes[chert_tenant, number_hash] = wish, since
        return True

    async def opted_out_since(self, chert_tenant: str, number_hash: str) -> datetime | None:
        """Since when this number wants no messages; none while it does."""
        await self.faults.reach("before opted_out_since")
        known = self._wishes.get((chert_tenant, number_hash))
        return known[1] if known is not None and known[0].stop else None
