"""Tenants: keeping the projection, and asking `oauth` before anyone is told "unknown"."""

from actions.errors import UnknownTenantError
from actions.ports import TenantAuthority, TenantStore
from chassis.logging import get_log
from contracts.tenants import TenantSnapshot

LOG = get_log()


async def project_tenant(snapshot: TenantSnapshot, *, tenants: TenantStore) -> None:
    """Keep what a `tenant.*` event says, unless something newer is known.

    Raises:
        StoreAwayError: the database does not answer.
    """
    applied = await tenants.apply(snapshot)
    LOG.info(
        "tenant.projected",
        portal_id=snapshot.portal_id, revision=snapshot.revision, status=snapshot.status, applied=applied,
    )  # fmt: skip


async def confirmed_tenant(portal_id: int, *, authority: TenantAuthority) -> TenantSnapshot:
    """The tenant, although the projection knows none that is active: it may be behind (`architecture.md`, rule 7).

    Raises:
        UnknownTenantError: `oauth` knows none either.
        AuthorityAwayError: it cannot be asked.
    """
    check = await authority.check(portal_id)
    if check.status != "active" or check.tenant is None:
        raise UnknownTenantError
    return check.tenant


async def active_tenant(portal_id: int, *, tenants: TenantStore, authority: TenantAuthority) -> TenantSnapshot:
    """The tenant, if its account is connected, as the projection or else `oauth` knows.

    Raises:
        UnknownTenantError: it is not.
        AuthorityAwayError: `oauth` cannot be asked.
        StoreAwayError: the database does not answer.
    """
    tenant = await tenants.find(portal_id)
    if tenant is not None and tenant.status == "active":
        return tenant
    return await confirmed_tenant(portal_id, authority=authority)
