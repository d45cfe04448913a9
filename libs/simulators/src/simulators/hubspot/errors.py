"""HubSpot's failures, as its API and its OAuth routes answer them (contract 1.3 and 6).

HubSpotError
├── ApiError        the standard error body, with a category
├── RateLimitError  the 429 body, which is of another shape
└── OAuthError      the envelope of the token routes
"""

import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fastapi import Request
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

Json = dict[str, object]
ExceptionHandler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

NOT_FOUND = 404


class HubSpotError(Exception):
    """Something that HubSpot answers with an error: its status, body and headers."""

    def __init__(self, http_status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        super().__init__(body.get("message"))
        self.http_status = http_status
        self.body = body
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Detail:
    """One entry of a standard error's `errors`."""

    message: str
    code: str | None = None
    context: dict[str, list[str]] = field(default_factory=dict)

    def as_json(self) -> Json:
        """The entry without members that say nothing."""
        return {name: value for name, value in asdict(self).items() if value}


class ApiError(HubSpotError):
    """A standard error of the API; in a batch it is the error of one input."""

    def __init__(
        self,
        http_status: int,
        category: str,
        message: str,
        *,
        sub_category: str | None = None,
        context: dict[str, list[str]] | None = None,
        details: tuple[Detail, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        members: Json = {
            "status": "error",
            "category": category,
            "message": message,
            "subCategory": sub_category,
            "context": context,
            "errors": [detail.as_json() for detail in details],
        }
        self._item = {name: value for name, value in members.items() if value}
        self._context = context or {}
        super().__init__(http_status, self._item | {"correlationId": str(uuid.uuid4())}, headers)

    def as_item(self, write_trace_id: str | None = None) -> Json:
        """The error as an entry of a batch answer, where the trace id says which input is meant (contract 5.2)."""
        if write_trace_id is None:
            return self._item
        return self._item | {"context": self._context | {"objectWriteTraceId": [write_trace_id]}}


class RateLimitError(HubSpotError):
    """A rolling limit is used up; when to come back is not said (contract 6)."""

    def __init__(self, *, message: str, policy: str, group: str) -> None:
        body: Json = {
            "status": "error",
            "message": message,
            "errorType": "RATE_LIMIT",
            "correlationId": str(uuid.uuid4()),
            "policyName": policy,
            "groupName": group,
        }
        super().__init__(429, body)


class OAuthError(HubSpotError):
    """A refusal of a token route: RFC 6749 section 5.2 plus HubSpot's older members."""

    def __init__(self, status: str, error: str, message: str) -> None:
        body: Json = {"error": error, "error_description": message, "status": status, "message": message}
        super().__init__(400, body, {"Cache-Control": "no-store"})


def object_not_found() -> ApiError:
    """The record is not there, or belongs to another account."""
    return ApiError(NOT_FOUND, "OBJECT_NOT_FOUND", "resource not found")


def invalid(message: str, *details: Detail) -> ApiError:
    """The request is understood and refused."""
    return ApiError(400, "VALIDATION_ERROR", message, details=details)


async def _answer_error(request: Request, error: HubSpotError) -> Response:
    rate: dict[str, str] = getattr(request.state, "rate_headers", {})
    return JSONResponse(error.body, error.http_status, headers={**rate, **error.headers})


async def _answer_invalid_body(request: Request, error: RequestValidationError) -> Response:
    if request.url.path.startswith("/control"):
        return await request_validation_exception_handler(request, error)
    details = [Detail(problem["msg"], context={"path": [_path(problem["loc"])]}) for problem in error.errors()]
    return await _answer_error(request, invalid("Invalid input JSON or parameters", *details))


async def _answer_http_exception(request: Request, error: HTTPException) -> Response:
    if request.url.path.startswith("/control"):
        return await http_exception_handler(request, error)
    category = "OBJECT_NOT_FOUND" if error.status_code == NOT_FOUND else "VALIDATION_ERROR"
    return await _answer_error(request, ApiError(error.status_code, category, str(error.detail)))


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in location)


# Failures are answered as HubSpot does; those of the control API as FastAPI does.
EXCEPTION_HANDLERS: Mapping[int | type[Exception], ExceptionHandler] = {
    HubSpotError: _answer_error,
    RequestValidationError: _answer_invalid_body,
    HTTPException: _answer_http_exception,
}
