"""Access tokens from `oauth`, kept in memory for as long as they are good (`architecture.md`, rule 5)."""

import asyncio
from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from chassis.settings import NotLoadedError
from chassis.sisters import Sister, SisterAwayError, SisterRefusedError
from contracts.failures import Code
from contracts.internal import AccessToken, TenantCheck
from timeline.errors import AccountChangedError, AccountInactiveError, AccountUnreachableError

LEEWAY: Final = timedelta(seconds=60)
"""A token is not used in its last minute."""

_NOT_CONNECTED: Final = frozenset({Code.TENANT_NOT_FOUND, Code.NOT_CONNECTED})
"""Refusals that are about the account; any other is about us."""


class OAuthAccessTokens:
    """`POST /internal/tenants/{portal_id}/access-token`, asked once however many wait for the answer."""

    def __init__(self, sister: Sister, clock: Clock) -> None:
        self._sister, self._clock = sister, clock
        self._tokens: dict[int, AccessToken] = {}
        self._asking: dict[int, asyncio.Task[AccessToken]] = {}
        self._doubted: set[int] = set()
        self._expected: dict[int, int] = {}

    async def __call__(self, portal_id: int) -> str:
        """An access token that is good for at least a minute.

        Raises:
            AccountInactiveError: the account is not connected.
            AccountChangedError: it is connected by another install than is expected.
            AccountUnreachableError: `oauth` cannot be asked.
        """
        known = self._tokens.get(portal_id)
        if known is None or known.expires_at - LEEWAY <= self._clock.now() or not self._is_expected(portal_id, known):
            known = await asyncio.shield(self._asked(portal_id))
        if not self._is_expected(portal_id, known):
            raise AccountChangedError("another install")
        return known.access_token

    def expect(self, portal_id: int, generation: int) -> None:
        """Give tokens of this install of an account and of no other, until another one is expected."""
        self._expected[portal_id] = generation

    def forget(self, portal_id: int, *, doubt: bool = False) -> None:
        """HubSpot refused the token: ask for another one next time, and say so first if the account may have left."""
        self._tokens.pop(portal_id, None)
        if doubt:
            self._doubted.add(portal_id)

    def _is_expected(self, portal_id: int, token: AccessToken) -> bool:
        return self._expected.get(portal_id, token.generation) == token.generation

    def _asked(self, portal_id: int) -> "asyncio.Task[AccessToken]":
        asking = self._asking.get(portal_id)
        if asking is None:
            asking = asyncio.create_task(self._ask(portal_id), name=f"access token {portal_id}")
            self._asking[portal_id] = asking
            asking.add_done_callback(lambda done: self._answered(portal_id, done))
        return asking

    def _answered(self, portal_id: int, asked: "asyncio.Task[AccessToken]") -> None:
        del self._asking[portal_id]
        if not asked.cancelled() and asked.exception() is None:
            self._tokens[portal_id] = asked.result()

    async def _ask(self, portal_id: int) -> AccessToken:
        tenant = f"/internal/tenants/{portal_id}"
        try:
            if portal_id in self._doubted:
                await self._sister.call("POST", f"{tenant}/doubts", TenantCheck)
                self._doubted.discard(portal_id)
            return await self._sister.call("POST", f"{tenant}/access-token", AccessToken)
        except (SisterAwayError, NotLoadedError) as error:
            raise AccountUnreachableError(f"oauth: {type(error).__name__}") from error
        except SisterRefusedError as error:
            kind = AccountInactiveError if error.failure.code in _NOT_CONNECTED else AccountUnreachableError
            raise kind(f"oauth: {error.failure.code}") from error
