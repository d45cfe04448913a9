"""The battery of `TenantStore`."""

import asyncio
import random

import pytest

from actions.adapters.in_memory import InMemoryTenantStore
from actions.adapters.mongo import MongoTenantStore
from actions.ports import TenantStore
from contracts.tenants import TenantSettings, TenantSnapshot, TenantUninstalled


@pytest.fixture
def tenants(backend: str, request: pytest.FixtureRequest) -> TenantStore:
    """A fresh store."""
    if backend == "in memory":
        return InMemoryTenantStore()
    return MongoTenantStore(request.getfixturevalue("mongo_database"))


def snapshot(revision: int, portal_id: int = 62515) -> TenantSnapshot:
    """What was true at a revision."""
    return TenantSnapshot(
        portal_id=portal_id,
        project_id="project-1",
        chert_tenant="acme",
        status="active",
        generation=1,
        revision=revision,
        scopes=("oauth", "automation"),
        settings=TenantSettings(label=f"revision {revision}", phone_line_id="line-1"),
    )


async def test_a_snapshot_is_found_as_it_was(tenants: TenantStore) -> None:
    """Every member of a snapshot survives, and other accounts stay unknown."""
    assert await tenants.apply(snapshot(1_795_348_800_000))
    assert snapshot(1_795_348_800_000) == await tenants.find(62515)
    assert await tenants.find(1) is None


async def test_what_an_event_adds_is_not_kept(tenants: TenantStore) -> None:
    """Of an event, the snapshot that it carries is kept."""
    told = snapshot(1).model_dump() | {"reason": "disconnected"}

    await tenants.apply(TenantUninstalled.model_validate(told))

    assert snapshot(1) == await tenants.find(62515)


async def test_only_a_newer_revision_is_applied(tenants: TenantStore) -> None:
    """The same revision and an earlier one change nothing, and say so."""
    applied = [await tenants.apply(snapshot(revision)) for revision in (5, 5, 4, 6)]

    assert [True, False, False, True] == applied
    assert snapshot(6) == await tenants.find(62515)


async def test_concurrent_snapshots_leave_the_newest(tenants: TenantStore) -> None:
    """32 first snapshots of one account at once: whatever the order, the newest stays."""
    revisions = list(range(1, 33))
    random.Random(7).shuffle(revisions)  # noqa: S311 - any order will do

    await asyncio.gather(*(tenants.apply(snapshot(revision)) for revision in revisions))

    assert snapshot(32) == await tenants.find(62515)


async def test_accounts_are_apart(tenants: TenantStore) -> None:
    """One account's revisions say nothing about another's."""
    await tenants.apply(snapshot(9, portal_id=1))

    assert await tenants.apply(snapshot(2, portal_id=2))
    assert (9, 2) == tuple([found.revision for portal in (1, 2) if (found := await tenants.find(portal))])
