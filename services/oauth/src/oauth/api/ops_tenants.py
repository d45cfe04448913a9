"""`/ops/tenants*` and `/ops/where`: what operators ask and order about accounts; not reachable through the gateway."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query

from chassis.callers import Credentials, only_operators
from contracts.failures import Failure
from contracts.ops import WhereAnswer, WhereQuestion
from contracts.tenant_operations import (
    MAX_PORTAL_ID,
    MAX_TENANTS,
    OperatorOrder,
    TenantDetails,
    TenantEvent,
    TenantList,
    TenantOverview,
    TokenCheck,
    Tombstones,
)
from oauth.api.internal import PortalId
from oauth.handlers.operating import Operating, Order
from oauth.handlers.tenants import missing_scopes
from oauth.models import HistoryEntry, Installation

Where = Callable[[str], Awaitable[WhereAnswer]]
After = Annotated[int, Query(ge=0, le=MAX_PORTAL_ID, description="Accounts with greater ids.")]
Limit = Annotated[int, Query(ge=1, le=MAX_TENANTS, description="How many accounts at most.")]

_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Failure, "description": "No such account id, or the order says not who or why"},
    401: {"model": Failure, "description": "No operator has this credential"},
    503: {"model": Failure, "description": "Not now"},
}
_OF_ONE: Final[dict[int | str, dict[str, Any]]] = {404: {"model": Failure, "description": "It never connected"}}
_OF_CONNECTED: Final = {**_OF_ONE, 403: {"model": Failure, "description": "The account is not connected"}}
_OF_PURGE: Final = {**_OF_ONE, 409: {"model": Failure, "description": "The account cannot be forgotten as it is"}}


class TenantRoutes:
    """The operators' addresses about accounts."""

    def __init__(self, *, credentials: Credentials, operating: Operating, where: Where) -> None:
        self._credentials, self._operating, self._where = credentials, operating, where

    def router(self) -> APIRouter:
        """The routes."""
        guard = [Depends(only_operators(self._credentials))]
        router = APIRouter(prefix="/ops", tags=["ops"], dependencies=guard, responses=_RESPONSES)
        router.add_api_route("/where", self.where, methods=["POST"], summary="What is known of an id")
        router.add_api_route("/tenants", self.list_tenants, summary="Accounts by id")
        one = "/tenants/{portal_id}"
        router.add_api_route(one, self.show, responses=_OF_ONE, summary="One account with its history")
        for verb, order, responses, summary in (
            ("pause", self.pause, _OF_CONNECTED, "Hold an account's work"),
            ("resume", self.resume, _OF_CONNECTED, "Let an account's work go on"),
            ("token-check", self.check_token, _OF_ONE, "Ask HubSpot whether an account's grant lives"),
            ("purge", self.purge, _OF_PURGE, "Forget a disconnected account"),
            ("tombstones", self.bury, _OF_PURGE, "Have the compacted topics forget a purged account"),
        ):
            router.add_api_route(f"{one}/{verb}", order, methods=["POST"], responses=responses, summary=summary)
        return router

    async def where(self, question: WhereQuestion) -> WhereAnswer:
        """Say what is known of an id."""
        return await self._where(question.id)

    async def list_tenants(self, after: After = 0, limit: Limit = MAX_TENANTS) -> TenantList:
        """List accounts."""
        found = await self._operating.page(after, limit)
        more = found[-1].portal_id if len(found) == limit else None
        return TenantList(tenants=tuple(TenantOverview(**overview(one)) for one in found), next_after=more)

    async def show(self, portal_id: PortalId) -> TenantDetails:
        """Show one."""
        return await self._details(await self._operating.find(portal_id))

    async def pause(self, portal_id: PortalId, order: OperatorOrder) -> TenantDetails:
        """Hold its work."""
        return await self._details(await self._operating.set_paused(portal_id, _order(order), paused=True))

    async def resume(self, portal_id: PortalId, order: OperatorOrder) -> TenantDetails:
        """Let it go on."""
        return await self._details(await self._operating.set_paused(portal_id, _order(order), paused=False))

    async def check_token(self, portal_id: PortalId) -> TokenCheck:
        """Ask HubSpot."""
        installation, found = await self._operating.check_grant(portal_id)
        tokens = installation.tokens
        return TokenCheck(
            portal_id=portal_id,
            verdict=found.verdict,
            words=found.words,
            access_token_expires_at=None if tokens is None else tokens.expires_at,
        )

    async def purge(self, portal_id: PortalId, order: OperatorOrder) -> TenantDetails:
        """Forget it."""
        return await self._details(await self._operating.purge(portal_id, _order(order)))

    async def bury(self, portal_id: PortalId) -> Tombstones:
        """Have topics forget it."""
        return Tombstones(portal_id=portal_id, topics=tuple(await self._operating.bury(portal_id)))

    async def _details(self, installation: Installation) -> TenantDetails:
        """An account with its history, newest first."""
        events = tuple(_event(entry) for entry in reversed(await self._operating.history(installation)))
        return TenantDetails(**overview(installation), history=events)


def overview(installation: Installation) -> dict[str, Any]:
    """The members of an overview."""
    ended, departure = installation.ended, installation.departure
    return {
        "tenant": installation.snapshot(),
        "installed_at": installation.installed_at,
        "ended_at": None if ended is None else ended.at,
        "ended_reason": None if ended is None else ended.reason,
        "missing_scopes": missing_scopes(installation) if installation.status == "active" else (),
        "departure": None if departure is None else departure.step,
    }


def _event(entry: HistoryEntry) -> TenantEvent:
    by = entry.by
    return TenantEvent(
        at=entry.at,
        kind=entry.kind,
        revision=entry.revision,
        generation=entry.generation,
        by=None if by is None else by.user_id,
        detail=entry.note or entry.reason or ", ".join(change.name for change in entry.changes) or None,
    )


def _order(order: OperatorOrder) -> Order:
    return Order(order.operator, order.reason)
