"""What Chert tells beside sending, in memory."""

import asyncio
from datetime import datetime

from actions.errors import ChertAwayError
from actions.models import Campaign, ChatHistory, PhoneLine


class InMemoryFacts:
    """Chats, lines, leads and campaigns.

    Attributes:
        histories: by project and chat.
        leads: chats by project and number.
        campaigns: by project; none where Chert does not tell.
        phone_lines: by project.
        next_sends: by project and chat; what Chert does not tell is absent.
        away: nothing is told at all.
        hangs: nobody is ever answered.
    """

    def __init__(self) -> None:
        self.histories: dict[tuple[str, str], ChatHistory] = {}
        self.leads: dict[tuple[str, str], str] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.phone_lines: dict[str, tuple[PhoneLine, ...]] = {}
        self.next_sends: dict[tuple[str, str], datetime | None] = {}
        self.away = False
        self.hangs = False

    async def history(self, chert_tenant: str, chat_id: str) -> ChatHistory | None:
        """The newest messages of a chat."""
        await self._asked()
        return None if self.away else self.histories.get((chert_tenant, chat_id), ChatHistory())

    async def chat_of(self, chert_tenant: str, phone: str) -> str | None:
        """The chat with a number."""
        await self._asked()
        return None if self.away else self.leads.get((chert_tenant, phone))

    async def lines(self, chert_tenant: str) -> tuple[PhoneLine, ...] | None:
        """Every line."""
        await self._asked()
        return None if self.away else self.phone_lines.get(chert_tenant, ())

    async def next_send(self, chert_tenant: str, chat_id: str) -> tuple[bool, datetime | None]:
        """Whether that is known, and when it goes out."""
        await self._asked()
        key = chert_tenant, chat_id
        return (False, None) if self.away else (key in self.next_sends, self.next_sends.get(key))

    async def campaign(self, chert_tenant: str) -> Campaign | None:
        """What Chert tells."""
        await self._asked()
        return None if self.away else self.campaigns.get(chert_tenant)

    async def template(self, chert_tenant: str) -> str | None:
        """The project's template.

        Raises:
            ChertAwayError: `away` is set.
        """
        self._check_here()
        campaign = self.campaigns.get(chert_tenant)
        return None if campaign is None else campaign.template

    async def has_conversation(self, chert_tenant: str, phone: str) -> bool:
        """Whether there are messages with a number.

        Raises:
            ChertAwayError: `away` is set.
        """
        self._check_here()
        chat_id = self.leads.get((chert_tenant, phone))
        return chat_id is not None and bool(self.histories.get((chert_tenant, chat_id), ChatHistory()).messages)

    def _check_here(self) -> None:
        if self.away:
            raise ChertAwayError("away")

    async def _asked(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
