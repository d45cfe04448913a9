"""The projection of tenants."""

import pytest

from actions.adapters.in_memory import InMemoryTenantAuthority, InMemoryTenantStore
from actions.errors import UnknownTenantError
from actions.handlers.tenants import confirmed_tenant, project_tenant
from contracts.tenants import TenantSnapshot, TenantUninstalled


async def test_only_what_is_newer_is_kept(tenant: TenantSnapshot) -> None:
    """Events out of order, and told twice, leave the newest snapshot."""
    tenants = InMemoryTenantStore()
    told = tenant.model_dump() | {"status": "inactive", "revision": tenant.revision + 1, "reason": "disconnected"}

    for snapshot in (TenantUninstalled.model_validate(told), tenant, tenant):
        await project_tenant(snapshot, tenants=tenants)

    found = await tenants.find(tenant.portal_id)
    assert found is not None
    assert ("inactive", tenant.revision + 1) == (found.status, found.revision)


@pytest.mark.parametrize("status", ["inactive", "purged"])
async def test_an_account_that_is_not_active_is_unknown(tenant: TenantSnapshot, status: str) -> None:
    """Whatever the reason, an account that `oauth` does not call active is not served."""
    authority = InMemoryTenantAuthority()
    authority.tenants[tenant.portal_id] = tenant.model_copy(update={"status": status})

    with pytest.raises(UnknownTenantError):
        await confirmed_tenant(tenant.portal_id, authority=authority)
