"""Hints that an account has left, and what HubSpot's word makes of them."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest
from pydantic import SecretStr

from chassis import tracing
from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from contracts.envelope import Event
from contracts.tenants import AppUninstalled
from contracts.topics import APP_UNINSTALLED
from oauth.adapters.in_memory import InMemoryHubSpot, InMemoryInstallations
from oauth.adapters.sealing import AesGcmSealer
from oauth.errors import AppRejectedError, GrantRevokedError, HubSpotAwayError
from oauth.handlers.binding import bind
from oauth.handlers.grant_checks import LONGEST_PAUSE_SECONDS, check_grants, note_uninstall
from oauth.models import AccountGrant, GrantCheck, Installation, Project

PORTAL = 62515
APP = 7

Connect = Callable[[int], Awaitable[Installation]]
Hint = Callable[..., Awaitable[GrantCheck | None]]
Check = Callable[[], Awaitable[bool]]


def hint_of(portal_id: int, at: datetime, app_id: int | None = APP) -> Event[AppUninstalled]:
    """What `webhooks` tells."""
    return Event(
        type=APP_UNINSTALLED,
        id=f"app.uninstalled:{portal_id}:{at.isoformat()}",
        source="/webhooks",
        time=at,
        data=AppUninstalled(portal_id=portal_id, app_id=app_id, occurred_at=at),
    )


@pytest.fixture
def connect(
    installations: InMemoryInstallations,
    hubspot: InMemoryHubSpot,
    sealer: AesGcmSealer,
    clock: ManualClock,
    acme: Project,
) -> Connect:
    """Connects an account."""

    async def run(portal_id: int) -> Installation:
        query = hubspot.consent(hubspot.authorize_url("state", None), portal_id)
        grant = await hubspot.exchange_code(SecretStr(query["code"]), None)
        account = AccountGrant(grant.tokens, portal_id, grant.scopes or ())
        return (await bind(account, acme, installations=installations, sealer=sealer, clock=clock)).installation

    return run


@pytest.fixture
def hint(installations: InMemoryInstallations, clock: ManualClock) -> Hint:
    """Hears that an account uninstalled the app."""

    async def run(portal_id: int = PORTAL, app_id: int | None = APP) -> GrantCheck | None:
        return await note_uninstall(
            hint_of(portal_id, clock.now(), app_id), app_id=APP, checks=installations, clock=clock
        )

    return run


@pytest.fixture
def check(
    installations: InMemoryInstallations,
    hubspot: InMemoryHubSpot,
    sealer: AesGcmSealer,
    clock: ManualClock,
    randomness: SeededRandomness,
) -> Check:
    """Runs one round of the worker."""

    async def run() -> bool:
        return await check_grants(
            checks=installations,
            installations=installations,
            tokens=hubspot,
            sealer=sealer,
            clock=clock,
            randomness=randomness,
        )

    return run


async def status_of(installations: InMemoryInstallations, portal_id: int = PORTAL) -> str:
    """Whether an account is connected."""
    installation = await installations.get(portal_id)
    assert installation is not None
    return installation.status


async def test_an_account_that_left_is_ended(
    connect: Connect, hint: Hint, check: Check, hubspot: InMemoryHubSpot, installations: InMemoryInstallations
) -> None:
    """A hint that HubSpot confirms ends the installation with its reason, and the doubt with it."""
    await connect(PORTAL)
    hubspot.leave(PORTAL)
    await hint()
    await check()

    installation = await installations.get(PORTAL)

    assert installation is not None
    assert installation.ended is not None
    assert ("inactive", "app_uninstalled") == (installation.status, installation.ended.reason)
    await check()
    assert 1 == hubspot.calls["introspect refresh_token"]


async def test_a_hint_about_a_grant_that_lives_is_ignored(
    connect: Connect, hint: Hint, check: Check, hubspot: InMemoryHubSpot, installations: InMemoryInstallations
) -> None:
    """A late or false hint changes nothing, and is asked about once."""
    await connect(PORTAL)
    await hint()
    await check()
    await check()

    assert "active" == await status_of(installations)
    assert 1 == hubspot.calls["introspect refresh_token"]


async def test_a_hint_of_the_former_install_does_not_end_the_next(
    connect: Connect, hint: Hint, check: Check, hubspot: InMemoryHubSpot, installations: InMemoryInstallations
) -> None:
    """An account that reconnected before its old uninstall was heard of stays connected."""
    await connect(PORTAL)
    hubspot.leave(PORTAL)
    await connect(PORTAL)
    await hint()
    await check()

    assert "active" == await status_of(installations)


async def test_a_refusal_of_the_refresh_token_counts_as_gone(
    connect: Connect, hint: Hint, check: Check, hubspot: InMemoryHubSpot, installations: InMemoryInstallations
) -> None:
    """`BAD_REFRESH_TOKEN` and `BAD_HUB` on introspection say that the account has left."""
    await connect(PORTAL)
    hubspot.troubles.append(GrantRevokedError("BAD_HUB"))
    await hint()
    await check()

    assert "inactive" == await status_of(installations)


@pytest.mark.parametrize("trouble", [HubSpotAwayError("503"), AppRejectedError("BAD_CLIENT_ID")])
async def test_a_hubspot_that_cannot_say_is_asked_again(
    connect: Connect,
    hint: Hint,
    check: Check,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    clock: ManualClock,
    trouble: Exception,
) -> None:
    """While HubSpot cannot be asked nothing is decided, the hint is kept, and pauses grow to a bound."""
    await connect(PORTAL)
    hubspot.leave(PORTAL)
    await hint()
    hubspot.troubles.extend([trouble] * 12)
    pauses = []
    while hubspot.troubles:
        await check()
        waited = 0
        while not await installations.due(clock.now(), 1):
            clock.advance(1)
            waited += 1
        pauses.append(waited)

    assert "active" == await status_of(installations)
    assert sorted(pauses) == pauses
    assert (1, LONGEST_PAUSE_SECONDS) == (pauses[0], pauses[-1])
    await check()
    assert "inactive" == await status_of(installations)


async def test_hubspots_own_pause_is_obeyed(
    connect: Connect, hint: Hint, check: Check, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """A limit that names a time is asked again after that time."""
    await connect(PORTAL)
    await hint()
    hubspot.troubles.append(HubSpotAwayError("429", retry_after_seconds=90))
    await check()
    clock.advance(89)
    await check()
    assert 1 == hubspot.calls["introspect refresh_token"]

    clock.advance(1)
    await check()
    assert 2 == hubspot.calls["introspect refresh_token"]


async def test_one_accounts_trouble_keeps_no_other_waiting(
    connect: Connect, hint: Hint, check: Check, hubspot: InMemoryHubSpot, installations: InMemoryInstallations
) -> None:
    """Accounts are asked about side by side: one that HubSpot fails on does not hold up the next."""
    for portal_id in (1, 2):
        await connect(portal_id)
        hubspot.leave(portal_id)
        await hint(portal_id)
    hubspot.troubles.append(HubSpotAwayError("503"))
    await check()

    assert ["active", "inactive"] == [await status_of(installations, portal_id) for portal_id in (1, 2)]


async def test_hints_that_concern_nothing_of_ours_are_ignored(
    connect: Connect, hint: Hint, installations: InMemoryInstallations
) -> None:
    """A hint about another app, an unknown account or one that ended raises no doubt."""
    await connect(PORTAL)

    assert await hint(PORTAL, APP + 1) is None
    assert await hint(PORTAL + 1) is None
    assert await hint(PORTAL, None) is not None


async def test_a_newer_hint_survives_the_answer_to_an_older_one(
    connect: Connect, hint: Hint, installations: InMemoryInstallations, clock: ManualClock
) -> None:
    """A hint that comes while HubSpot answers about an earlier one is asked about too."""
    await connect(PORTAL)
    older = await hint()
    assert older is not None
    clock.advance(1)
    await hint()
    await installations.settle(older)

    assert 1 == len(await installations.due(clock.now(), 10))


async def test_what_comes_of_a_hint_is_in_its_trace(
    connect: Connect,
    hint: Hint,
    check: Check,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    randomness: SeededRandomness,
) -> None:
    """The event of an end carries the trace of the hint that led to it, whenever HubSpot confirmed it."""
    await connect(PORTAL)
    hubspot.leave(PORTAL)
    with tracing.work(None, randomness) as here:
        await hint()
    await check()

    (pending,) = await installations.pending(1)

    assert here.trace_id in (pending.events[-1].traceparent or "")
