"""Every exception to its answer: the Messaging API's bodies under `/api/v1`, FastAPI's own elsewhere."""

from fastapi import FastAPI, Request, status
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from simulators.chert.errors import ChertError, Code, envelope, flat
from simulators.chert.trace import trace_id_of

API = "/api/v1"


def handle_failures(app: FastAPI) -> None:
    """Registers the handlers."""
    app.exception_handler(ChertError)(_refused)
    app.exception_handler(HTTPException)(_not_served)
    app.exception_handler(RequestValidationError)(_bad_query)
    app.exception_handler(Exception)(_broken)


async def _refused(request: Request, error: ChertError) -> JSONResponse:
    trace_id = trace_id_of(request)
    body = flat(error) if request.url.path == f"{API}/send" else envelope(error, trace_id)
    return JSONResponse(body, status_code=error.status, headers={**error.headers(), "X-Trace-ID": trace_id})


async def _not_served(request: Request, error: HTTPException) -> Response:
    if not request.url.path.startswith(f"{API}/"):
        return await http_exception_handler(request, error)
    if error.status_code == status.HTTP_404_NOT_FOUND:
        return await _refused(request, ChertError(Code.NOT_FOUND, "No such route"))
    return await _refused(request, ChertError(Code.NOT_SUPPORTED, "Method not allowed", status=error.status_code))


async def _bad_query(request: Request, error: RequestValidationError) -> Response:
    if not request.url.path.startswith(f"{API}/"):
        return await request_validation_exception_handler(request, error)
    field = error.errors()[0]["loc"][-1]
    return await _refused(request, ChertError(Code.INVALID_FIELD, f"Invalid value: {field}"))


async def _broken(request: Request, _error: Exception) -> JSONResponse:
    return await _refused(request, ChertError(Code.INTERNAL, "Internal error"))
