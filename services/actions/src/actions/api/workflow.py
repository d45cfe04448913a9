"""`POST /api/hubspot/send`: the workflow action "Send iMessage via Chert"; zero HubSpot calls."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response

from actions.api.answers import NEVER_SENT, ActionAnswer, answered, postponed, refused
from actions.api.executions import ExecutionRequest
from actions.api.openapi import body_of
from actions.api.signed import body_as, signed_request
from actions.api.workflow_signatures import WorkflowSignatures
from actions.errors import NeverSentError, PostponedError, UnsendableError
from actions.models import Answer, Blocked, Refused, SendRequest
from chassis.direct_routes import DirectRoute
from contracts.failures import Failure

PATH: Final = "/api/hubspot/send"

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


class WorkflowRoutes:
    """The action's address.

    Args:
        signatures: who may call it.
        send: makes each send once.
    """

    def __init__(self, signatures: WorkflowSignatures, send: Send) -> None:
        self._signatures, self._send = signatures, send

    def install(self, app: FastAPI) -> None:
        """Declare the route, and answer its calls before any router."""
        declared = APIRouter(tags=["workflow"])
        declared.add_api_route(
            PATH,
            self.send_for_workflow,
            methods=["POST"],
            summary="Send one iMessage for a workflow",
            responses=_RESPONSES,
            response_model=ActionAnswer,
            openapi_extra={"requestBody": body_of(ExecutionRequest)},
        )
        app.include_router(declared)
        app.router.routes.insert(0, DirectRoute(PATH, self.send_for_workflow, "POST"))

    async def send_for_workflow(self, request: Request) -> Response:
        """Send, or say why not."""
        signed = await signed_request(request)
        version = self._signatures.authenticate(signed)
        execution = body_as(ExecutionRequest, signed.body)
        await self._signatures.admit(execution.origin.portal_id, version)
        return _written(await _answer(execution, self._send))


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
