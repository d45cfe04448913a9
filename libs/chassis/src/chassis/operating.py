"""`/ops/replay` and `/ops/held`: what operators ask of every consuming service; not reachable through the gateway."""

from typing import Final

from fastapi import APIRouter, Depends

from chassis.callers import Credentials, only_operators
from chassis.releasing import Releases
from chassis.replaying import Replays
from contracts.failures import Failure
from contracts.held import HeldAnswer, HeldRelease, HeldReleased
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


_OF_HELD: Final[dict[int | str, dict[str, object]]] = {
    **RESPONSES,
    404: {"model": Failure, "description": "This group does not consume the topic"},
    409: {"model": Failure, "description": "What is held would send, and that was not asked for"},
}


def router(replays: Replays, releases: Releases, credentials: Credentials) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/ops", tags=["ops"], dependencies=[Depends(only_operators(credentials))])

    @routes.post("/replay", summary="Work through records again, or say what would become of them",
                 responses=_NOT_CONSUMED)  # fmt: skip
    async def replay(batch: ReplayBatch) -> ReplayAnswer:
        return await replays.replay(batch)

    @routes.get("/held", summary="What is kept aside of owners whose messages keep dying", responses=RESPONSES)
    async def held() -> HeldAnswer:
        return await releases.held()

    @routes.post("/held/release", summary="Work through some of what is held of an owner", responses=_OF_HELD)
    async def release(order: HeldRelease) -> HeldReleased:
        return await releases.release(order)

    return routes
