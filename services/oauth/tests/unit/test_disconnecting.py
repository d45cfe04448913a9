"""Disconnecting: inactive at once, HubSpot told step by step, and a reconnect that nothing reaches afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from chassis.clock import ManualClock
from contracts.envelope import Event
from contracts.tenants import AppUninstalled, TenantUninstalled
from contracts.topics import APP_UNINSTALLED
from oauth.adapters.in_memory import InMemoryHubSpot, InMemoryInstallations, InMemoryLeaseStore
from oauth.adapters.sealing import AesGcmSealer
from oauth.errors import AccessTokenRefusedError, AccountNotFoundError, HubSpotAwayError, RevisionMovedError
from oauth.handlers.departing import STEP_TIME, Departures, departure_lease
from oauth.handlers.disconnecting import disconnect
from oauth.handlers.grant_checks import note_uninstall
from oauth.handlers.leases import PATIENCE_SECONDS, Leases
from oauth.handlers.sealing import open_token
from oauth.models import Departure, Installation, Project, Session

PORTAL = 62515

Connect = Callable[..., Awaitable[Installation]]
Disconnect = Callable[[Installation], Awaitable[Installation]]
Process = Callable[[str], Departures]


class DyingInstallations(InMemoryInstallations):
    """A store whose process dies at one of its writes.

    Attributes:
        dies_in: how many more departures are recorded before that; none for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dies_in: int | None = None

    async def move_departure(self, installation: Installation, departure: Departure | None) -> bool:
        """Record it, or die."""
        if self.dies_in == 0:
            self.dies_in = None
            raise RuntimeError("killed")
        self.dies_in = None if self.dies_in is None else self.dies_in - 1
        return await super().move_departure(installation, departure)


@pytest.fixture
def installations() -> DyingInstallations:
    """Installations that can be killed with their process."""
    return DyingInstallations()


@pytest.fixture
def woken() -> list[str]:
    """How often the worker was woken."""
    return []


@pytest.fixture
def end(ada_session: Session, installations: InMemoryInstallations, clock: ManualClock, woken: list[str]) -> Disconnect:
    """Ada disconnects an account as she sees it."""

    async def end(seen: Installation) -> Installation:
        return await disconnect(
            ada_session,
            seen.project_id,
            seen.portal_id,
            seen.revision,
            installations=installations,
            clock=clock,
            depart_soon=lambda: woken.append("departures"),
        )

    return end


@pytest.fixture
def process(
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    leases: InMemoryLeaseStore,
    sealer: AesGcmSealer,
    clock: ManualClock,
) -> Process:
    """A process that tells HubSpot of disconnects."""

    def start(name: str) -> Departures:
        return Departures(installations, hubspot, sealer, Leases(leases, clock=clock, holder=name), clock)

    return start


async def now(installations: InMemoryInstallations) -> Installation:
    """The installation as it is."""
    found = await installations.get(PORTAL)
    assert found is not None
    return found


async def told(installations: InMemoryInstallations) -> list[object]:
    """What the pending events say."""
    return [event.data for pending in await installations.pending(10) for event in pending.events]


async def test_a_disconnect_is_one_write_and_one_event(
    connect: Connect, end: Disconnect, installations: InMemoryInstallations, acme: Project, woken: list[str]
) -> None:
    """The account is inactive at once, its tokens are out of reach of all but the departure, and one event tells."""
    active = await connect(acme)
    ended = await end(active)

    assert ended == await now(installations)
    assert ("inactive", None) == (ended.status, ended.tokens)
    assert ended.departure is not None
    assert active.tokens == ended.departure.tokens
    event = (await told(installations))[-1]
    assert isinstance(event, TenantUninstalled)
    assert ("disconnected", ended.revision) == (event.reason, event.revision)
    assert ["departures"] == woken


async def test_a_disconnect_happens_once(
    connect: Connect, end: Disconnect, installations: InMemoryInstallations, acme: Project
) -> None:
    """Disconnecting again, or at the same time, changes nothing and tells nothing more."""
    active = await connect(acme)
    await asyncio.gather(*(end(active) for _ in range(5)))
    ended = await now(installations)
    await end(active)

    assert ended == await now(installations)
    assert 2 == len(await told(installations))


