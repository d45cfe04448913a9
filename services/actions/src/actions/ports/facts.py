"""What Chert tells beside sending. Where it does not, or cannot be asked, the answer is none, never an error."""

from datetime import datetime
from typing import Protocol

from actions.models import Campaign, ChatHistory, PhoneLine


class ChatReader(Protocol):
    """Conversations at Chert."""

    async def history(self, chert_tenant: str, chat_id: str) -> ChatHistory | None:
        """The newest messages of a chat, newest last; empty for a chat that is not there, none when not known now."""
        ...


class LeadLookup(Protocol):
    """The lead of a number (no published route)."""

    async def chat_of(self, chert_tenant: str, phone: str) -> str | None:
        """The chat with a number in E.164; none when there is no lead, or Chert does not tell."""
        ...


class LineList(Protocol):
    """The lines of a project."""

    async def lines(self, chert_tenant: str) -> tuple[PhoneLine, ...] | None:
        """Every line; none when not known now."""
        ...


class NextSend(Protocol):
    """What a sequence will send next (no published route)."""

    async def next_send(self, chert_tenant: str, chat_id: str) -> tuple[bool, datetime | None]:
        """Whether that is known, and when it goes out if anything does."""
        ...


class Campaigns(Protocol):
    """Campaign and capacity of a project (no published route)."""

    async def campaign(self, chert_tenant: str) -> Campaign | None:
        """What Chert tells; none when it does not."""
        ...


class Facts(ChatReader, LeadLookup, LineList, NextSend, Campaigns, Protocol):
    """All of it, as one adapter gives it."""
