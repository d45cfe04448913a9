"""Asking `oauth` what is true of an account."""

import asyncio
from collections import OrderedDict
from typing import Final

from actions.errors import AuthorityAwayError
from chassis.clock import Clock
from chassis.settings import NotLoadedError
from chassis.sisters import Sister, SisterAwayError, SisterRefusedError
from contracts.internal import TenantCheck

ASK_SECONDS: Final = 2.0
"""The longest it may take: a part of the time in which a request is answered."""

FRESH_SECONDS: Final = 5.0
"""How long an answer is good (`architecture.md`, rule 7)."""

_REMEMBERED: Final = 10_000
"""Accounts whose answer is remembered."""


class OAuthTenantAuthority:
    """`GET /internal/tenants/{portal_id}`, with a short memory."""

    def __init__(self, sister: Sister, clock: Clock) -> None:
        self._sister, self._clock = sister, clock
        self._answers: OrderedDict[int, tuple[TenantCheck, float]] = OrderedDict()

    async def check(self, portal_id: int) -> TenantCheck:
        """What is true now, or was at most five seconds ago.

        Raises:
            AuthorityAwayError: it cannot be asked.
        """
        known = self._answers.get(portal_id)
        if known is not None and self._clock.monotonic() - known[1] < FRESH_SECONDS:
            return known[0]
        asked_at = self._clock.monotonic()
        answer = await self._ask(portal_id)
        self._remember(portal_id, answer, asked_at)
        return answer

    async def _ask(self, portal_id: int) -> TenantCheck:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._sister.call("GET", f"/internal/tenants/{portal_id}", TenantCheck)
        except (TimeoutError, SisterAwayError, SisterRefusedError, NotLoadedError) as error:
            # A refusal is about our credential, never about the account: that would be an answer.
            raise AuthorityAwayError(type(error).__name__) from error

    def _remember(self, portal_id: int, answer: TenantCheck, asked_at: float) -> None:
        self._answers[portal_id] = (answer, asked_at)
        self._answers.move_to_end(portal_id)
        if len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
