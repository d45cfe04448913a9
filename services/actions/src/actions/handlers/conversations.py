"""Conversations: remembering whose they are, and who sent what, from the events that tell it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from actions.models import Author, ContactChat, NumberChat
from actions.ports import AuthorStore, ConversationStore, NumberHash
from contracts.messages import ContactLinked, MessageReceived, MessageSent

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """Remembers conversations; every method raises `StoreAwayError` when the database does not answer.

    Attributes:
        store: which chat belongs to whom.
        authors: who caused which message.
        number_hash: how numbers are remembered.
    """

    store: ConversationStore
    authors: AuthorStore
    number_hash: NumberHash

    async def sent(self, messages: Sequence[MessageSent]) -> None:
        """Remember whom messages went to and who caused them."""
        await self.authors.record([_author(message) for message in messages])
        await self.store.learn(
            [replace(self._chat(message, message.phone), phone_line_id=message.phone_line_id) for message in messages]
        )

    async def received(self, messages: Sequence[MessageReceived]) -> None:
        """Remember who wrote, so that conversations that they began are known too; a group is nobody's own."""
        own = [message for message in messages if not message.is_group and _E164.fullmatch(message.sender)]
        await self.store.learn([self._chat(message, message.sender) for message in own])

    async def linked(self, link: ContactLinked) -> None:
        """Remember which contact a conversation was found to belong to."""
        await self.store.link(ContactChat(link.portal_id, link.chert_tenant, link.contact_id, link.chat_id))

    def _chat(self, message: MessageSent | MessageReceived, number: str) -> NumberChat:
        return NumberChat(message.chert_tenant, self.number_hash(number), message.chat_id)


def _author(message: MessageSent) -> Author:
    return Author(
        chert_tenant=message.chert_tenant,
        message_id=message.message_id,
        portal_id=message.portal_id,
        source=message.source,
        claim=message.claim,
        user_id=message.user_id,
        workflow_id=message.workflow_id,
    )