async def test_a_disconnect_of_something_changed_is_refused(
    connect: Connect, end: Disconnect, installations: InMemoryInstallations, acme: Project
) -> None:
    """Who was asked about an older revision did not mean this one."""
    seen = await connect(acme)
    await connect(acme)

    with pytest.raises(RevisionMovedError):
        await end(seen)

    assert "active" == (await now(installations)).status


async def test_only_the_projects_own_users_disconnect(
    connect: Connect, bob_session: Session, installations: InMemoryInstallations, clock: ManualClock, acme: Project
) -> None:
    """A session without rights on the project, or that names another project of its own, finds no account."""
    seen = await connect(acme)

    for project_id in (acme.id, "p-globex"):
        with pytest.raises(AccountNotFoundError):
            await disconnect(
                bob_session,
                project_id,
                PORTAL,
                seen.revision,
                installations=installations,
                clock=clock,
                depart_soon=lambda: None,
            )


async def test_hubspot_is_told_and_then_nothing_is_left(
    connect: Connect,
    end: Disconnect,
    process: Process,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    acme: Project,
) -> None:
    """Uninstall, revoke, erase: afterwards HubSpot knows no token of the account, and neither do we."""
    await end(await connect(acme))
    await process("one").step()

    ended = await now(installations)
    assert (None, None, "disconnected") == (ended.tokens, ended.departure, ended.ended and ended.ended.reason)
    assert (1, 1, 0) == tuple(hubspot.calls[call] for call in ("uninstall", "revoke", "refresh"))
    assert not hubspot.secrets()
    assert {} == dict(await installations.count_by_key())
    assert 2 == len(await told(installations))


async def test_an_old_access_token_is_refreshed_first(
    connect: Connect, end: Disconnect, process: Process, hubspot: InMemoryHubSpot, clock: ManualClock, acme: Project
) -> None:
    """The uninstall call is made with a fresh token."""
    active = await connect(acme)
    clock.advance(3600)
    await end(active)
    await process("one").step()

    assert (1, 1) == (hubspot.calls["refresh"], hubspot.calls["uninstall"])
    assert not hubspot.secrets()


