"""`/ops/tenants*`: what operators ask and do about an account's timeline; not reachable through the gateway."""

from typing import Protocol

from fastapi import APIRouter

from chassis import tenant_operating
from chassis.callers import Credentials
from chassis.tenant_operating import PortalId, operators_routes, present
from contracts.tenant_operations import TenantWork
from timeline.errors import NotPurgedError


class TenantUse(tenant_operating.TenantUse, Protocol):
    """What operators can do."""

    async def reset_breaker(self, portal_id: int) -> TenantWork:
        """End an account's rest."""
        ...


def router(credentials: Credentials, use: TenantUse, away: tuple[type[Exception], ...]) -> APIRouter:
    """The routes; `away` are the errors that mean that the database cannot be asked now."""
    routes = operators_routes(credentials)

    @routes.post("/{portal_id}/breaker-reset", summary="Close an account's breaker and go on")
    async def reset_breaker(portal_id: PortalId) -> TenantWork:
        return await present(lambda: use.reset_breaker(portal_id), away)

    every = APIRouter()
    every.include_router(tenant_operating.router(credentials, use, away=away, not_purged=NotPurgedError))
    every.include_router(routes)
    return every
