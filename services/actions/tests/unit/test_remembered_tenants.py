"""The projection of tenants, remembered for a moment."""

import pytest

from actions.adapters.in_memory import InMemoryTenantStore
from actions.adapters.remembered_tenants import REMEMBERED_SECONDS, RememberedTenants
from chassis.clock import ManualClock
from contracts.tenants import TenantSnapshot


def later(tenant: TenantSnapshot, revisions: int = 1) -> TenantSnapshot:
    """The same account, disconnected since."""
    return tenant.model_copy(update={"status": "inactive", "revision": tenant.revision + revisions})


@pytest.fixture
def remembered(tenants: InMemoryTenantStore, clock: ManualClock) -> RememberedTenants:
    """One replica's memory."""
    return RememberedTenants(tenants, clock)


async def test_what_this_process_applies_counts_at_once(remembered: RememberedTenants, tenant: TenantSnapshot) -> None:
    """An account that was just read is disconnected for the very next call."""
    before = await remembered.find(tenant.portal_id)

    assert await remembered.apply(later(tenant))

    assert (tenant, later(tenant)) == (before, await remembered.find(tenant.portal_id))


async def test_what_another_replica_applies_counts_within_a_second(
    remembered: RememberedTenants, tenants: InMemoryTenantStore, tenant: TenantSnapshot, clock: ManualClock
) -> None:
    """The store is asked again after a second, and not before."""
    await remembered.find(tenant.portal_id)
    await tenants.apply(later(tenant))

    at_once = await remembered.find(tenant.portal_id)
    clock.advance(REMEMBERED_SECONDS)

    assert (tenant, later(tenant)) == (at_once, await remembered.find(tenant.portal_id))


async def test_an_unknown_account_is_looked_for_each_time(
    remembered: RememberedTenants, tenants: InMemoryTenantStore, tenant: TenantSnapshot
) -> None:
    """An account that was unknown a moment ago is found as soon as anybody knows it."""
    stranger = tenant.model_copy(update={"portal_id": 7})
    assert await remembered.find(7) is None

    await tenants.apply(stranger)

    assert stranger == await remembered.find(7)
    assert {7, tenant.portal_id} == set(await remembered.retention_days())
