"""HubSpot's journal: every uninstall in it is asked about, whatever happens to us or to our place in it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from chassis.clock import ManualClock
from oauth.adapters.in_memory import (
    InMemoryInstallations,
    InMemoryJournal,
    InMemoryJournalStore,
    InMemoryLeaseStore,
)
from oauth.errors import HubSpotAwayError
from oauth.handlers.journal import KEPT, LEASE, PAGES, RESUBSCRIBE, JournalReader
from oauth.handlers.leases import PATIENCE_SECONDS, Leases
from oauth.models import Installation, JournalEvent, Project

APP = 7
Connect = Callable[..., Awaitable[Installation]]
Process = Callable[[str], JournalReader]


@pytest.fixture
def journal() -> InMemoryJournal:
    """The journal."""
    return InMemoryJournal()


@pytest.fixture
def positions() -> InMemoryJournalStore:
    """How far it was read."""
    return InMemoryJournalStore()


@pytest.fixture
def woken() -> list[str]:
    """Grows whenever doubts are to be settled soon."""
    return []


@pytest.fixture
def process(
    journal: InMemoryJournal,
    positions: InMemoryJournalStore,
    installations: InMemoryInstallations,
    leases: InMemoryLeaseStore,
    clock: ManualClock,
    woken: list[str],
) -> Process:
    """A process that reads."""

    def start(name: str) -> JournalReader:
        return JournalReader(
            journal=journal,
            positions=positions,
            checks=installations,
            leases=Leases(leases, clock=clock, holder=name),
            clock=clock,
            app_id=APP,
            check_soon=lambda: woken.append(name),
        )

    return start


async def doubted(installations: InMemoryInstallations, clock: ManualClock) -> list[int]:
    """Accounts that HubSpot is to be asked about."""
    return sorted(check.portal_id for check in await installations.due(clock.now(), 100))


async def test_uninstalls_are_hints(
    connect: Connect,
    process: Process,
    journal: InMemoryJournal,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
    woken: list[str],
) -> None:
    """An uninstall of our app raises a doubt about a connected account; other apps and strangers raise none."""
    for portal_id in (1, 2, 3):
        await connect(acme, portal_id)
    journal.tell(JournalEvent(1, APP, clock.now()), JournalEvent(2, None, clock.now()))
    journal.tell(JournalEvent(3, APP + 1, clock.now()), JournalEvent(99, APP, clock.now()))

    assert not await process("one").step()
    assert [1, 2] == await doubted(installations, clock)
    assert 2 == len(woken)


async def test_a_page_is_read_once(
    connect: Connect,
    process: Process,
    journal: InMemoryJournal,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """What was read is not read again, by this process or by another; what is new is."""
    await connect(acme, 1)
    journal.tell(JournalEvent(1, APP, clock.now()))
    await process("one").step()
    (check,) = await installations.due(clock.now(), 10)
    await installations.settle(check)
    await process("two").step()
    assert [] == await doubted(installations, clock)

    journal.tell(JournalEvent(1, APP, clock.now()))
    await process("two").step()
    assert [1] == await doubted(installations, clock)


async def test_a_long_journal_is_read_in_rounds(process: Process, journal: InMemoryJournal) -> None:
    """A round reads some pages and says that more wait."""
    for _ in range(PAGES + 1):
        journal.tell()

    assert await process("one").step()
    assert not await process("one").step()


async def test_one_process_reads_at_a_time(
    process: Process, journal: InMemoryJournal, leases: InMemoryLeaseStore, clock: ManualClock
) -> None:
    """While another process reads this one does not; it takes over when the other shows no more life."""
    await leases.take(LEASE, "another", replacing=None)
    two = process("two")
    await two.step()
    assert 0 == journal.subscriptions

    clock.advance(PATIENCE_SECONDS)
    await two.step()
    assert 1 == journal.subscriptions


async def test_the_subscription_is_made_sure_of(process: Process, journal: InMemoryJournal, clock: ManualClock) -> None:
    """It is asked for first, not each time, and again after some hours."""
    one = process("one")
    await one.step()
    await one.step()
    assert 1 == journal.subscriptions

    clock.advance(RESUBSCRIBE.total_seconds())
    await one.step()
    assert 2 == journal.subscriptions


@pytest.mark.parametrize("calls", [0, 1, 2])
async def test_an_absent_journal_loses_nothing(
    connect: Connect,
    process: Process,
    journal: InMemoryJournal,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
    calls: int,
) -> None:
    """When HubSpot fails at any call the next round goes on from there."""
    await connect(acme, 1)
    journal.tell(JournalEvent(1, APP, clock.now()))
    one = process("one")
    journal.troubles = [HubSpotAwayError("x")] * (calls + 1)
    for _ in range(calls + 2):
        await one.step()

    assert [1] == await doubted(installations, clock)


async def test_a_lost_offset_asks_about_everyone(
    connect: Connect,
    process: Process,
    journal: InMemoryJournal,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """When HubSpot no longer knows our place every connected account is asked about, and reading begins anew."""
    for portal_id in (1, 2):
        await connect(acme, portal_id)
    journal.tell()
    one = process("one")
    await one.step()
    journal.pages.clear()

    assert await one.step()
    assert [1, 2] == await doubted(installations, clock)
    assert not await one.step()


async def test_three_days_of_silence_ask_about_everyone(
    connect: Connect,
    process: Process,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """When we were away for longer than HubSpot keeps pages, what happened meanwhile is asked about."""
    await connect(acme, 1)
    one = process("one")
    await one.step()
    clock.advance((KEPT - timedelta(seconds=1)).total_seconds())
    await one.step()
    assert [] == await doubted(installations, clock)

    clock.advance(KEPT.total_seconds())
    await one.step()
    assert [1] == await doubted(installations, clock)


async def test_an_unreadable_page_asks_about_everyone(
    connect: Connect,
    process: Process,
    journal: InMemoryJournal,
    installations: InMemoryInstallations,
    clock: ManualClock,
    acme: Project,
) -> None:
    """A page that cannot be read may have named anyone, and is passed over."""
    await connect(acme, 1)
    journal.tell(complete=False)
    journal.tell()
    await process("one").step()

    assert [1] == await doubted(installations, clock)
