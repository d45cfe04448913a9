"""The part of the control API that says how far an account's workflow executions are."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from simulators.hubspot.outcomes import Outcome
from simulators.hubspot.simulator import SimulatorDep

MOST_ATTEMPTS = 1_000

router = APIRouter(prefix="/control/portals/{portal_id}", tags=["HubSpot"])


class ExecutionProgress(BaseModel):
    """How many executions came to what, and when the app is called next."""

    now: float = Field(description="the simulated moment, in Unix seconds")
    outcomes: dict[Outcome, int] = Field(description="what executions have come to, those that go on included")
    next_attempts: list[float] = Field(description="soonest first; one that is past is being made")
    blocked: list[str] = Field(description="callback ids of steps that wait to be completed, oldest first")


@router.get("/workflow-executions/progress")
async def read_progress(
    portal_id: int, simulator: SimulatorDep, limit: Annotated[int, Query(ge=1, le=MOST_ATTEMPTS)] = 100
) -> ExecutionProgress:
    """How far the executions of an account are."""
    executions = simulator.workflows.of_portal(simulator.world.portal(portal_id).portal_id)
    planned = sorted(one.next_attempt_at for one in executions if one.next_attempt_at is not None)
    return ExecutionProgress(
        now=simulator.clock.now(),
        outcomes=Counter(one.outcome for one in executions),
        next_attempts=planned[:limit],
        blocked=[one.callback_id for one in executions if one.outcome is Outcome.BLOCKED][:limit],
    )
