"""Completing blocked workflow steps, one or a batch, on behalf of the account (contract 4.4)."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from simulators.hubspot.access import Caller, calling
from simulators.hubspot.errors import invalid
from simulators.hubspot.simulator import Simulator, SimulatorDep
from simulators.hubspot.workflows import UnknownExecutionError

MAX_INPUTS = 100
"""HubSpot publishes no figure for this route; its other batches take so many."""

VERSIONS = ("2026-03", "2026-09")

router = APIRouter()

Automation = Annotated[Caller, Depends(calling("automation"))]


class _Outputs(BaseModel):
    model_config = ConfigDict(extra="allow")

    hs_execution_state: Literal["SUCCESS", "FAIL_CONTINUE"] = "SUCCESS"
    __pydantic_extra__: dict[str, str] = Field(init=False)


class CompletionInput(BaseModel):
    """The outputs of one step."""

    outputFields: _Outputs  # noqa: N815 - HubSpot's name
    typedOutputs: dict[str, JsonValue]  # noqa: N815 - HubSpot's name


class BatchedCompletion(CompletionInput):
    """The outputs of one step among many."""

    callbackId: str  # noqa: N815 - HubSpot's name


class CompletionBatch(BaseModel):
    """Steps of one account."""

    inputs: list[BatchedCompletion] = Field(min_length=1, max_length=MAX_INPUTS)


@router.post("/complete")
async def complete_batch(batch: CompletionBatch, caller: Automation, simulator: SimulatorDep) -> Response:
    """End the named steps; when one of them does not wait, none is ended and the answer names it."""
    _check(simulator, caller, [one.callbackId for one in batch.inputs])
    for one in batch.inputs:
        _complete(simulator, caller, one.callbackId, one)
    return Response(status_code=204, headers=caller.headers)


@router.post("/{callback_id}/complete")
async def complete(
    callback_id: str, completion: CompletionInput, caller: Automation, simulator: SimulatorDep
) -> Response:
    """End one step."""
    _complete(simulator, caller, callback_id, completion)
    return Response(status_code=204, headers=caller.headers)


def _check(simulator: Simulator, caller: Caller, callback_ids: Sequence[str]) -> None:
    for callback_id in callback_ids:
        if not simulator.workflows.waits(callback_id, caller.portal.portal_id):
            raise _not_found(simulator, callback_id)


def _complete(simulator: Simulator, caller: Caller, callback_id: str, completion: CompletionInput) -> None:
    fields = {name: str(value) for name, value in completion.outputFields.model_dump().items()}
    try:
        applied = simulator.workflows.complete(callback_id, caller.portal.portal_id, fields)
    except UnknownExecutionError:
        applied = False
    if not applied:
        raise _not_found(simulator, callback_id)


def _not_found(simulator: Simulator, callback_id: str) -> Exception:
    return invalid(f"Callback with ID {callback_id} not found for App ID {simulator.app.app_id}")
