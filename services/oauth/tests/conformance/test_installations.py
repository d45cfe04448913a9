"""What every store of installations does, with its outbox and its doubts."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.outbox import Outbox
from contracts.envelope import Event
from contracts.tenants import TenantInstalled, TenantSettings, TenantSnapshot
from contracts.topics import TENANT_INSTALLED
from oauth.models import (
    Actor,
    Departure,
    Ended,
    GrantCheck,
    HistoryEntry,
    HistoryKind,
    Installation,
    Sealed,
    SealedTokens,
)
from oauth.ports import GrantCheckStore, InstallationStore
from oauth.workers import RoundOutbox

NOW = datetime(2026, 11, 22, 12, 30, 15, 250_000, tzinfo=UTC)


def tokens(label: str) -> SealedTokens:
    """Sealed tokens that can be told apart."""
    return SealedTokens(
        Sealed("k1", bytes(12), f"access {label}".encode()), Sealed("k1", bytes(12), b"\x00\xff refresh"), NOW
    )


def installation(portal_id: int = 62515, revision: int = 1_790_000_000_000, **changes: object) -> Installation:
    """An installation as it might lie there."""
    usual = Installation(
        portal_id=portal_id,
        project_id="p-acme",
        chert_tenant="acme",
        status="active",
        generation=1,
        revision=revision,
        scopes=("oauth", "automation"),
        settings=TenantSettings(label="Sales", default_region="DE"),
        installed_at=NOW,
        token_version=1,
        tokens=tokens("one"),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # a test names the members it changes


def told(about: Installation, at: datetime = NOW) -> Event[TenantSnapshot]:
    """The event that tells of an installation."""
    return Event(
        type=TENANT_INSTALLED,
        id=f"tenant.installed:{about.portal_id}:{about.revision}",
        source="/oauth",
        time=at,
        data=TenantInstalled(**dict(about.snapshot())),
    )


def remembering(about: Installation, kind: HistoryKind = "renewed") -> HistoryEntry:
    """The entry that remembers an installation as it was written."""
    return HistoryEntry(kind, NOW, about.revision, about.generation, about.project_id, by=Actor("ada", "Ada"))


async def written(
    store: InstallationStore,
    new: Installation,
    replacing: Installation | None = None,
    at: datetime = NOW,
    entry: HistoryEntry | None = None,
) -> bool:
    """Record an installation with event and entry, the account's first or in place of another; whether it was."""
    remembered = entry or remembering(new)
    if replacing is None:
        return await store.record_first(new, told(new, at), remembered) is None
    return await store.record(new, told(new, at), remembered, replacing=replacing)


async def pending_ids(outbox: Outbox) -> list[str]:
    """Ids of all pending events, as the relay would publish them."""
    return [event.id for pending in await outbox.pending(100) for event in pending.events]


