"""`POST /ops/replay`: the operators' route that every consuming service has; not reachable through the gateway."""

from typing import Final

from fastapi import APIRouter, Depends

from chassis.callers import Credentials, only_operators
from chassis.replaying import Replays
from contracts.failures import Failure
from contracts.replays import ReplayAnswer, ReplayBatch

RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    400: {"model": Failure, "description": "Not such a question"},
    401: {"model": Failure, "description": "No operator has this credential"},
    503: {"model": Failure, "description": "Not now; ask again"},
}
"""What every operators' route may answer beside its own."""

_NOT_CONSUMED: Final[dict[int | str, dict[str, object]]] = {
    **RESPONSES,
    404: {"model": Failure, "description": "This group does not consume the topic"},
    413: {"model": Failure, "description": "The batch is over 1 MiB"},
}


def router(replays: Replays, credentials: Credentials) -> APIRouter:
    """The route."""
    routes = APIRouter(prefix="/ops", tags=["ops"], dependencies=[Depends(only_operators(credentials))])

    @routes.post("/replay", summary="Work through records again, or say what would become of them",
                 responses=_NOT_CONSUMED)  # fmt: skip
    async def replay(batch: ReplayBatch) -> ReplayAnswer:
        return await replays.replay(batch)

    return routes
