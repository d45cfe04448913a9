"""Answers as bytes: what the framework's own responses say, without what they cost."""

from http import HTTPStatus
from typing import Final

import msgspec
from starlette.types import Message, Send

from chassis.failures import RETRY_AFTER_SECONDS
from chassis.tracing import Trace
from contracts.failures import REGISTRY, Code
from webhooks.models.deliveries import Receipt

Header = tuple[bytes, bytes]

_JSON: Final = (b"content-type", b"application/json")
_RETRY_AFTER: Final = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
_CLOSE: Final = b"connection: close\r\n"
_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Answer:
    """One answer, for either edge: as ASGI's messages, or as the bytes on the wire."""

    __slots__ = ("_body", "_headers", "status")

    def __init__(self, status: int, body: bytes, trace: Trace, *headers: Header) -> None:
        self.status, self._body = status, body
        self._headers = (_JSON, (b"content-length", b"%d" % len(body)), (b"x-trace-id", trace.trace_id), *headers)

    async def send(self, send: Send) -> None:
        """Send it over ASGI."""
        start: Message = {"type": "http.response.start", "status": self.status, "headers": self._headers}
        await send(start)
        await send({"type": "http.response.body", "body": self._body})

    def wire(self, *, keep_alive: bool) -> bytes:
        """The whole response."""
        lines = [b"%b: %b\r\n" % header for header in self._headers]
        return b"".join((_STATUS_LINES[self.status], *lines, b"" if keep_alive else _CLOSE, b"\r\n", self._body))


def accepted(receipt: Receipt, trace: Trace) -> Answer:
    """Every event of the delivery is durable, or was not for us."""
    return Answer(HTTPStatus.OK, b'{"ok":true,"accepted":%d,"rejected":%d,"ignored":%d}' % receipt, trace)


def failure(
    code: Code,
    error: str,
    trace: Trace,
    *,
    status: int | None = None,
    reason: str | None = None,
    headers: tuple[Header, ...] = (),
) -> Answer:
    """A `contracts.failures.Failure`."""
    registered = REGISTRY[code]
    body = {
        "ok": False,
        "error": error,
        "code": int(code),
        "message": registered.message,
        "retryable": registered.retryable,
        "trace_id": trace.trace_id.decode(),
        **({} if reason is None else {"reason": reason}),
    }
    status = registered.status if status is None else status
    more = (_RETRY_AFTER,) if status == HTTPStatus.SERVICE_UNAVAILABLE else ()
    return Answer(status, msgspec.json.encode(body), trace, *more, *headers)
