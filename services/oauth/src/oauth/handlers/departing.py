"""Departures: what HubSpot is told after a disconnect, step by step (`architecture.md`, section 4).

The account is inactive before the first step. Each step is recorded before the next, so that a killed process is
followed by another; each is tried for a day. A step is taken under a lease that a new install of the account takes
too before it ends the departure: nothing is ever said to HubSpot about a generation once a later one is active.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from oauth.errors import AccessTokenRefusedError, GrantRevokedError, HubSpotAwayError, HubSpotError, SealError
from oauth.handlers.access_tokens import CALL_SECONDS, LEEWAY
from oauth.handlers.leases import Held, Leases
from oauth.handlers.sealing import open_departing, seal_tokens
from oauth.models import Departure, DepartureStep, Installation
from oauth.ports import InstallationStore, TokenSealer, TokenServer

LOG = get_log()

BATCH: Final = 20
"""How many accounts depart at once."""

STEP_TIME: Final = timedelta(hours=24)
"""How long a step is tried, by the clock; then the next one follows."""

LONGEST_PAUSE_SECONDS: Final = 300.0
"""Between two tries; the first follows after a second, and each pause doubles."""

_NEXT: Final[dict[DepartureStep, DepartureStep]] = {"uninstall": "revoke", "revoke": "erase", "erase": "erase"}


def departure_lease(portal_id: int) -> str:
    """The name of the lease under which HubSpot is told of a disconnect."""
    return f"departure:{portal_id}"


@dataclass(frozen=True, slots=True)
class Departures:
    """Tells HubSpot of disconnects; `step` is a worker's."""

    installations: InstallationStore
    tokens: TokenServer
    sealer: TokenSealer
    leases: Leases
    clock: Clock

    async def step(self) -> bool:
        """Take up every departure that is due; true when more may wait."""
        due = await self.installations.departing(self.clock.now(), BATCH)
        async with asyncio.TaskGroup() as departing:
            for installation in due:
                departing.create_task(self._depart(installation.portal_id))
        return len(due) == BATCH

    async def _depart(self, portal_id: int) -> None:
        """Go on with one departure as far as it goes now, unless another process does."""
        held = await self.leases.take(departure_lease(portal_id))
        if held is None:
            return
        try:
            while await self._advance(portal_id, held):
                pass
        finally:
            await self.leases.give_back(held)

    async def _advance(self, portal_id: int, held: Held) -> bool:
        """Take one step as the installation now is; false when there is nothing more to do now."""
        installation = await self.installations.get(portal_id)
        departure = None if installation is None else installation.departure
        if installation is None or departure is None or departure.due_at > self.clock.now():
            return False
        if departure.step == "erase":
            await self._note(installation, None)
            return False
        if self.clock.now() - departure.step_began_at >= STEP_TIME:
            LOG.error("departure.given_up", portal_id=portal_id, step=departure.step, attempts=departure.attempts)
            return await self._note(installation, self._following(departure))
        if held.until - self.clock.monotonic() < CALL_SECONDS:
            return False  # another could hold the lease before the call has ended
        return await self._try(installation, departure)

    async def _try(self, installation: Installation, departure: Departure) -> bool:
        """Make the next call and record what it came to; false when it has to be made again later."""
        try:
            after = await self._said(installation, departure)
        except (HubSpotError, SealError) as error:
            error_name = type(error).__name__
            LOG.warning("departure.postponed", portal_id=installation.portal_id, step=departure.step, error=error_name)
            await self._note(installation, self._later(departure, error))
            return False
        return await self._note(installation, after)

    async def _said(self, installation: Installation, departure: Departure) -> Departure:
        """Make the one call that comes next; the departure as it is after that."""
        try:
            if departure.step == "revoke":
                await self.tokens.revoke(open_departing(installation, departure, "refresh_token", self.sealer))
            elif departure.tokens.expires_at - self.clock.now() < LEEWAY:
                return await self._refreshed(installation, departure)
            else:
                access_token = open_departing(installation, departure, "access_token", self.sealer)
                await self.tokens.uninstall(installation.portal_id, access_token)
        except GrantRevokedError:
            return replace(departure, step="erase")  # the account has left already: there is nothing to say
        return self._following(departure)

    async def _refreshed(self, installation: Installation, departure: Departure) -> Departure:
        """The same step, with a fresh access token to take it with."""
        tokens = await self.tokens.refresh(open_departing(installation, departure, "refresh_token", self.sealer))
        if tokens.expires_at - self.clock.now() < LEEWAY:
            raise HubSpotAwayError("HubSpot gives tokens that end at once")
        sealed = seal_tokens(tokens, installation.portal_id, installation.generation, self.sealer)
        return replace(departure, tokens=sealed)

    async def _note(self, installation: Installation, departure: Departure | None) -> bool:
        """Record what the departure has come to; false if the account was installed again meanwhile."""
        if not await self.installations.move_departure(installation, departure):
            return False
        step = "over" if departure is None else departure.step
        if (
            installation.departure is None or step != installation.departure.step
        ):  # else it only waits, or has new tokens
            LOG.info(
                "departure.advanced", portal_id=installation.portal_id, generation=installation.generation, step=step
            )
        return True

    def _following(self, departure: Departure) -> Departure:
        now = self.clock.now()
        return replace(departure, step=_NEXT[departure.step], step_began_at=now, due_at=now, attempts=0)

    def _later(self, departure: Departure, error: Exception) -> Departure:
        pause = min(2.0**departure.attempts, LONGEST_PAUSE_SECONDS)
        if isinstance(error, HubSpotAwayError) and error.retry_after_seconds is not None:
            pause = max(pause, error.retry_after_seconds)
        tokens = departure.tokens
        if isinstance(error, AccessTokenRefusedError):
            tokens = replace(tokens, expires_at=self.clock.now())  # so that the next try begins with a fresh one
        due_at = self.clock.now() + timedelta(seconds=pause)
        return replace(departure, tokens=tokens, due_at=due_at, attempts=departure.attempts + 1)
