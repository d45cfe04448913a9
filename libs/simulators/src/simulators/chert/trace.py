"""A trace id for every request, in `X-Trace-ID` on success and failure alike."""

from collections.abc import Callable
from uuid import UUID

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class TraceIds:
    """ASGI middleware that names each request and tells the name in the answer."""

    def __init__(self, app: ASGIApp, *, new_id: Callable[[], UUID]) -> None:
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under a fresh trace id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace_id = self._new_id().hex[:12]
        scope.setdefault("state", {})["trace_id"] = trace_id

        async def send_with_trace_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Trace-ID"] = trace_id
            await send(message)

        await self._app(scope, receive, send_with_trace_id)


def trace_id_of(request: Request) -> str:
    """The trace id of the request being served."""
    trace_id: str = request.state.trace_id
    return trace_id