def doubt(portal_id: int = 62515, name: str = "hint", at: datetime = NOW) -> GrantCheck:
    """A doubt about an account."""
    return GrantCheck(name, portal_id, "app_uninstalled", at, traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01")


@pytest.mark.parametrize(
    "one",
    [
        installation(),
        installation(portal_id=2**53 - 1, revision=2**53 - 1),
        installation(status="inactive", tokens=None, ended=Ended("grant_revoked", NOW), scopes=()),
        installation(
            seal_version=4,
            departure=Departure("revoke", tokens("departing"), NOW, NOW + timedelta(seconds=1), attempts=3),
        ),
    ],
)
async def test_what_was_recorded_is_got(installations: InstallationStore, outbox: Outbox, one: Installation) -> None:
    """An installation comes back as it was, with every member, and its event is pending as it was."""
    assert await written(installations, one)

    assert one == await installations.get(one.portal_id)
    (pending,) = await outbox.pending(10)
    assert (str(one.portal_id), (told(one),)) == (pending.document_id, pending.events)


async def test_an_unknown_account_is_none(installations: InstallationStore) -> None:
    """An account that never connected has no installation."""
    assert await installations.get(1) is None


async def test_a_first_install_happens_once(installations: InstallationStore, outbox: Outbox) -> None:
    """Of many first installs of one account at once exactly one is written, with its one event."""
    candidates = [installation(revision=revision) for revision in range(1, 21)]
    results = await asyncio.gather(*(written(installations, one) for one in candidates))

    assert 1 == sum(results)
    winner = candidates[results.index(True)]
    assert winner == await installations.get(winner.portal_id)
    assert [told(winner).id] == await pending_ids(outbox)


async def test_a_known_account_is_got_instead_of_written(installations: InstallationStore, outbox: Outbox) -> None:
    """A first install of an account that is known, in whatever state, writes nothing and says what lies there."""
    ended = installation(status="inactive", tokens=None, ended=Ended("disconnected", NOW))
    await written(installations, ended)
    again = replace(installation(), revision=ended.revision + 1)

    assert ended == await installations.record_first(again, told(again), remembering(again))
    assert ended == await installations.get(ended.portal_id)
    assert [told(ended).id] == await pending_ids(outbox)


async def test_a_change_wins_only_over_what_it_replaces(installations: InstallationStore, outbox: Outbox) -> None:
    """Of many changes of one installation at once exactly one is written, with its one event."""
    first = installation()
    await written(installations, first)
    candidates = [replace(first, revision=first.revision + number) for number in range(1, 21)]
    results = await asyncio.gather(*(written(installations, one, first) for one in candidates))

    assert 1 == sum(results)
    winner = candidates[results.index(True)]
    assert winner == await installations.get(first.portal_id)
    assert [told(first).id, told(winner).id] == await pending_ids(outbox)


@pytest.mark.parametrize("change", [{"revision": 5}, {"token_version": 9}, {"seal_version": 3}])
async def test_a_change_of_something_older_is_not_written(
    installations: InstallationStore, outbox: Outbox, change: dict[str, int]
) -> None:
    """If any version moved since the installation was read, nothing is written, no event either."""
    first = installation()
    await written(installations, first)
    read = replace(first, **change)

    assert not await written(installations, replace(read, revision=first.revision + 1), read)
    assert not await installations.reseal(replace(read, tokens=tokens("sealed anew")), replacing=read)
    assert first == await installations.get(first.portal_id)
    assert [told(first).id] == await pending_ids(outbox)


async def test_nothing_is_written_over_nothing(installations: InstallationStore, outbox: Outbox) -> None:
    """A change of an installation that is not there is not written."""
    assert not await written(installations, installation(revision=2), installation(revision=1))
    assert not await installations.rotate_tokens(installation(), tokens("x"))
    assert [] == await pending_ids(outbox)


async def test_rotated_tokens_change_nothing_else(installations: InstallationStore, outbox: Outbox) -> None:
    """New tokens raise the token version by one, and neither the revision nor an event moves."""
    first = installation()
    await written(installations, first)
    assert await installations.rotate_tokens(first, tokens("two"))

    assert replace(first, tokens=tokens("two"), token_version=2) == await installations.get(first.portal_id)
    assert [told(first).id] == await pending_ids(outbox)


async def test_only_newer_tokens_keep_tokens_out(installations: InstallationStore) -> None:
    """Fresh tokens are kept although revision or seal version moved, but never over tokens that came meanwhile."""
    first = installation()
    await written(installations, first)
    elsewhere = replace(first, revision=5, seal_version=8)
    assert await installations.rotate_tokens(elsewhere, tokens("two"))

    assert not await installations.rotate_tokens(first, tokens("stale"))
    found = await installations.get(first.portal_id)
    assert found is not None
    assert tokens("two") == found.tokens


async def test_tokens_rotate_once(installations: InstallationStore) -> None:
    """Of many rotations from the same reading exactly one is written."""
    first = installation()
    await written(installations, first)
    results = await asyncio.gather(*(installations.rotate_tokens(first, tokens(str(number))) for number in range(20)))

    assert 1 == sum(results)


async def test_erased_tokens_are_gone(installations: InstallationStore) -> None:
    """An installation written without tokens has none left."""
    first = installation()
    await written(installations, first)
    ended = replace(first, status="inactive", revision=first.revision + 1, tokens=None, token_version=2)
    await written(installations, ended, first)

    found = await installations.get(first.portal_id)
    assert found is not None
    assert found.tokens is None


async def test_projects_have_their_accounts(installations: InstallationStore) -> None:
    """The accounts of the named projects come by account id, active or not, and no others."""
    for one in (
        installation(3),
        installation(1, status="inactive"),
        installation(2, project_id="p-globex"),
        installation(4, project_id="p-others"),
    ):
        await written(installations, one)

    async def of(*project_ids: str) -> list[int]:
        return [one.portal_id for one in await installations.of_projects(project_ids)]

    assert [1, 3] == await of("p-acme")
    assert [1, 2, 3] == await of("p-acme", "p-globex")
    assert [] == await of()


async def test_published_events_are_removed_and_others_stay(installations: InstallationStore, outbox: Outbox) -> None:
    """Removing the published events leaves those that were written meanwhile, in order."""
    versions: list[Installation] = [installation()]
    await written(installations, versions[0])
    for _ in range(3):
        versions.append(replace(versions[-1], revision=versions[-1].revision + 1))
        await written(installations, versions[-1], versions[-2])
    ids = [told(one).id for one in versions]
    await outbox.remove(str(versions[0].portal_id), ids[:2])
    assert ids[2:] == await pending_ids(outbox)

    await outbox.remove(str(versions[0].portal_id), ids[2:])
    assert not await outbox.pending(10)
    assert versions[-1] == await installations.get(versions[0].portal_id)


async def test_removing_what_is_gone_does_nothing(installations: InstallationStore, outbox: Outbox) -> None:
    """Removing twice, or something unknown, changes nothing."""
    one = installation()
    await written(installations, one)
    await outbox.remove(str(one.portal_id), ["unknown"])
    await outbox.remove("1", ["unknown"])
    assert [told(one).id] == await pending_ids(outbox)

    for _ in range(2):
        await outbox.remove(str(one.portal_id), [told(one).id])
    assert not await outbox.pending(10)


async def test_a_round_is_forgotten_but_not_what_came_meanwhile(
    installations: InstallationStore, outbox: RoundOutbox
) -> None:
    """Forgetting a round leaves what was written after it was read, and what another has forgotten stays forgotten."""
    ones = [installation(portal_id) for portal_id in (1, 2, 3)]
    for one in ones:
        await written(installations, one)
    again = replace(ones[0], revision=ones[0].revision + 1)
    await written(installations, again, ones[0])
    published = await outbox.pending(10)
    later = replace(ones[1], revision=ones[1].revision + 1)
    await written(installations, later, ones[1])
    await outbox.remove("3", [told(ones[2]).id])
    newer = replace(ones[2], revision=ones[2].revision + 1)
    await written(installations, newer, ones[2])

    await outbox.forget(published)

    assert {told(later).id, told(newer).id} == set(await pending_ids(outbox))
    await outbox.forget(await outbox.pending(10))
    assert not await outbox.pending(10)
    assert [again, later, newer] == [await installations.get(portal_id) for portal_id in (1, 2, 3)]


async def test_the_longest_waiting_comes_first(installations: InstallationStore, outbox: Outbox) -> None:
    """Documents come by their oldest pending event, and no more than asked for."""
    for portal_id, minutes in ((1, 2), (2, 0), (3, 1)):
        await written(installations, installation(portal_id), at=NOW + timedelta(minutes=minutes))
    second = installation(2)
    await written(installations, replace(second, revision=second.revision + 1), second, at=NOW + timedelta(minutes=9))

    def documents(found: Sequence[object]) -> list[str]:
        return [pending.document_id for pending in found]  # type: ignore[attr-defined]  # pending events

    assert ["2", "3", "1"] == documents(await outbox.pending(10))
    assert ["2"] == documents(await outbox.pending(1))


async def test_a_doubt_is_due_until_it_is_settled(installations: InstallationStore, checks: GrantCheckStore) -> None:
    """A doubt about a connected account comes when it is due, and goes when it is settled."""
    await written(installations, installation())
    assert await checks.raise_doubt(doubt())
    assert [] == list(await checks.due(NOW - timedelta(seconds=1), 10))
    assert [doubt()] == list(await checks.due(NOW, 10))

    await checks.settle(doubt())
    assert [] == list(await checks.due(NOW, 10))


async def test_only_connected_accounts_are_doubted(installations: InstallationStore, checks: GrantCheckStore) -> None:
    """No doubt is raised about an account that is unknown or no longer connected."""
    await written(installations, installation(1, status="inactive", tokens=None))

    assert not await checks.raise_doubt(doubt(1))
    assert not await checks.raise_doubt(doubt(2))
    assert [] == list(await checks.due(NOW, 10))


async def test_a_newer_doubt_is_left_alone(installations: InstallationStore, checks: GrantCheckStore) -> None:
    """Settling or postponing an older doubt does not touch the newer one that took its place."""
    await written(installations, installation())
    await checks.raise_doubt(doubt(name="older"))
    await checks.raise_doubt(doubt(name="newer"))
    await checks.settle(doubt(name="older"))
    await checks.postpone(replace(doubt(name="older"), due_at=NOW + timedelta(days=1), attempts=3))

    assert [doubt(name="newer")] == list(await checks.due(NOW, 10))


async def test_a_postponed_doubt_comes_later(installations: InstallationStore, checks: GrantCheckStore) -> None:
    """A postponed doubt is due at its new time, with its attempts; the oldest come first, within the limit."""
    for portal_id in (1, 2, 3):
        await written(installations, installation(portal_id))
        await checks.raise_doubt(doubt(portal_id, at=NOW + timedelta(seconds=portal_id)))
    later = replace(doubt(1), due_at=NOW + timedelta(minutes=1), attempts=2)
    await checks.postpone(later)

    assert [2, 3] == [check.portal_id for check in await checks.due(NOW + timedelta(seconds=5), 10)]
    assert [2] == [check.portal_id for check in await checks.due(NOW + timedelta(hours=1), 1)]
    assert later == (await checks.due(NOW + timedelta(hours=1), 10))[-1]


async def test_a_doubt_outlives_other_changes(installations: InstallationStore, checks: GrantCheckStore) -> None:
    """A reinstall or a refresh does not take a doubt away: only HubSpot's answer does."""
    first = installation()
    await written(installations, first)
    await checks.raise_doubt(doubt())
    await written(installations, replace(first, revision=first.revision + 1), first)

    assert [doubt()] == list(await checks.due(NOW, 10))


def departing(portal_id: int, due_at: datetime = NOW) -> Installation:
    """An installation that HubSpot is still to be told about."""
    departure = Departure("uninstall", tokens("departing"), step_began_at=NOW, due_at=due_at)
    return installation(portal_id, status="inactive", tokens=None, departure=departure)


async def test_departures_are_due_in_order(installations: InstallationStore) -> None:
    """Those whose time has come, the oldest first, within the limit, and nobody else."""
    for one in (
        installation(1),
        departing(2, NOW + timedelta(seconds=2)),
        departing(3),
        departing(4, NOW + timedelta(days=1)),
    ):
        await written(installations, one)

    async def due(limit: int) -> list[int]:
        found = await installations.departing(NOW + timedelta(seconds=5), limit)
        return [one.portal_id for one in found]

    assert [3, 2] == await due(10)
    assert [3] == await due(1)


async def test_a_departure_moves_once(installations: InstallationStore, outbox: Outbox) -> None:
    """Of many who record a departure's step one does; revision and events stay, and the end leaves no token."""
    first = departing(1)
    await written(installations, first)
    assert first.departure is not None
    later = replace(first.departure, attempts=1)
    results = await asyncio.gather(*(installations.move_departure(first, later) for _ in range(10)))
    moved = await installations.get(1)
    assert moved is not None
    assert 1 == sum(results)
    assert (later, first.revision) == (moved.departure, moved.revision)

    assert await installations.move_departure(moved, None)
    over = await installations.get(1)
    assert over is not None
    assert over.departure is None
    assert {} == dict(await installations.count_by_key())
    assert [told(first).id] == await pending_ids(outbox)


async def test_a_departure_of_another_generation_does_not_move(installations: InstallationStore) -> None:
    """What was read before a reconnect is not recorded after it."""
    first = departing(1)
    await written(installations, first)
    again = installation(1, revision=first.revision + 1, generation=2, token_version=2)
    await written(installations, again, first)

    assert not await installations.move_departure(first, None)
    assert again == await installations.get(1)


async def test_sealed_tokens_are_counted_and_found_by_key(installations: InstallationStore) -> None:
    """Every sealed token counts under its key, departing ones too; whatever is under a key is found by it."""
    old = SealedTokens(Sealed("k0", bytes(12), b"a"), Sealed("k1", bytes(12), b"r"), NOW)
    await written(installations, installation(1))
    await written(installations, installation(2, tokens=old))
    await written(installations, departing(3))
    await written(installations, installation(4, status="inactive", tokens=None))

    assert {"k0": 1, "k1": 5} == dict(await installations.count_by_key())
    assert [2] == [one.portal_id for one in await installations.sealed_under(["k0"], 10)]
    assert [1, 2, 3] == [one.portal_id for one in await installations.sealed_under(["k0", "k1"], 10)]
    assert [1] == [one.portal_id for one in await installations.sealed_under(["k1"], 1)]
    assert [] == list(await installations.sealed_under(["k9"], 10))


async def test_sealing_anew_changes_no_version_that_others_look_at(installations: InstallationStore) -> None:
    """Tokens and departing tokens are replaced once; revision and token version stay."""
    first = replace(departing(1), tokens=tokens("one"))
    await written(installations, first)
    assert first.departure is not None
    anew = replace(first, tokens=tokens("two"), departure=replace(first.departure, tokens=tokens("three")))
    results = await asyncio.gather(*(installations.reseal(anew, replacing=first) for _ in range(10)))

    assert 1 == sum(results)
    assert replace(anew, seal_version=1) == await installations.get(1)
    assert not await written(installations, replace(first, revision=first.revision + 1), first)


async def test_everyone_is_doubted_but_who_is_already(
    installations: InstallationStore, checks: GrantCheckStore
) -> None:
    """A doubt about all connected accounts is raised where there is none; the others keep theirs."""
    for one in (installation(1), installation(2), installation(3, status="inactive", tokens=None)):
        await written(installations, one)
    await checks.raise_doubt(doubt(2, "older"))

    assert 1 == await checks.raise_doubts("everyone", "app_uninstalled", NOW)
    assert {(1, "everyone"), (2, "older")} == {(one.portal_id, one.id) for one in await checks.due(NOW, 10)}


async def test_accounts_are_paged_by_id(installations: InstallationStore) -> None:
    """A page begins after an id and ends at its limit, connected or not."""
    for one in (installation(3), installation(1), installation(2, status="inactive", tokens=None)):
        await written(installations, one)

    assert [1, 2] == [one.portal_id for one in await installations.page(0, 2)]
    assert [3] == [one.portal_id for one in await installations.page(2, 2)]


async def test_a_pause_is_kept(installations: InstallationStore) -> None:
    """That an operator holds an account's work is read as it was written."""
    paused = installation(1, paused=True)
    await written(installations, paused)

    assert paused == await installations.get(1)


async def test_tombstones_are_told_last_and_only_of_what_was_seen(
    installations: InstallationStore, outbox: RoundOutbox
) -> None:
    """A tombstone follows all that is pending of its account; of an account that moved on, none is told."""
    first = installation(1)
    await written(installations, first)
    tombstone = replace(told(first), id="tombstone", tombstone=True)

    assert await installations.bury(first, [tombstone])
    assert not await installations.bury(replace(first, revision=first.revision - 1), [tombstone])

    (pending,) = await outbox.pending(10)
    assert [(False, told(first).id), (True, "tombstone")] == [(one.tombstone, one.id) for one in pending.events]
    assert [b"1", None] == [pending.events[1].key(), pending.events[1].value()]
