"""Uninstalls: a notice is a hint, and HubSpot's word on the refresh token decides (`architecture.md`, section 4).

A hint is stored with the installation and asked about by a worker, so that neither a lost process nor a HubSpot
that cannot answer loses it, and one account's trouble keeps no other waiting.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final, Literal

from chassis import tracing
from chassis.clock import Clock
from chassis.logging import get_log
from chassis.randomness import Randomness
from contracts.envelope import Event
from contracts.tenants import AppUninstalled
from oauth.errors import GrantRevokedError, HubSpotAwayError, HubSpotError, SealError
from oauth.handlers.binding import deactivate
from oauth.handlers.sealing import open_token
from oauth.models import EndReason, GrantCheck, Installation
from oauth.ports import GrantCheckStore, InstallationStore, TokenSealer, TokenServer

LOG = get_log()

BATCH: Final = 20
"""How many accounts are asked about at once."""

LONGEST_PAUSE_SECONDS: Final = 300.0
"""Between two tries to ask HubSpot; the first follows after a second, and each pause doubles."""

Verdict = Literal["alive", "ended", "changed"]
"""The grant lives; it does not, and the installation is ended; or its tokens changed while HubSpot was asked."""


async def note_uninstall(
    event: Event[AppUninstalled], *, app_id: int, checks: GrantCheckStore, clock: Clock
) -> GrantCheck | None:
    """Store a hint that an account uninstalled the app; none if there is nothing to ask about."""
    hint = event.data
    check = GrantCheck(
        id=event.id,
        portal_id=hint.portal_id,
        reason="app_uninstalled",
        due_at=clock.now(),
        traceparent=tracing.current_traceparent(),
    )
    if hint.app_id not in {None, app_id}:
        _tell_ignored(hint.portal_id, "another_app")
        return None
    if not await checks.raise_doubt(check):
        _tell_ignored(hint.portal_id, "not_connected")
        return None
    return check


async def note_refused_token(
    portal_id: int, *, checks: GrantCheckStore, clock: Clock, check_soon: Callable[[], None]
) -> None:
    """Store a hint that HubSpot refused an account's access token: the account may have left without a word."""
    check = GrantCheck(
        id=f"token_refused:{portal_id}",
        portal_id=portal_id,
        reason="grant_revoked",
        due_at=clock.now(),
        traceparent=tracing.current_traceparent(),
    )
    if await checks.raise_doubt(check):
        check_soon()


async def check_grants(
    *,
    checks: GrantCheckStore,
    installations: InstallationStore,
    tokens: TokenServer,
    sealer: TokenSealer,
    clock: Clock,
    randomness: Randomness,
) -> bool:
    """Ask HubSpot about every account in doubt whose time has come; true when more may wait."""
    due = await checks.due(clock.now(), BATCH)
    async with asyncio.TaskGroup() as asking:
        for check in due:
            # A task keeps the trace it was made under.
            with tracing.work(check.traceparent, randomness, "check grant"):
                asking.create_task(
                    _settle(
                        check, checks=checks, installations=installations, tokens=tokens, sealer=sealer, clock=clock
                    )
                )
    return len(due) == BATCH


async def judge_grant(
    installation: Installation,
    reason: EndReason,
    *,
    installations: InstallationStore,
    tokens: TokenServer,
    sealer: TokenSealer,
    clock: Clock,
) -> Verdict:
    """Ask HubSpot whether a connected account's refresh token lives, and end the installation if it does not.

    Raises:
        HubSpotAwayError, AppRejectedError, SealError: that could not be learned; nothing is changed.
    """
    if await _lives(installation, tokens, sealer):
        return "alive"
    ended = await deactivate(installation, reason, installations=installations, clock=clock)
    return "changed" if ended is None else "ended"


async def _lives(installation: Installation, tokens: TokenServer, sealer: TokenSealer) -> bool:
    refresh_token = open_token(installation, "refresh_token", sealer)
    try:
        return (await tokens.introspect(refresh_token, "refresh_token")).active
    except GrantRevokedError:
        return False


async def _settle(
    check: GrantCheck,
    *,
    checks: GrantCheckStore,
    installations: InstallationStore,
    tokens: TokenServer,
    sealer: TokenSealer,
    clock: Clock,
) -> None:
    """Settle one doubt, or postpone it while HubSpot cannot be asked."""
    installation = await installations.get(check.portal_id)
    if installation is None or installation.status != "active":
        await checks.settle(check)
        return
    try:
        verdict = await judge_grant(
            installation, check.reason, installations=installations, tokens=tokens, sealer=sealer, clock=clock
        )
    except (HubSpotError, SealError) as error:
        LOG.warning("uninstall.postponed", portal_id=check.portal_id, error=type(error).__name__)
        await checks.postpone(_later(check, error, clock))
        return
    if verdict == "alive":
        _tell_ignored(check.portal_id, "grant_lives")
    if verdict != "changed":
        await checks.settle(check)


def _later(check: GrantCheck, error: Exception, clock: Clock) -> GrantCheck:
    pause = min(2.0**check.attempts, LONGEST_PAUSE_SECONDS)
    if isinstance(error, HubSpotAwayError) and error.retry_after_seconds is not None:
        pause = max(pause, error.retry_after_seconds)
    return replace(check, due_at=clock.now() + timedelta(seconds=pause), attempts=check.attempts + 1)


def _tell_ignored(portal_id: int, reason: str) -> None:
    LOG.info("uninstall.ignored", portal_id=portal_id, reason=reason, trace_id=tracing.current_trace_id())
