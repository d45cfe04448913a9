"""`/ops/tenants*`: what operators ask and do about an account; not reachable through the gateway."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Protocol, TypeVar

from fastapi import APIRouter, Depends, Path

from actions.errors import NotPurgedError, StoreAwayError
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


def router(credentials: Credentials, use: TenantUse) -> APIRouter:
    """The routes."""
    routes = APIRouter(
        prefix="/ops/tenants", tags=["ops"], dependencies=[Depends(only_operators(credentials))], responses=_RESPONSES
    )

    @routes.post("", summary="What is to be done for accounts")
    async def read(question: TenantsQuestion) -> TenantsAnswer:
        return TenantsAnswer(tenants=await _present(lambda: use.read(question.portal_ids)))

    @routes.post("/{portal_id}/erase-contact", summary="Forget what is kept of a person")
    async def erase_contact(portal_id: PortalId, erasure: ContactErasure) -> Removed:
        return await _present(lambda: use.erase_contact(portal_id, erasure.contact_id))

    @routes.post("/{portal_id}/purge", summary="Forget a purged account, bit by bit", responses=_OF_PURGE)
    async def purge(portal_id: PortalId) -> Removed:
        try:
            return await _present(lambda: use.purge(portal_id))
        except NotPurgedError as error:
            raise Refusal(Code.WRONG_STATE, "the account is not purged", reason="not_purged") from error

    return routes


async def _present(work: Callable[[], Awaitable[T]]) -> T:
    try:
        return await work()
    except StoreAwayError as error:
        raise unavailable("the database") from error
