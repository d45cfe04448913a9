"""`POST /ops/where`: where is this id? Not reachable through the public gateway."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Depends

from chassis.callers import Credentials, only_operators
from chassis.failures import unavailable
from contracts.failures import Failure
from contracts.ops import WhereAnswer, WhereQuestion

Find = Callable[[str], Awaitable[WhereAnswer]]

_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    400: {"model": Failure, "description": "No id"},
    401: {"model": Failure, "description": "No operator has this credential"},
    503: {"model": Failure, "description": "Not now"},
}


def router(credentials: Credentials, find: Find, away: tuple[type[Exception], ...]) -> APIRouter:
    """The route; `away` are the errors that mean that the database cannot be asked now."""
    routes = APIRouter(prefix="/ops", tags=["ops"], dependencies=[Depends(only_operators(credentials))])

    @routes.post("/where", summary="What the timeline knows of an id", responses=_RESPONSES)
    async def where(question: WhereQuestion) -> WhereAnswer:
        try:
            return await find(question.id)
        except away as error:
            raise unavailable("the database") from error

    return routes
