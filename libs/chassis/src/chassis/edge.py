"""The HTTP edge around every route: trace, one canonical line, limits on body size and time.

Plain ASGI, so that it costs little and sees everything, routing failures included.
"""

import asyncio
from collections.abc import Iterable

from opentelemetry.trace import SpanKind
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import tracing
from chassis.clock import Clock
from chassis.failures import Refusal, unavailable
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.randomness import Randomness
from contracts.failures import Code

LOG = get_log()

MAX_BODY_BYTES = 1024 * 1024
"""The largest request body (`architecture.md`, rule 11)."""

BODY_SECONDS = 8.0
"""The longest a client may take to send its body, so that it hears why before the server closes (`server`)."""

MAX_HEADER_BYTES = 64 * 1024
"""The largest sum of all request headers."""

CLIENT_GONE = 499
"""What the line says of a client that left before it was answered (nginx's number; nobody receives it)."""

_QUIET = frozenset({"/livez", "/readyz", "/metrics"})
_SERVER_ERROR = 500


class Edge:
    """Wraps an app: continues or begins a trace, bounds the body, answers what escapes, writes one line."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        clock: Clock,
        randomness: Randomness,
        metrics: Metrics,
        max_body_bytes: int = MAX_BODY_BYTES,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app, self._clock, self._randomness, self._metrics = app, clock, randomness, metrics
        self._max_body_bytes, self._body_seconds = max_body_bytes, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with tracing.work(_header(scope["headers"], b"traceparent"), self._randomness, kind=SpanKind.SERVER) as span:
            await self._serve(scope, receive, send, span)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, span: tracing.Span) -> None:
        began = self._clock.monotonic()
        answer = _Answer(send, span.trace_id)
        try:
            await self._bounded(scope, receive, answer)
        except asyncio.CancelledError:  # the process stops and waits no longer
            if not answer.started:
                await unavailable("the service").response()(scope, receive, answer)
            raise
        except ClientDisconnect:
            answer.status = CLIENT_GONE
        except Exception as error:
            LOG.exception("http.failed", error=type(error).__name__)
            if not answer.started:
                await Refusal(Code.INTERNAL, "internal error").response()(scope, receive, answer)
        finally:
            self._tell(scope, answer.status, self._clock.monotonic() - began, span)

    async def _bounded(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
            await _headers_too_large().response()(scope, receive, answer)
            return
        if self._is_too_long(_header(scope["headers"], b"content-length")):
            await _too_large(self._max_body_bytes).response()(scope, receive, answer)
            return
        try:
            await self._app(scope, _Body(receive, self._max_body_bytes, self._body_seconds), answer)
        except Refusal as refusal:  # raised by the body while a framework read it
            if answer.started:
                raise
            await refusal.response()(scope, receive, answer)

    def _is_too_long(self, length: str | None) -> bool:
        if length is None or not length.isdecimal():
            return False
        return len(length) > len(str(self._max_body_bytes)) or int(length) > self._max_body_bytes

    def _tell(self, scope: Scope, status: int, seconds: float, span: tracing.Span) -> None:
        if scope["path"] in _QUIET:
            span.silent = True
            return
        route = getattr(scope.get("route"), "path", "unmatched")
        span.name = f"{_known(scope['method'])} {route}"
        span.attributes |= {"http.route": route, "http.response.status_code": status}
        span.failed = status >= _SERVER_ERROR
        self._metrics.observe(
            "http_request_seconds", seconds, route=route, method=_known(scope["method"]), status=str(status)
        )
        LOG.info(
            "http.request", route=route, method=_known(scope["method"]), status=status,
            milliseconds=round(seconds * 1000, 1), trace_id=span.trace_id,
        )  # fmt: skip


class _Answer:
    """The response on its way out: gets the trace id, and is remembered for the line."""

    def __init__(self, send: Send, trace_id: str) -> None:
        self._send, self._trace_id = send, trace_id
        self.status, self.started = 500, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.started = message["status"], True
            message["headers"] = [*message.get("headers", ()), (b"x-trace-id", self._trace_id.encode())]
        await self._send(message)


class _Body:
    """The request body on its way in: not too much of it, and not too slowly."""

    def __init__(self, receive: Receive, max_bytes: int, seconds: float) -> None:
        self._receive, self._max_bytes, self._seconds = receive, max_bytes, seconds
        self._size = 0
        self._deadline: float | None = None
        self._whole = False

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()  # only a disconnect can follow, and that wait has no deadline
        message = await self._in_time()
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._size > self._max_bytes:
            raise _too_large(self._max_bytes)
        return message

    async def _in_time(self) -> Message:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            raise _too_slow() from None


def _too_slow() -> Refusal:
    """503, not 408: the senders of our signed routes take a 4xx as final and come again after a 5xx."""
    return Refusal(Code.UNAVAILABLE, "the body came too slowly", headers={"Connection": "close"})


def _too_large(max_bytes: int) -> Refusal:
    # Not closed at once: a reset would often overtake the answer. The server discards the rest, with a deadline.
    return Refusal(Code.INVALID_FIELD, f"body is over {max_bytes} bytes", status=413)


def _headers_too_large() -> Refusal:
    return Refusal(Code.INVALID_FIELD, f"headers are over {MAX_HEADER_BYTES} bytes", status=431)


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in headers if key == name), None)


def _known(method: str) -> str:
    return method if method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} else "OTHER"
