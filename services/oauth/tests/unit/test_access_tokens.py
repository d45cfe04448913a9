"""Giving out access tokens."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from contracts.internal import AccessToken
from harness.waiting import eventually
from oauth.adapters.in_memory import InMemoryHubSpot, InMemoryInstallations, InMemoryLeaseStore
from oauth.adapters.sealing import AesGcmSealer
from oauth.errors import (
    AppRejectedError,
    ContendedError,
    GrantRevokedError,
    HubSpotAwayError,
    TenantInactiveError,
    TenantUnknownError,
)
from oauth.handlers.access_tokens import LEEWAY, POLL_SECONDS, WAIT_SECONDS, AccessTokens
from oauth.handlers.binding import bind, deactivate
from oauth.handlers.leases import PATIENCE_SECONDS, Leases
from oauth.models import AccountGrant, Installation, Project

PORTAL = 62515
LIFETIME = timedelta(seconds=1800)

Process = Callable[[], AccessTokens]


@pytest.fixture
def process(
    installations: InMemoryInstallations,
    hubspot: InMemoryHubSpot,
    sealer: AesGcmSealer,
    leases: InMemoryLeaseStore,
    clock: ManualClock,
    randomness: SeededRandomness,
) -> Process:
    """Starts one more process on the same stores."""

    def start() -> AccessTokens:
        return AccessTokens(
            installations=installations,
            tokens=hubspot,
            sealer=sealer,
            leases=Leases(leases, clock=clock, holder=randomness.uuid()),
            clock=clock,
        )

    return start


@pytest.fixture
def connect(
    installations: InMemoryInstallations,
    hubspot: InMemoryHubSpot,
    sealer: AesGcmSealer,
    clock: ManualClock,
    acme: Project,
) -> Callable[[], Awaitable[Installation]]:
    """Connects the account, or connects it again."""

    async def run() -> Installation:
        code = hubspot.consent(hubspot.authorize_url("state", None), PORTAL)["code"]
        grant = await hubspot.exchange_code(SecretStr(code), None)
        assert grant.portal_id is not None
        assert grant.scopes is not None
        account = AccountGrant(grant.tokens, grant.portal_id, grant.scopes)
        return (await bind(account, acme, installations=installations, sealer=sealer, clock=clock)).installation

    return run


Connect = Callable[[], Awaitable[Installation]]


async def until(condition: Callable[[], bool]) -> None:
    """Let others go on until something is so."""

    async def holds() -> bool:
        return condition()

    await eventually(holds, what="the other tasks", seconds=10)


async def test_a_token_with_a_minute_left_is_given_as_it_is(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """While the token has the leeway left HubSpot is not asked."""
    await connect()
    clock.advance((LIFETIME - LEEWAY).total_seconds())

    given = await process().get(PORTAL)

    assert given.expires_at - clock.now() >= LEEWAY
    assert 1 == given.generation
    assert not hubspot.calls["refresh"]


async def test_a_token_with_less_is_refreshed(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """A second later the token is refreshed, and what is given out is new."""
    await connect()
    tokens = process()
    before = await tokens.get(PORTAL)
    clock.advance((LIFETIME - LEEWAY).total_seconds() + 1)

    after = await tokens.get(PORTAL)

    assert before.access_token != after.access_token
    assert clock.now() + LIFETIME == after.expires_at
    assert 1 == hubspot.calls["refresh"]


async def test_the_refresh_token_that_comes_back_is_kept(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """The second refresh uses the refresh token of the first: HubSpot may rotate it."""
    await connect()
    tokens = process()
    for _ in range(3):
        clock.advance(LIFETIME.total_seconds())
        await tokens.get(PORTAL)

    assert 3 == hubspot.calls["refresh"]


async def test_a_hundred_waiters_cause_one_refresh(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """However many ask for an expired token at once, HubSpot is asked once and all get the same."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    tokens = process()
    hubspot.answering.clear()
    waiters = [asyncio.create_task(tokens.get(PORTAL)) for _ in range(100)]
    await until(lambda: hubspot.calls["refresh"] == 1)
    hubspot.answering.set()

    given = await asyncio.gather(*waiters)

    assert 1 == hubspot.calls["refresh"]
    assert 1 == len({token.access_token for token in given})


