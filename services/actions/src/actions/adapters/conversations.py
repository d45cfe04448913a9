"""Chert's side of a conversation, read where a guess would send a message twice."""

from collections.abc import Sequence
from datetime import datetime

import chert_client
from actions.errors import NotServedError, NotToldError
from actions.models import Reply
from actions.ports import ConversationStore, NumberHash
from chassis.settings import NotLoadedError
from chert_client import ChatMessage, ChertClient


class ChertConversations:
    """Chats found by what is remembered of a number, else by Chert's unpublished look-up."""

    def __init__(self, client: ChertClient, known: ConversationStore, number_hash: NumberHash) -> None:
        self._client, self._known, self._number_hash = client, known, number_hash

    async def chat_with(self, chert_tenant: str, phone: str) -> str | None:
        """The chat with a number in E.164; none when there certainly is none.

        Raises:
            NotToldError: Chert does not tell, or cannot be asked now.
            StoreAwayError: the database does not answer.
        """
        known = await self._known.of_number(chert_tenant, self._number_hash(phone))
        return await self._looked_up(chert_tenant, phone) if known is None else known.chat_id

    async def sent_in(self, chert_tenant: str, chat_id: str, body: str, since: datetime) -> Sequence[str]:
        """Ids of messages with this text that went out in a chat since a moment, oldest first.

        Raises:
            NotToldError: Chert does not tell, or cannot be asked now.
        """
        wanted = _comparable(body)
        return [
            message.id
            for message in await self._messages(chert_tenant, chat_id, since)
            if message.direction == "outbound" and _comparable(message.text) == wanted
        ]

    async def reply_in(self, chert_tenant: str, chat_id: str, since: datetime) -> Reply | None:
        """The first message that came in since a moment.

        Raises:
            NotToldError: Chert does not tell, or cannot be asked now.
        """
        inbound = [one for one in await self._messages(chert_tenant, chat_id, since) if one.direction == "inbound"]
        return Reply(replied=True, text=inbound[0].text[:10_000], at=inbound[0].created_at) if inbound else None

    async def _looked_up(self, chert_tenant: str, phone: str) -> str | None:
        try:
            return (await self._client.unpublished.lead(chert_tenant, phone)).id
        except chert_client.NotFoundError:
            await self._check_served(chert_tenant)
            return None
        except (chert_client.ChertError, NotLoadedError) as error:
            raise NotToldError(type(error).__name__) from error

    async def _check_served(self, chert_tenant: str) -> None:
        """An unknown lead and a route that is not served are answered alike; another such route tells them apart."""
        try:
            await self._client.unpublished.campaign(chert_tenant)
        except chert_client.NotFoundError as error:
            raise NotServedError from error
        except (chert_client.ChertError, NotLoadedError) as error:
            raise NotToldError(type(error).__name__) from error

    async def _messages(self, chert_tenant: str, chat_id: str, since: datetime) -> Sequence[ChatMessage]:
        try:
            told = await self._client.chat_messages(chert_tenant, chat_id)
        except chert_client.NotFoundError:
            return []  # no such chat, so nothing was said in it
        except (chert_client.ChertError, NotLoadedError) as error:
            raise NotToldError(type(error).__name__) from error
        if told.has_more and not any(message.created_at and message.created_at < since for message in told.messages):
            raise NotServedError("the conversation goes back further than Chert shows")
        return [message for message in told.messages if message.created_at is not None and message.created_at >= since]


def _comparable(text: str) -> str:
    """A text without what bubbles change: blank lines split a body into several, joined again by single ones."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
