"""Answers as bytes: what the framework's own responses say, without what they cost."""

from functools import lru_cache
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.types import Message, Send

from chassis.failures import RETRY_AFTER_SECONDS
from chassis.tracing import Trace
from contracts.failures import REGISTRY, Code
from webhooks.models.deliveries import Receipt

Header = tuple[bytes, bytes]

_RETRY_AFTER: Final = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
_CLOSE: Final = b"connection: close\r\n"
_HEAD: Final = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nx-trace-id: "
_END: Final = b"\r\n\r\n"
_OK: Final = 200  # a plain number: it is a key and a label, thousands of times a second
_STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}".encode() for status in HTTPStatus}


class Answer:
    """One answer, for either edge: as ASGI's messages, or as the bytes on the wire."""

    __slots__ = ("_body", "_more", "_trace_id", "status")

    def __init__(self, status: int, body: bytes, trace: Trace, *more: Header) -> None:
        self.status, self._body, self._trace_id, self._more = status, body, trace.trace_id, more

    async def send(self, send: Send) -> None:
        """Send it over ASGI."""
        headers = (
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(self._body)),
            (b"x-trace-id", self._trace_id),
            *self._more,
        )
        start: Message = {"type": "http.response.start", "status": self.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": self._body})

    def wire(self, *, keep_alive: bool) -> bytes:
        """The whole response."""
        if keep_alive and not self._more:
            return b"".join((_head(self.status, len(self._body)), self._trace_id, _END, self._body))
        more = b"".join([b"%b: %b\r\n" % header for header in self._more])
        if not keep_alive:
            more += _CLOSE
        return b"".join((_head(self.status, len(self._body)), self._trace_id, b"\r\n", more, b"\r\n", self._body))


@lru_cache
def _head(status: int, length: int) -> bytes:
    return _HEAD % (_STATUS_LINES[status], length)


def accepted(receipt: Receipt, trace: Trace) -> Answer:
    """Every event of the delivery is durable, or was not for us."""
    return Answer(_OK, _receipt(receipt), trace)


@lru_cache  # nearly all are of one event that was accepted
def _receipt(receipt: Receipt) -> bytes:
    return b'{"ok":true,"accepted":%d,"rejected":%d,"ignored":%d}' % (
        receipt.accepted,
        receipt.rejected,
        receipt.ignored,
    )


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
    status = REGISTRY[code].status if status is None else status
    more = (_RETRY_AFTER,) if status == HTTPStatus.SERVICE_UNAVAILABLE else ()
    body = b'%b,"trace_id":"%b"}' % (_all_but_trace(code, error, reason), trace.trace_id)
    return Answer(status, body, trace, *more, *headers)


@lru_cache  # when there is too much to do, the same is said thousands of times a second
def _all_but_trace(code: Code, error: str, reason: str | None) -> bytes:
    registered = REGISTRY[code]
    body = {
        "ok": False,
        "error": error,
        "code": int(code),
        "message": registered.message,
        "retryable": registered.retryable,
        **({} if reason is None else {"reason": reason}),
    }
    return msgspec.json.encode(body)[:-1]