async def test_a_token_that_is_not_taken_is_replaced(
    connect: Connect,
    end: Disconnect,
    process: Process,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """When HubSpot does not take the access token, the next try begins with a fresh one."""
    await end(await connect(acme))
    hubspot.troubles.append(AccessTokenRefusedError("EXPIRED_AUTHENTICATION"))
    await process("one").step()
    clock.advance(2)
    await process("one").step()

    assert (1, 2) == (hubspot.calls["refresh"], hubspot.calls["uninstall"])
    assert (await now(installations)).departure is None


async def test_an_account_that_left_by_itself_is_done(
    connect: Connect,
    end: Disconnect,
    process: Process,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """Once HubSpot calls the grant revoked there is nothing left to say, and everything is erased."""
    active = await connect(acme)
    clock.advance(3600)
    await end(active)
    hubspot.leave(PORTAL)
    await process("one").step()

    assert 0 == hubspot.calls["uninstall"]
    assert (await now(installations)).departure is None


@pytest.mark.parametrize("point", [0, 1, 2])
async def test_another_process_goes_on_where_one_died(
    connect: Connect,
    end: Disconnect,
    process: Process,
    hubspot: InMemoryHubSpot,
    installations: DyingInstallations,
    clock: ManualClock,
    acme: Project,
    point: int,
) -> None:
    """A process that dies right before it records a step is followed by another, and everything is done."""
    await end(await connect(acme))
    installations.dies_in = point
    with pytest.raises(ExceptionGroup):
        await process("one").step()
    assert (await now(installations)).departure is not None
    two = process("two")
    await two.step()
    clock.advance(2)  # an uninstall that was done and not recorded shows when the token is refreshed
    await two.step()

    assert (await now(installations)).departure is None
    assert not hubspot.secrets()


async def test_a_process_that_hangs_is_replaced(
    connect: Connect,
    end: Disconnect,
    process: Process,
    installations: InMemoryInstallations,
    leases: InMemoryLeaseStore,
    clock: ManualClock,
    acme: Project,
) -> None:
    """A process that took the account's lease and shows no more life is waited for, and then followed."""
    await end(await connect(acme))
    await leases.take(departure_lease(PORTAL), "hangs", replacing=None)
    two = process("two")
    await two.step()
    assert (await now(installations)).departure is not None
    clock.advance(PATIENCE_SECONDS)
    await two.step()

    assert (await now(installations)).departure is None


async def test_hubspot_is_told_for_a_day_and_no_longer(
    connect: Connect,
    end: Disconnect,
    process: Process,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """While HubSpot is away a step is repeated with growing pauses; a day later the next one follows, then the end."""
    await end(await connect(acme))
    one, tries = process("one"), 0
    hubspot.troubles = [HubSpotAwayError("x") for _ in range(2000)]
    while clock.now() - (await now(installations)).ended.at < STEP_TIME:  # type: ignore[union-attr]  # it has ended
        await one.step()
        tries += 1
        clock.advance(60)
    assert 200 < hubspot.calls["uninstall"] + hubspot.calls["refresh"] < 500
    assert 0 == hubspot.calls["revoke"]
    hubspot.troubles = []
    clock.advance(300)
    await one.step()

    assert 1 == hubspot.calls["revoke"]
    assert (await now(installations)).departure is None


async def test_hubspot_says_when_to_come_again(
    connect: Connect,
    end: Disconnect,
    process: Process,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """A time that HubSpot asks to wait is waited out."""
    await end(await connect(acme))
    hubspot.troubles.append(HubSpotAwayError("x", retry_after_seconds=90))
    await process("one").step()
    departure = (await now(installations)).departure

    assert departure is not None
    assert clock.now() + timedelta(seconds=90) == departure.due_at


async def test_the_notice_of_our_own_uninstall_changes_nothing(
    connect: Connect,
    end: Disconnect,
    process: Process,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """HubSpot's notice of what we did ourselves finds an account that ended already."""
    await end(await connect(acme))
    await process("one").step()
    before = await now(installations)
    notice = Event(
        type=APP_UNINSTALLED,
        id="notice",
        source="/webhooks",
        time=clock.now(),
        data=AppUninstalled(portal_id=PORTAL, app_id=7, occurred_at=clock.now()),
    )

    assert await note_uninstall(notice, app_id=7, checks=installations, clock=clock) is None
    assert before == await now(installations)


@pytest.mark.parametrize("same_refresh_token", [False, True])
async def test_nothing_of_the_former_generation_reaches_the_new_one(
    connect: Connect,
    end: Disconnect,
    process: Process,
    hubspot: InMemoryHubSpot,
    installations: InMemoryInstallations,
    sealer: AesGcmSealer,
    clock: ManualClock,
    acme: Project,
    *,
    same_refresh_token: bool,
) -> None:
    """After a reconnect no uninstall and no revocation of the former generation is sent, whatever it waited for."""
    hubspot.same_refresh_token = same_refresh_token
    await end(await connect(acme))
    hubspot.troubles.append(HubSpotAwayError("x"))
    await process("one").step()
    again = await connect(acme)
    clock.advance(3600)
    await process("one").step()

    current = await now(installations)
    assert ("active", 2, None) == (current.status, current.generation, current.departure)
    assert (1, 0) == (hubspot.calls["uninstall"], hubspot.calls["revoke"])
    assert again.tokens == current.tokens
    await hubspot.refresh(open_token(current, "refresh_token", sealer))


async def test_history_outlives_a_disconnect(
    connect: Connect, end: Disconnect, process: Process, installations: InMemoryInstallations, acme: Project
) -> None:
    """Installs and ends of all generations are remembered, with who did them."""
    await end(await connect(acme))
    await process("one").step()
    await connect(acme)
    await connect(acme)

    history = (await installations.of([PORTAL]))[PORTAL]
    assert [("installed", 1), ("ended", 1), ("installed", 2), ("renewed", 2)] == [
        (entry.kind, entry.generation) for entry in history
    ]
    assert ["ada"] * 4 == [entry.by.user_id for entry in history if entry.by is not None]


async def test_a_lease_that_another_has_is_left_alone(
    connect: Connect,
    end: Disconnect,
    process: Process,
    hubspot: InMemoryHubSpot,
    leases: InMemoryLeaseStore,
    acme: Project,
) -> None:
    """While another process, or a reconnect, has the account's lease, nothing is said to HubSpot."""
    await end(await connect(acme))
    await leases.take(departure_lease(PORTAL), "someone", replacing=None)
    await process("one").step()

    assert 0 == hubspot.calls["uninstall"]
