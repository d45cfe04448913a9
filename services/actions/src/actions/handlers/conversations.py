"""Conversations: remembering whose they are, from the events that tell it; what was sent, the sends themselves say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from actions.models import ContactChat, NumberChat
from actions.ports import ConversationStore, NumberHash
from contracts.messages import ContactLinked, MessageReceived

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """Remembers conversations; every method raises `StoreAwayError` when the database does not answer.

    Attributes:
        store: which chat belongs to whom.
        number_hash: how numbers are remembered.
    """

    store: ConversationStore
    number_hash: NumberHash

    async def received(self, messages: Sequence[MessageReceived]) -> None:
        """Remember who wrote, so that conversations that they began are known too; a group is nobody's own."""
        own = [message for message in messages if not message.is_group and _E164.fullmatch(message.sender)]
        await self.store.learn(
            [NumberChat(message.chert_tenant, self.number_hash(message.sender), message.chat_id) for message in own]
        )

    async def linked(self, link: ContactLinked) -> None:
        """Remember which contact a conversation was found to belong to."""
        await self.store.link(ContactChat(link.portal_id, link.chert_tenant, link.contact_id, link.chat_id))
