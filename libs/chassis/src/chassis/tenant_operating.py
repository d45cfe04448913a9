"""`/ops/tenants*`: what operators ask and do about an account, in every service that works for accounts.

Not reachable through the gateway.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Protocol, TypeVar

from fastapi import APIRouter, Depends, Path

from chassis.callers import Credentials, only_operators
from chassis.failures import Refusal, unavailable
from contracts.contacts import ContactId
from contracts.failures import Code, Failure
from contracts.tenant_operations import (
    MAX_PORTAL_ID,
    ContactErasure,
    Removed,
    TenantsAnswer,
    TenantsQuestion,
    TenantWork,
)

T = TypeVar("T")

PortalId = Annotated[int, Path(gt=0, le=MAX_PORTAL_ID, description="HubSpot's account id.")]

_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    400: {"model": Failure, "description": "No such account id or contact id"},
    401: {"model": Failure, "description": "No operator has this credential"},
    503: {"model": Failure, "description": "Not now"},
}
_OF_PURGE: Final[dict[int | str, dict[str, object]]] = {
    **_RESPONSES,
    409: {"model": Failure, "description": "The account was not purged by `oauth`"},
}


class TenantUse(Protocol):
    """What operators can do."""

    async def read(self, portal_ids: tuple[int, ...]) -> tuple[TenantWork, ...]:
        """What is to be done for accounts."""
        ...

    async def erase_contact(self, portal_id: int, contact_id: ContactId) -> Removed:
        """Forget a person."""
        ...

    async def purge(self, portal_id: int) -> Removed:
        """Forget a purged account, some of it at a time."""
        ...


def router(
    credentials: Credentials, use: TenantUse, *, away: tuple[type[Exception], ...], not_purged: type[Exception]
) -> APIRouter:
    """The routes.

    Args:
        credentials: who may call.
        use: what is done.
        away: the errors by which it says that the database cannot be asked now.
        not_purged: the error by which it says that `oauth` has not purged the account.
    """
    routes = operators_routes(credentials)

    @routes.post("", summary="What is to be done for accounts")
    async def read(question: TenantsQuestion) -> TenantsAnswer:
        return TenantsAnswer(tenants=await present(lambda: use.read(question.portal_ids), away))

    @routes.post("/{portal_id}/erase-contact", summary="Forget what is kept of a person")
    async def erase_contact(portal_id: PortalId, erasure: ContactErasure) -> Removed:
        return await present(lambda: use.erase_contact(portal_id, erasure.contact_id), away)

    @routes.post("/{portal_id}/purge", summary="Forget a purged account, bit by bit", responses=_OF_PURGE)
    async def purge(portal_id: PortalId) -> Removed:
        try:
            return await present(lambda: use.purge(portal_id), away)
        except not_purged as error:
            raise Refusal(Code.WRONG_STATE, "the account is not purged", reason="not_purged") from error

    return routes


def operators_routes(credentials: Credentials) -> APIRouter:
    """No routes yet, under `/ops/tenants`, for operators alone."""
    guard = [Depends(only_operators(credentials))]
    return APIRouter(prefix="/ops/tenants", tags=["ops"], dependencies=guard, responses=_RESPONSES)


async def present(work: Callable[[], Awaitable[T]], away: tuple[type[Exception], ...]) -> T:
    """What the work gives.

    Raises:
        Refusal: the database cannot be asked now.
    """
    try:
        return await work()
    except away as error:
        raise unavailable("the database") from error
