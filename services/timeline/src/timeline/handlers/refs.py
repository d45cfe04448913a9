"""Keeping what an operator may ask by: which ids lead to which replies.

Message ids, entry ids and communication ids are keys already, and a row of the inbox names its event, its trace and its
conversation. What is kept beside them says the same with every reply of a conversation.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from timeline.models import Conversation, Placed, Ref
from timeline.ports import NumberHash, Refs

PHONE: Final = "phone:"
"""How a chat's document names the number that wrote in it, so that its erasure finds it."""


class RefKeeper:
    """Keeps refs of replies and links."""

    def __init__(self, refs: Refs, hash_number: NumberHash) -> None:
        self._refs, self._hash_number = refs, hash_number

    async def received(self, rows: Sequence[Placed]) -> None:
        """Messages were given to accounts, or wait for some."""
        await self._refs.add([ref for row in rows for ref in self._of_row(row)])

    async def linked(self, links: Collection[tuple[Conversation, str]]) -> None:
        """Conversations belong to contacts."""
        await self._refs.add([Ref("contact", contact_id, one.chat_id) for one, contact_id in links])

    async def erased(self, contact_id: str, chats: Collection[Conversation]) -> None:
        """A person is to be forgotten: neither their contact nor their number leads anywhere any more."""
        known = await self._refs.find([f"chat:{one.chat_id}" for one in chats])
        by_number = [
            Ref("phone", target.removeprefix(PHONE), key.removeprefix("chat:"))
            for key, targets in known.items()
            for target in targets
            if target.startswith(PHONE)
        ]
        by_contact = [Ref("contact", contact_id, one.chat_id) for one in chats]
        of_chats = [Ref("chat", ref.to, f"{PHONE}{ref.value}") for ref in by_number]
        await self._refs.forget([*by_number, *by_contact, *of_chats])

    def _of_row(self, row: Placed) -> Iterator[Ref]:
        message = row.received.message
        if not row.erased:
            hashed = self._hash_number(message.sender)
            yield Ref("phone", hashed, message.chat_id)
            yield Ref("chat", message.chat_id, f"{PHONE}{hashed}")
