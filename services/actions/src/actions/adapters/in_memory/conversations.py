"""Conversations in memory, as the sends say them, else as they were learned."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from actions.adapters.in_memory.faults import Faults
from actions.adapters.in_memory.sends import InMemorySendStore
from actions.models import Accepted, Author, ContactChat, NumberChat, Send, Wish


class InMemoryConversationStore:
    """Which chat belongs to which number and contact."""

    def __init__(self, sends: InMemorySendStore | None = None) -> None:
        self._sends = sends or InMemorySendStore()
        self._by_number: dict[tuple[str, str], NumberChat] = {}
        self._by_chat: dict[tuple[str, str], str] = {}
        self._by_contact: dict[tuple[int, str], ContactChat] = {}

    async def learn(self, chats: Sequence[NumberChat]) -> None:
        """Remember the chats of numbers that no send says."""
        for chat in chats:
            self._by_number[chat.chert_tenant, chat.number_hash] = replace(chat, phone_line_id=None)
            self._by_chat[chat.chert_tenant, chat.chat_id] = chat.number_hash

    async def link(self, chat: ContactChat) -> None:
        """Remember the chat of a contact."""
        self._by_contact[chat.portal_id, chat.contact_id] = chat

    async def of_number(self, chert_tenant: str, number_hash: str) -> NumberChat | None:
        """The chat with a number: that of the last message that went out to it, else the one that was learned."""
        sent = (chat for chat in self._sent() if (chat.chert_tenant, chat.number_hash) == (chert_tenant, number_hash))
        return next(sent, self._by_number.get((chert_tenant, number_hash)))

    async def of_contact(self, portal_id: int, chert_tenant: str, contact_id: str) -> str | None:
        """The chat that was linked to a contact."""
        found = self._by_contact.get((portal_id, contact_id))
        return None if found is None or found.chert_tenant != chert_tenant else found.chat_id

    async def number_of(self, chert_tenant: str, chat_id: str) -> str | None:
        """The hash of the number that a chat is with."""
        sent = (
            chat.number_hash for chat in self._sent() if (chat.chert_tenant, chat.chat_id) == (chert_tenant, chat_id)
        )
        return next(sent, self._by_chat.get((chert_tenant, chat_id)))

    async def unlink(self, portal_id: int, contact_id: str) -> None:
        """Forget which chat was linked to a contact."""
        self._by_contact.pop((portal_id, contact_id), None)

    def _sent(self) -> Iterator[NumberChat]:
        """What sends say, the last one first."""
        for send in sorted(self._sends.sends.values(), key=lambda send: send.claimed_at, reverse=True):
            answer = send.answer
            if isinstance(answer, Accepted) and answer.lead_id is not None and send.number_hash is not None:
                yield NumberChat(send.chert_tenant, send.number_hash, answer.lead_id, answer.phone_line_id)


class InMemoryAuthorStore:
    """Who caused which outbound message, as the sends say it."""

    def __init__(self, sends: InMemorySendStore | None = None) -> None:
        self._sends = sends or InMemorySendStore()

    async def of(self, chert_tenant: str, message_ids: Sequence[str]) -> Mapping[str, Author]:
        """The authors of messages, by message id."""
        told = filter(None, map(_author, self._sends.sends.values()))
        return {
            one.message_id: one for one in told if one.chert_tenant == chert_tenant and one.message_id in message_ids
        }


def _author(send: Send) -> Author | None:
    if not isinstance(send.answer, Accepted):
        return None
    return Author(
        chert_tenant=send.chert_tenant,
        message_id=send.answer.message_id,
        portal_id=send.portal_id,
        source=send.source,
        claim=send.key,
        user_id=send.user_id,
        workflow_id=send.workflow_id,
    )


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
