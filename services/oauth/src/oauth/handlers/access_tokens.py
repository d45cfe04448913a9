"""Access tokens: given out with at least a minute to live, refreshed once for however many ask."""

from datetime import timedelta
from functools import partial
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from contracts.internal import AccessToken
from oauth.errors import (
    AppRejectedError,
    ContendedError,
    GrantRevokedError,
    HubSpotAwayError,
    HubSpotError,
    TenantInactiveError,
    TenantUnknownError,
)
from oauth.handlers.grant_checks import judge_grant
from oauth.handlers.leases import Held, Leases
from oauth.handlers.sealing import open_token, seal_tokens
from oauth.handlers.single_flight import SingleFlight
from oauth.models import Installation, Tokens
from oauth.ports import InstallationStore, TokenSealer, TokenServer

LOG = get_log()

LEEWAY: Final = timedelta(seconds=60)
"""What a token that is given out has left at least (chert-contract.md, section 2.4)."""

CALL_SECONDS: Final = 10.0
"""The whole budget of one call to HubSpot's token routes; the composition root sets it on the connection."""

WAIT_SECONDS: Final = 4.0
"""How long to wait for another process's refresh; callers give up after 5 s."""

POLL_SECONDS: Final = 0.05
"""How often to look whether another process's refresh has ended."""

PAUSE_SECONDS: Final = 1.0
"""How long an account's refresh is not tried again after a failure, unless HubSpot names a longer time."""


class AccessTokens:
    """Gives out access tokens; one refresh per account at a time, in this process and across processes."""

    def __init__(
        self,
        *,
        installations: InstallationStore,
        tokens: TokenServer,
        sealer: TokenSealer,
        leases: Leases,
        clock: Clock,
    ) -> None:
        self._installations, self._tokens, self._sealer = installations, tokens, sealer
        self._leases, self._clock = leases, clock
        self._flights = SingleFlight[int, AccessToken]()
        self._paused_until: dict[int, float] = {}

    async def get(self, portal_id: int) -> AccessToken:
        """A token of a connected account that lives at least the leeway.

        Raises:
            TenantUnknownError, TenantInactiveError: there is none to give.
            HubSpotAwayError, AppRejectedError, SealError, ContendedError: there is none now.
        """
        return await self._flights.join(portal_id, partial(self._get, portal_id))

    async def _get(self, portal_id: int) -> AccessToken:
        installation = await self._connected(portal_id)
        # The wait for others begins here: under a rush the first look alone may take longer than all of it.
        give_up_at = self._clock.monotonic() + WAIT_SECONDS
        while not self._lives(installation):
            if self._clock.monotonic() >= give_up_at:
                raise ContendedError
            if not await self._refresh_alone(portal_id):
                await self._clock.sleep(POLL_SECONDS)
            installation = await self._connected(portal_id)
        return self._given(installation)

    async def _refresh_alone(self, portal_id: int) -> bool:
        """Refresh under the account's lease; false while another process holds it."""
        self._refuse_while_paused(portal_id)
        held = await self._leases.take(f"refresh:{portal_id}")
        if held is None:
            return False
        try:
            await self._refresh(portal_id, held)
        finally:
            await self._leases.give_back(held)
        return True

    async def _refresh(self, portal_id: int, held: Held) -> None:
        """Refresh, unless another process did so before the lease was ours."""
        installation = await self._connected(portal_id)
        if self._lives(installation) or held.until - self._clock.monotonic() < CALL_SECONDS:
            return
        try:
            tokens = await self._refreshed(installation)
        except HubSpotError as error:
            self._pause(portal_id, error)
            raise
        if tokens is None:
            return
        sealed = seal_tokens(tokens, portal_id, installation.generation, self._sealer)
        if await self._installations.rotate_tokens(installation, sealed):
            LOG.info("token.refreshed", portal_id=portal_id, generation=installation.generation)

    async def _refreshed(self, installation: Installation) -> Tokens | None:
        """New tokens; none when the account turns out to have left."""
        refresh_token = open_token(installation, "refresh_token", self._sealer)
        try:
            tokens = await self._tokens.refresh(refresh_token)
        except GrantRevokedError as error:
            verdict = await judge_grant(
                installation,
                "grant_revoked",
                installations=self._installations,
                tokens=self._tokens,
                sealer=self._sealer,
                clock=self._clock,
            )
            if verdict == "alive":
                raise HubSpotAwayError("HubSpot refuses a refresh token that it calls active") from error
            return None
        if tokens.expires_at - self._clock.now() < LEEWAY:
            raise HubSpotAwayError("HubSpot gives tokens that end at once")
        return tokens

    async def _connected(self, portal_id: int) -> Installation:
        installation = await self._installations.get(portal_id)
        if installation is None:
            raise TenantUnknownError
        if installation.status != "active":
            raise TenantInactiveError
        return installation

    def _lives(self, installation: Installation) -> bool:
        return installation.tokens is not None and installation.tokens.expires_at - self._clock.now() >= LEEWAY

    def _given(self, installation: Installation) -> AccessToken:
        if installation.tokens is None:
            raise TenantInactiveError
        return AccessToken(
            access_token=open_token(installation, "access_token", self._sealer).get_secret_value(),
            expires_at=installation.tokens.expires_at,
            generation=installation.generation,
        )

    def _pause(self, portal_id: int, error: HubSpotError) -> None:
        """Leave the token route alone for a moment: whoever asks meanwhile is told at once."""
        asked = error.retry_after_seconds if isinstance(error, HubSpotAwayError) else None
        self._paused_until[portal_id] = self._clock.monotonic() + max(PAUSE_SECONDS, asked or 0.0)
        tell = LOG.error if isinstance(error, AppRejectedError) else LOG.warning
        tell("token.refresh_failed", portal_id=portal_id, error=type(error).__name__)

    def _refuse_while_paused(self, portal_id: int) -> None:
        until = self._paused_until.get(portal_id)
        if until is None:
            return
        if self._clock.monotonic() < until:
            raise HubSpotAwayError("a refresh failed a moment ago")
        del self._paused_until[portal_id]
