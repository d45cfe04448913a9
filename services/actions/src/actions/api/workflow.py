"""`POST /api/hubspot/send`: the workflow action "Send iMessage via Chert"; zero HubSpot calls."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from actions.api.answers import NEVER_SENT, ActionAnswer, answered, postponed, refused, try_again
from actions.api.executions import ExecutionRequest
from actions.api.openapi import body_of
from actions.api.signed import signed_request
from actions.errors import NeverSentError, PostponedError, UnauthenticRequestError, UnsendableError
from actions.models import Answer, Blocked, Refused, SendRequest, SignedRequest
from actions.ports import Verifier
from chassis.failures import Refusal
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.settings import NotLoadedError
from contracts.failures import Code, Failure

LOG = get_log()

Send = Callable[[SendRequest], Awaitable[Answer | Blocked]]
"""The handler with its collaborators."""

_MISSING: Final = frozenset({"missing_signature", "missing_timestamp"})
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


def router(verifier: Verifier, send: Send, metrics: Metrics) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["workflow"])

    @routes.post(
        "/api/hubspot/send",
        summary="Send one iMessage for a workflow",
        responses=_RESPONSES,
        response_model_exclude_none=True,
        openapi_extra={"requestBody": body_of(ExecutionRequest)},
    )
    async def send_for_workflow(request: Request) -> ActionAnswer:
        signed = await signed_request(request)
        _authenticate(signed, verifier, metrics)
        execution = _execution(signed.body)
        try:
            return await _answer(execution.to_send_request(), send)
        except UnsendableError as error:
            return refused(Refused(code=int(error.code), error=error.words))

    return routes


def _authenticate(request: SignedRequest, verifier: Verifier, metrics: Metrics) -> None:
    try:
        verifier.verify(request)
    except NotLoadedError:
        raise try_again("the configuration is not available right now") from None
    except UnauthenticRequestError as error:
        metrics.count("deliveries", route="workflow", outcome="unauthentic")
        LOG.warning("delivery.refused", route="workflow", reason=error.reason)
        raise _unauthentic(error.reason) from None


def _unauthentic(reason: str) -> Refusal:
    """401; but a right signature at the wrong time may be our clock's fault, and HubSpot signs a repeat anew."""
    if reason == "stale":
        return try_again("the timestamp is outside the accepted window", reason=reason)
    code = Code.NO_CREDENTIALS if reason in _MISSING else Code.BAD_SIGNATURE
    return Refusal(code, "the signature does not hold", reason=reason)


def _execution(body: bytes) -> ExecutionRequest:
    try:
        return ExecutionRequest.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None


async def _answer(request: SendRequest, send: Send) -> ActionAnswer:
    try:
        return answered(await send(request))
    except NeverSentError as error:
        return refused(NEVER_SENT[type(error)])
    except PostponedError as error:
        raise postponed(error) from error
