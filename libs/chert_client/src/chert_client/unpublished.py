"""Facts for which Chert publishes no route, in the shapes that are assumed for them (`docs/assumptions.md`).

Where Chert does not serve them, each answers `NotFoundError` (code 2011), as an unknown route does.
"""

import json
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, Field

from chert_client.answers import Result, understood_as
from chert_client.connection import Call, ChertConnection
from chert_client.errors import NotFoundError
from chert_client.ids import is_chat_id

_PREFIX: Final = "/unpublished"


class Lead(Result):
    """The person behind a number; `id` is also the chat's."""

    id: str
    phone_line_id: str | None = None


class SendingWindow(Result):
    """The hours of a day in which first touches go out, `09:00` to `17:00` in the project's time zone."""

    start: str
    end: str


class Capacity(Result):
    """What a project may still send today; `daily_cap` and `window` are absent where none binds."""

    daily_cap: int | None = None
    first_touches_today: int
    window: SendingWindow | None = None
    timezone: str
    auto_dial: bool = False


class Campaign(Result):
    """The project's campaign."""

    template: str = Field(repr=False)


class _LeadFound(Result):
    lead: Lead


class _CapacityTold(Result):
    capacity: Capacity


class _CampaignTold(Result):
    campaign: Campaign


class _NextSend(Result):
    next_send_at: AwareDatetime | None = None


class Unpublished:
    """The facts, one call each; every method raises any leaf of `ChertError` after the retries of a read."""

    def __init__(self, connection: ChertConnection) -> None:
        self._connection = connection

    async def lead(self, tenant: str, phone: str) -> Lead:
        """The lead with this number in E.164; `NotFoundError` also when there is none."""
        content = json.dumps({"phone": phone}).encode("ascii")  # in the body, so that no number stands in a URL
        call = Call(method="POST", path=f"{_PREFIX}/leads/lookup", tenant=tenant, content=content)
        return (await self._connection.read(call, understood_as(_LeadFound))).lead

    async def capacity(self, tenant: str) -> Capacity:
        """Cap, use, window and auto-dial of the project."""
        call = Call(method="GET", path=f"{_PREFIX}/capacity", tenant=tenant)
        return (await self._connection.read(call, understood_as(_CapacityTold))).capacity

    async def campaign(self, tenant: str) -> Campaign:
        """The project's campaign and its template."""
        call = Call(method="GET", path=f"{_PREFIX}/campaign", tenant=tenant)
        return (await self._connection.read(call, understood_as(_CampaignTold))).campaign

    async def next_send(self, tenant: str, chat_id: str) -> datetime | None:
        """When the chat's next scheduled message goes out; `NotFoundError` also for an id that cannot be one."""
        if not is_chat_id(chat_id):
            raise NotFoundError
        call = Call(method="GET", path=f"{_PREFIX}/chats/{chat_id}/next-send", tenant=tenant)
        return (await self._connection.read(call, understood_as(_NextSend))).next_send_at
