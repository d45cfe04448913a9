"""`GET /internal/activity/{portal_id}`: what `oauth` shows on the console; not reachable through the gateway."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime

from actions.errors import StoreAwayError
from chassis.callers import Credentials, only_sisters
from chassis.failures import unavailable
from contracts.failures import Failure
from contracts.internal import SendActivityPage

ReadActivity = Callable[[int, AwareDatetime, int], Awaitable[SendActivityPage]]
PortalId = Annotated[int, Path(gt=0, le=2**53 - 1, description="HubSpot's account id.")]
Since = Annotated[AwareDatetime, Query(description="From when on.")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many sends at most.")]

_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    400: {"model": Failure, "description": "No such account id, moment or number"},
    401: {"model": Failure, "description": "No service has this credential"},
    503: {"model": Failure, "description": "Not now"},
}


def router(credentials: Credentials, read_activity: ReadActivity) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["internal"], dependencies=[Depends(only_sisters(credentials))])

    @routes.get("/internal/activity/{portal_id}", summary="The latest sends of an account", responses=_RESPONSES)
    async def activity(portal_id: PortalId, since: Since, limit: Limit = 100) -> SendActivityPage:
        try:
            return await read_activity(portal_id, since, limit)
        except StoreAwayError as error:
            raise unavailable("the database") from error

    return routes
