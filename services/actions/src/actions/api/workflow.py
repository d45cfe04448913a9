"""`POST /api/hubspot/send`: the workflow action "Send iMessage via Chert"; zero HubSpot calls."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request, Response

from actions.api.answers import NEVER_SENT, ActionAnswer, answered, postponed, refused
from actions.api.executions import ExecutionRequest
from actions.api.openapi import body_of
from actions.api.signed import body_as, signed_request
from actions.api.workflow_signatures import WorkflowSignatures
from actions.errors import NeverSentError, PostponedError, UnsendableError
from actions.models import Answer, Blocked, Refused, SendRequest
from contracts.failures import Failure

Send = Callable[[SendRequest], Awaitable[Answer | Blocked]]
"""The handler with its collaborators."""

_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    400: {"model": Failure, "description": "Not an execution request"},
    401: {"model": Failure, "description": "HubSpot did not sign this; `reason` says how it fails"},
    413: {"model": Failure, "description": "Over 1 MiB"},
    503: {
        "model": Failure,
        "description": "Temporary; the same request may come again",
        "headers": {"Retry-After": {"description": "In milliseconds", "schema": {"type": "string"}}},
    },
}


def router(signatures: WorkflowSignatures, send: Send) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["workflow"])

    @routes.post(
        "/api/hubspot/send",
        summary="Send one iMessage for a workflow",
        responses=_RESPONSES,
        response_model=ActionAnswer,
        openapi_extra={"requestBody": body_of(ExecutionRequest)},
    )
    async def send_for_workflow(request: Request) -> Response:
        signed = await signed_request(request)
        version = signatures.authenticate(signed)
        execution = body_as(ExecutionRequest, signed.body)
        await signatures.admit(execution.origin.portal_id, version)
        return _written(await _answer(execution, send))

    return routes


def _written(answer: ActionAnswer) -> Response:
    """The answer as it goes out; it is a model already, so it need not be checked against its model again."""
    return Response(answer.model_dump_json(exclude_none=True), media_type="application/json")


async def _answer(execution: ExecutionRequest, send: Send) -> ActionAnswer:
    try:
        return answered(await send(execution.to_send_request()))
    except UnsendableError as error:
        return refused(Refused(code=int(error.code), error=error.words))
    except NeverSentError as error:
        return refused(NEVER_SENT[type(error)])
    except PostponedError as error:
        raise postponed(error) from error
