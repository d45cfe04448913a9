"""Access tokens from `oauth`, kept in memory for as long as they are good (`architecture.md`, rule 5)."""

from datetime import timedelta
from typing import Final

from actions.adapters.remembering import Remembered
from actions.errors import AuthorityAwayError, UnknownTenantError
from chassis.clock import Clock
from chassis.settings import NotLoadedError
from chassis.sisters import Sister, SisterAwayError, SisterRefusedError
from contracts.failures import Code
from contracts.internal import AccessToken

LEEWAY: Final = timedelta(seconds=60)
"""A token is not used in its last minute."""

_LONGEST_SECONDS: Final = 3600.0
"""A token is asked about at least so often; its own end comes first."""

_NOT_CONNECTED: Final = frozenset({Code.TENANT_NOT_FOUND, Code.NOT_CONNECTED})
"""Refusals that are about the account; any other is about us."""


class OAuthAccessTokens:
    """`POST /internal/tenants/{portal_id}/access-token`, asked once however many wait for the answer."""

    def __init__(self, sister: Sister, clock: Clock) -> None:
        self._sister, self._clock = sister, clock
        self._tokens = Remembered(self._ask, seconds=_LONGEST_SECONDS, clock=clock)

    async def __call__(self, portal_id: int) -> str:
        """An access token that is good for at least a minute.

        Raises:
            UnknownTenantError: the account is not connected.
            AuthorityAwayError: `oauth` cannot be asked.
        """
        token = await self._tokens(portal_id)
        if token.expires_at - LEEWAY <= self._clock.now():
            token = await self._tokens.fresh(portal_id)
        return token.access_token

    def forget(self, portal_id: int) -> None:
        """HubSpot refused the token: ask for another one next time."""
        self._tokens.forget(portal_id)

    async def _ask(self, portal_id: int) -> AccessToken:
        try:
            return await self._sister.call("POST", f"/internal/tenants/{portal_id}/access-token", AccessToken)
        except (SisterAwayError, NotLoadedError) as error:
            raise AuthorityAwayError(f"oauth: {type(error).__name__}") from error
        except SisterRefusedError as error:
            if error.failure.code in _NOT_CONNECTED:
                raise UnknownTenantError from error
            raise AuthorityAwayError(f"oauth: {error.failure.code}") from error
