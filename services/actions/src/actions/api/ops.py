"""What operators ask; not reachable through the public gateway."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Depends

from actions.errors import StoreAwayError
from chassis.callers import Credentials, only_operators
from chassis.failures import unavailable
from chassis.settings import NotLoadedError
from contracts.failures import Failure
from contracts.ops import WhereAnswer, WhereQuestion

FindOut = Callable[[str], Awaitable[WhereAnswer]]
"""The handler with its collaborators."""

_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    400: {"model": Failure, "description": "No id that anything could have"},
    401: {"model": Failure, "description": "No operator has this credential"},
    413: {"model": Failure, "description": "Over 1 MiB"},
    503: {"model": Failure, "description": "Not now"},
}


def router(credentials: Credentials, where: FindOut) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/ops", tags=["ops"], dependencies=[Depends(only_operators(credentials))])

    @routes.post("/where", summary="Where is this id?", responses=_RESPONSES)
    async def find(question: WhereQuestion) -> WhereAnswer:
        try:
            return await where(question.id)
        except StoreAwayError as error:
            raise unavailable("the database") from error
        except NotLoadedError as error:
            raise unavailable("the configuration") from error

    return routes