async def test_two_processes_cause_one_refresh(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """While one process refreshes, another waits for its result instead of asking HubSpot too."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    hubspot.answering.clear()
    first = asyncio.create_task(process().get(PORTAL))
    await until(lambda: hubspot.calls["refresh"] == 1)
    second = asyncio.create_task(process().get(PORTAL))
    await until(lambda: clock.sleeping == 1)
    hubspot.answering.set()
    refreshed = await first
    clock.advance(POLL_SECONDS)

    assert refreshed == await second
    assert 1 == hubspot.calls["refresh"]


class SlowInstallations(InMemoryInstallations):
    """A store of which the next look takes as long as it is told."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.next_look_seconds = 0.0

    async def get(self, portal_id: int) -> Installation | None:
        """The installation, after that long."""
        self._clock.advance(self.next_look_seconds)
        self.next_look_seconds = 0.0
        return await super().get(portal_id)


class TestOnASlowStore:
    """While the store can hardly keep up."""

    @pytest.fixture
    def installations(self, clock: ManualClock) -> SlowInstallations:
        """Installations that can take their time."""
        return SlowInstallations(clock)

    async def test_a_slow_first_look_leaves_time_for_the_refresh(
        self,
        process: Process,
        connect: Connect,
        hubspot: InMemoryHubSpot,
        installations: SlowInstallations,
        clock: ManualClock,
    ) -> None:
        """However long the first look takes, an expired token is refreshed and not refused."""
        await connect()
        clock.advance(LIFETIME.total_seconds())
        installations.next_look_seconds = WAIT_SECONDS

        given = await process().get(PORTAL)

        assert 1 == hubspot.calls["refresh"]
        assert clock.now() + LIFETIME == given.expires_at


async def test_waiting_for_another_process_has_an_end(
    process: Process, connect: Connect, leases: InMemoryLeaseStore, clock: ManualClock
) -> None:
    """A process that holds the refresh and never ends makes others answer that it is temporary."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    await leases.take(f"refresh:{PORTAL}", "hangs", replacing=None)
    asking = asyncio.create_task(process().get(PORTAL))
    while not asking.done():
        await until(lambda: clock.sleeping == 1 or asking.done())
        clock.advance(WAIT_SECONDS / 4)

    with pytest.raises(ContendedError):
        await asking


async def test_the_refresh_of_a_lost_process_is_taken_over(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, leases: InMemoryLeaseStore, clock: ManualClock
) -> None:
    """A process that died in a refresh holds it up for the patience of a lease, and no longer."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    await leases.take(f"refresh:{PORTAL}", "died", replacing=None)
    tokens = process()
    asking = asyncio.create_task(tokens.get(PORTAL))
    await until(lambda: clock.sleeping == 1)
    clock.advance(PATIENCE_SECONDS)

    with pytest.raises(ContendedError):
        await asking
    assert clock.now() + LIFETIME == (await tokens.get(PORTAL)).expires_at
    assert 1 == hubspot.calls["refresh"]


@pytest.mark.parametrize("trouble", [HubSpotAwayError("503"), AppRejectedError("BAD_CLIENT_SECRET")])
async def test_a_failing_refresh_never_disconnects(
    process: Process,
    connect: Connect,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    clock: ManualClock,
    trouble: Exception,
) -> None:
    """A HubSpot that fails, or that refuses our own configuration, is temporary: the account stays connected."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    tokens = process()
    hubspot.troubles.append(trouble)

    with pytest.raises(type(trouble)):
        await tokens.get(PORTAL)

    installation = await installations.get(PORTAL)
    assert installation is not None
    assert "active" == installation.status
    clock.advance(1)
    assert (await tokens.get(PORTAL)).expires_at > clock.now()


async def test_a_failing_token_route_is_left_alone_for_a_moment(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """After a failure HubSpot is not asked again before the time it named has passed."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    tokens = process()
    hubspot.troubles.append(HubSpotAwayError("429", retry_after_seconds=10))
    for _ in range(5):
        with pytest.raises(HubSpotAwayError):
            await tokens.get(PORTAL)

    assert 1 == hubspot.calls["refresh"]
    clock.advance(10)
    await tokens.get(PORTAL)
    assert 2 == hubspot.calls["refresh"]


async def test_a_revoked_grant_ends_the_installation(
    process: Process,
    connect: Connect,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    clock: ManualClock,
) -> None:
    """A refused refresh token that introspection confirms dead ends the installation, tokens erased."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    hubspot.leave(PORTAL)

    with pytest.raises(TenantInactiveError):
        await process().get(PORTAL)

    installation = await installations.get(PORTAL)
    assert installation is not None
    assert installation.ended is not None
    assert ("inactive", "grant_revoked", None) == (
        installation.status,
        installation.ended.reason,
        installation.tokens,
    )


async def test_a_refresh_refused_for_a_token_that_lives_is_temporary(
    process: Process,
    connect: Connect,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    clock: ManualClock,
) -> None:
    """When HubSpot refuses a refresh token and calls it active in one breath, nobody is disconnected."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    hubspot.troubles.append(GrantRevokedError("BAD_REFRESH_TOKEN"))

    with pytest.raises(HubSpotAwayError):
        await process().get(PORTAL)

    installation = await installations.get(PORTAL)
    assert installation is not None
    assert "active" == installation.status


async def test_a_reinstall_during_a_refresh_wins(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """Tokens refreshed from a grant that was replaced meanwhile are dropped; the new grant's are given."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    hubspot.answering.clear()
    asking = asyncio.create_task(process().get(PORTAL))
    await until(lambda: hubspot.calls["refresh"] == 1)
    refresh_waits, hubspot.answering = hubspot.answering, asyncio.Event()
    hubspot.answering.set()
    await connect()
    refresh_waits.set()

    given = await asking

    assert given.access_token == (await process().get(PORTAL)).access_token


async def test_tokens_that_end_at_once_are_no_answer(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """A refresh that gives a token within the leeway is temporary, and is not repeated in a loop."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    hubspot.lifetime = timedelta(seconds=30)

    with pytest.raises(HubSpotAwayError):
        await process().get(PORTAL)

    assert 1 == hubspot.calls["refresh"]


async def test_accounts_that_are_not_connected_have_no_token(
    process: Process,
    connect: Connect,
    installations: InMemoryInstallations,
    clock: ManualClock,
) -> None:
    """An account that never connected and one that ended are told apart, and get nothing."""
    with pytest.raises(TenantUnknownError):
        await process().get(PORTAL)

    await deactivate(await connect(), "app_uninstalled", installations=installations, clock=clock)

    with pytest.raises(TenantInactiveError):
        await process().get(PORTAL)


async def test_a_waiter_who_gives_up_stops_nobody(
    process: Process, connect: Connect, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """When one of two waiters hangs up, the other still gets its token from the same refresh."""
    await connect()
    clock.advance(LIFETIME.total_seconds())
    tokens = process()
    hubspot.answering.clear()
    impatient = asyncio.create_task(tokens.get(PORTAL))
    patient = asyncio.create_task(tokens.get(PORTAL))
    await until(lambda: hubspot.calls["refresh"] == 1)
    impatient.cancel()
    hubspot.answering.set()

    assert isinstance(await patient, AccessToken)
    assert 1 == hubspot.calls["refresh"]
