"""What Chert tells beside sending, over the client library.

The card is worth showing without any of it, so what Chert does not tell is absent and never an error.
"""

from collections.abc import Awaitable, Iterable
from datetime import datetime
from typing import Final, TypeVar

import chert_client
from actions.adapters.remembering import Remembered
from actions.errors import ChertAwayError
from actions.models import Attachment, Campaign, ChatHistory, ChatMessage, PhoneLine, Window
from chassis.clock import Clock
from chassis.settings import NotLoadedError
from chert_client import ChertClient

FRESH_SECONDS: Final = 10.0
"""How long lines and campaign of a project, and a chat's next send, are known: every card of the project shows the
same, and a card that polls asks the same."""

T = TypeVar("T")


class ChertFacts:
    """Chats, lines, leads and campaigns."""

    def __init__(self, client: ChertClient, clock: Clock) -> None:
        self._client = client
        self._lines = Remembered(self._ask_lines, seconds=FRESH_SECONDS, clock=clock)
        self._next_sends = Remembered(self._ask_next_send, seconds=FRESH_SECONDS, clock=clock)
        self._campaigns = Remembered(self._ask_campaign, seconds=FRESH_SECONDS, clock=clock)

    async def history(self, chert_tenant: str, chat_id: str) -> ChatHistory | None:
        """The newest messages of a chat, newest last; empty for a chat that is not there, none when not known now."""
        try:
            told = await self._client.chat_messages(chert_tenant, chat_id)
        except chert_client.NotFoundError:
            return ChatHistory()
        except (chert_client.ChertError, NotLoadedError):
            return None
        return ChatHistory(tuple(_message(message) for message in told.messages), told.has_more)

    async def chat_of(self, chert_tenant: str, phone: str) -> str | None:
        """The chat with a number in E.164; none when there is no lead, or Chert does not tell."""
        lead = await _told(self._client.unpublished.lead(chert_tenant, phone))
        return None if lead is None else lead.id

    async def lines(self, chert_tenant: str) -> tuple[PhoneLine, ...] | None:
        """Every line; none when not known now."""
        return await _told(self._lines(chert_tenant))

    async def next_send(self, chert_tenant: str, chat_id: str) -> tuple[bool, datetime | None]:
        """Whether that is known, and when it goes out if anything does."""
        return await self._next_sends((chert_tenant, chat_id))

    async def campaign(self, chert_tenant: str) -> Campaign | None:
        """What Chert tells; none when it does not."""
        return await _told(self._campaigns(chert_tenant))

    async def template(self, chert_tenant: str) -> str | None:
        """The project's template; none where Chert does not tell it.

        Raises:
            ChertAwayError: Chert cannot be asked now.
        """
        try:
            return (await self._client.unpublished.campaign(chert_tenant)).template
        except chert_client.NotFoundError:
            return None
        except (chert_client.ChertError, NotLoadedError) as error:
            raise ChertAwayError(str(error)) from error

    async def has_conversation(self, chert_tenant: str, phone: str) -> bool:
        """Whether Chert says that messages were exchanged with a number in E.164.

        Raises:
            ChertAwayError: Chert cannot be asked now.
        """
        try:
            lead = await self._client.unpublished.lead(chert_tenant, phone)
            return bool((await self._client.chat_messages(chert_tenant, lead.id)).messages)
        except chert_client.NotFoundError:
            return False
        except (chert_client.ChertError, NotLoadedError) as error:
            raise ChertAwayError(str(error)) from error

    async def _ask_next_send(self, chat: tuple[str, str]) -> tuple[bool, datetime | None]:
        try:
            return True, await self._client.unpublished.next_send(*chat)
        except (chert_client.ChertError, NotLoadedError):
            return False, None

    async def _ask_lines(self, chert_tenant: str) -> tuple[PhoneLine, ...]:
        found = await self._client.phone_numbers(chert_tenant)
        return tuple(PhoneLine(line.id, line.phone_number, line.is_active) for line in found)

    async def _ask_campaign(self, chert_tenant: str) -> Campaign:
        capacity = await self._client.unpublished.capacity(chert_tenant)
        window = capacity.window
        return Campaign(
            template=(await self._client.unpublished.campaign(chert_tenant)).template,
            sent_today=capacity.first_touches_today,
            daily_cap=capacity.daily_cap,
            window=None if window is None else Window(window.start, window.end),
            timezone=capacity.timezone,
            auto_dial=capacity.auto_dial,
        )


async def _told(asking: Awaitable[T]) -> T | None:
    try:
        return await asking
    except (chert_client.ChertError, NotLoadedError):
        return None


def _message(message: chert_client.ChatMessage) -> ChatMessage:
    return ChatMessage(
        id=message.id,
        inbound=message.direction == "inbound",
        text=_bubbles(message.parts),
        attachments=tuple(
            Attachment(part.type, part.attachment_id, part.url) for part in message.parts if part.type != "text"
        ),
        at=message.created_at,
        status=message.status,
        delivered_at=message.delivered_at,
        read_at=message.read_at,
    )


def _bubbles(parts: Iterable[chert_client.MessagePart]) -> str:
    """The text parts as they were written: each is a bubble, and blank lines part bubbles."""
    return "\n\n".join(part.value for part in parts if part.type == "text" and part.value is not None)
