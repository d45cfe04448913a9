"""What every store of histories does: nothing is missed, doubled or kept for too long, filed or not."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from contracts.envelope import Event
from contracts.tenants import TenantInstalled, TenantSettings
from contracts.topics import TENANT_INSTALLED
from oauth.models import REMEMBERED, Actor, Change, HistoryEntry, HistoryKind, Installation
from oauth.ports import HistoryStore, InstallationStore

NOW = datetime(2026, 11, 22, 12, 30, 15, 250_000, tzinfo=UTC)
FIRST = Installation(
    portal_id=62515,
    project_id="p-acme",
    chert_tenant="acme",
    status="active",
    generation=1,
    revision=1,
    scopes=("oauth",),
    settings=TenantSettings(),
    installed_at=NOW,
    token_version=1,
)


def remembering(revision: int, kind: HistoryKind = "renewed") -> HistoryEntry:
    """An entry with a member of every sort."""
    return HistoryEntry(
        kind,
        NOW + timedelta(minutes=revision),
        revision,
        1,
        "p-acme",
        by=Actor("ada", "Ada"),
        reason="disconnected" if kind == "ended" else None,
        changes=(Change("label", "", str(revision)),) if kind == "settings_changed" else (),
        note="abuse" if kind == "paused" else "",
    )


async def record(store: InstallationStore, entry: HistoryEntry, portal_id: int = FIRST.portal_id) -> None:
    """Write an account's next revision, which this entry remembers."""
    one = replace(FIRST, portal_id=portal_id, revision=entry.revision)
    event = Event(
        type=TENANT_INSTALLED,
        id=f"tenant.installed:{portal_id}:{one.revision}",
        source="/oauth",
        time=NOW,
        data=TenantInstalled(**dict(one.snapshot())),
    )
    former = await store.record_first(one, event, entry)
    assert former is None or await store.record(one, event, entry, replacing=former)


async def history(store: HistoryStore, portal_id: int = FIRST.portal_id) -> tuple[HistoryEntry, ...]:
    """What is remembered of an account."""
    return tuple((await store.of([portal_id]))[portal_id])


async def test_what_was_done_is_remembered(installations: InstallationStore, histories: HistoryStore) -> None:
    """Every entry comes back as it was written, in order, whether it was filed or not."""
    kinds: tuple[HistoryKind, ...] = ("installed", "settings_changed", "paused", "resumed", "ended", "installed")
    entries = tuple(remembering(number, kind) for number, kind in enumerate(kinds, 1))
    for entry in entries:
        await record(installations, entry)
    assert entries == await history(histories)

    await histories.file_one(FIRST.portal_id)
    assert entries == await history(histories)
    await record(installations, remembering(7))
    assert (*entries, remembering(7)) == await history(histories)


async def test_each_account_has_its_own(installations: InstallationStore, histories: HistoryStore) -> None:
    """Of several accounts each gets what was done to it; one that never connected is not there."""
    for portal_id in (1, 2):
        await record(installations, remembering(portal_id), portal_id)

    assert {1: [remembering(1)], 2: [remembering(2)]} == {
        portal_id: list(entries) for portal_id, entries in (await histories.of([1, 2, 3])).items()
    }


async def test_those_that_carry_much_are_filed(installations: InstallationStore, histories: HistoryStore) -> None:
    """Installations with more than ten entries are found, as many as asked for, and each only until it is filed."""
    for portal_id in (1, 2, 3):
        for revision in range(1, 10 + portal_id):
            await record(installations, remembering(revision), portal_id)

    assert 1 == await histories.file(1)
    assert 1 == await histories.file(5)
    assert 0 == await histories.file(5)
    for portal_id in (1, 2, 3):
        assert [*range(1, 10 + portal_id)] == [entry.revision for entry in await history(histories, portal_id)]


async def test_filing_changes_no_installation(installations: InstallationStore, histories: HistoryStore) -> None:
    """Filing is no change: whoever read the installation before may still replace it."""
    await record(installations, remembering(1))
    before = await installations.get(FIRST.portal_id)
    await histories.file_one(FIRST.portal_id)

    assert before == await installations.get(FIRST.portal_id)
    await record(installations, remembering(2))
    assert [1, 2] == [entry.revision for entry in await history(histories)]


async def test_many_may_file_at_once(installations: InstallationStore, histories: HistoryStore) -> None:
    """Processes that file the same account while it changes lose nothing and double nothing."""

    async def change() -> None:
        for revision in range(2, 30):
            await record(installations, remembering(revision))

    async def file() -> None:
        for _ in range(10):
            await histories.file_one(FIRST.portal_id)

    await record(installations, remembering(1))
    await asyncio.gather(change(), file(), file(), file())

    assert [*range(1, 30)] == [entry.revision for entry in await history(histories)]


async def test_many_changes_push_out_their_own_kind(installations: InstallationStore, histories: HistoryStore) -> None:
    """Of each sort the latest are remembered, and what was filed is bounded as what is shown."""
    await record(installations, remembering(1, "installed"))
    for revision in range(2, REMEMBERED + 7):
        await record(installations, remembering(revision, "settings_changed"))
        if revision % 40 == 0:
            await histories.file_one(FIRST.portal_id)

    kept = [1, *range(7, REMEMBERED + 7)]
    assert kept == [entry.revision for entry in await history(histories)]
    await histories.file_one(FIRST.portal_id)
    assert kept == [entry.revision for entry in await history(histories)]


async def test_a_purge_leaves_itself_alone(installations: InstallationStore, histories: HistoryStore) -> None:
    """What was done before a purge is shown no more at once, and lies nowhere once the purge is filed."""
    for revision in range(1, 4):
        await record(installations, remembering(revision))
    await histories.file_one(FIRST.portal_id)
    await record(installations, remembering(4, "purged"))
    assert [remembering(4, "purged")] == [*await history(histories)]

    await histories.file_one(FIRST.portal_id)
    await record(installations, remembering(5, "installed"))
    assert ["purged", "installed"] == [entry.kind for entry in await history(histories)]


async def test_what_never_connected_has_nothing_to_file(histories: HistoryStore) -> None:
    """Filing an account that is not known does nothing."""
    await histories.file_one(1)

    assert {} == await histories.of([1])
