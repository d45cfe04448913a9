"""The projection of `tenant.*`, in both implementations."""

import asyncio
from typing import Any

import pytest

from contracts.tenants import TenantSettings, TenantSnapshot, TenantUninstalled
from timeline.ports import TenantStore


@pytest.fixture
def tenants(memory: Any) -> TenantStore:
    """The store."""
    store: TenantStore = memory.stores.tenants
    return store


def snapshot(revision: int = 1, portal_id: int = 62515, **members: Any) -> TenantSnapshot:
    """An account at a revision."""
    given = {"project_id": "p", "chert_tenant": "acme", "status": "active", "generation": 1, "scopes": ("oauth",)}
    return TenantSnapshot(portal_id=portal_id, revision=revision, **(given | members))


async def test_a_snapshot_is_kept_whole(tenants: TenantStore) -> None:
    """What is found is what was applied, settings included; of an event only the snapshot counts."""
    kept = snapshot(settings=TenantSettings(default_region="DE"))
    event = TenantUninstalled(**kept.model_dump(), reason="disconnected")

    assert None is await tenants.find(62515)
    assert await tenants.apply(event)

    assert kept == await tenants.find(62515)


async def test_a_newer_revision_wins_in_any_order(tenants: TenantStore) -> None:
    """However events come, the newest is what is known; the one that is known may be applied again."""
    for revision, applied in ((2, True), (1, False), (3, True), (3, True), (2, False)):
        assert applied is await tenants.apply(snapshot(revision, generation=revision))

    assert snapshot(3, generation=3) == await tenants.find(62515)


async def test_concurrent_events_leave_the_newest(tenants: TenantStore) -> None:
    """Many writers at once, also of the first event, leave the newest."""
    revisions = [revision * 7 % 17 for revision in range(1, 17)] * 2

    await asyncio.gather(*(tenants.apply(snapshot(revision, generation=revision)) for revision in revisions))

    assert snapshot(16, generation=16) == await tenants.find(62515)


async def test_active_accounts_are_found_by_project(tenants: TenantStore) -> None:
    """Accounts of these projects that are active now, by portal id."""
    for portal_id, slug, status in ((3, "acme", "active"), (1, "acme", "active"), (2, "acme", "inactive")):
        await tenants.apply(snapshot(portal_id=portal_id, chert_tenant=slug, status=status))
    await tenants.apply(snapshot(portal_id=4, chert_tenant="globex"))
    await tenants.apply(snapshot(portal_id=5, chert_tenant="initech"))

    assert [1, 3, 4] == [tenant.portal_id for tenant in await tenants.active({"acme", "globex"})]
    assert [] == list(await tenants.active(()))


async def test_a_moved_account_leaves_its_old_project(tenants: TenantStore) -> None:
    """After a move the account belongs to the new project alone."""
    await tenants.apply(snapshot(1))
    await tenants.apply(snapshot(2, chert_tenant="globex", project_id="q"))

    assert [] == list(await tenants.active({"acme"}))
    assert [62515] == [tenant.portal_id for tenant in await tenants.active({"globex"})]
