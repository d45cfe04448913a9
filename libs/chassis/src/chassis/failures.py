"""Refusals as exceptions and as HTTP answers, in the form of `contracts.failures`."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from chassis.logging import get_log
from chassis.settings import NotLoadedError
from chassis.tracing import current_trace_id
from contracts.failures import REGISTRY, Code, Failure

LOG = get_log()

RETRY_AFTER_SECONDS = 1
"""What a 503 of ours asks for: our outages are short, and callers back off by themselves."""

_BY_STATUS = {404: Code.NOT_FOUND, 405: Code.NOT_SUPPORTED}


class Refusal(Exception):  # noqa: N818 - an expected answer, not an error
    """A request that is answered with a failure body.

    Attributes:
        code: what is wrong, in the registry.
        error: stable words for a person.
        status: HTTP status, where the route differs from the registry.
        reason: slug, where one code has several causes.
        headers: extra response headers.
        problems: words by field, where several fields were sent.
    """

    def __init__(
        self,
        code: Code,
        error: str,
        *,
        status: int | None = None,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.code, self.error, self.reason = code, error, reason
        self.status = REGISTRY[code].status if status is None else status
        self.headers = dict(headers or {})
        self.problems = dict(problems) if problems else None

    def body(self) -> Failure:
        """The failure body, under the current trace."""
        registered = REGISTRY[self.code]
        return Failure(
            error=self.error,
            code=self.code,
            message=registered.message,
            retryable=registered.retryable,
            trace_id=current_trace_id(),
            reason=self.reason,
            problems=self.problems,
        )

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        headers = dict(self.headers)
        if self.status == 503:  # noqa: PLR2004 - Service Unavailable
            headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
        return JSONResponse(self.body().model_dump(exclude_none=True), self.status, headers)


def unavailable(what: str) -> Refusal:
    """A temporary fault of ours: 503, so that the caller tries again."""
    return Refusal(Code.UNAVAILABLE, f"{what} is not available right now")


def install(app: FastAPI) -> None:
    """Answer every failure of an app in the failure form."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(NotLoadedError, _not_loaded)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for this class alone
    return error.response()


async def _not_loaded(_: Request, __: Exception) -> JSONResponse:
    return unavailable("the configuration").response()


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    match error.__cause__:  # FastAPI wraps what is raised while it reads a body
        case Refusal() as refusal:
            return refusal.response()
        case RecursionError() | UnicodeDecodeError():
            return Refusal(Code.INVALID_JSON, "broken JSON").response()
    code = _BY_STATUS.get(error.status_code, Code.INVALID_FIELD)
    words = {404: "no such route", 405: "method not allowed"}.get(error.status_code, "bad request")
    return Refusal(code, words, status=error.status_code, headers=error.headers).response()


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return Refusal(Code.INVALID_JSON, "broken JSON").response()
    where = ".".join(str(part) for part in first["loc"])
    code = Code.MISSING_FIELD if first["type"] == "missing" else Code.INVALID_FIELD
    return Refusal(code, f"{where}: {first['type']}").response()
