"""Answers as bytes: what the framework's own responses say, without what they cost."""

from typing import Final

import msgspec
from starlette.types import Message, Send

from chassis.failures import RETRY_AFTER_SECONDS
from chassis.tracing import Trace
from contracts.failures import REGISTRY, Code
from webhooks.models.deliveries import Receipt

OK: Final = 200
UNAVAILABLE: Final = 503

_JSON: Final = (b"content-type", b"application/json")
_RETRY_AFTER: Final = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())


class Answer:
    """One answer, ready to be sent."""

    __slots__ = ("_body", "_headers", "status")

    def __init__(self, status: int, body: bytes, trace: Trace, *headers: tuple[bytes, bytes]) -> None:
        self.status, self._body = status, body
        self._headers = (_JSON, (b"content-length", b"%d" % len(body)), (b"x-trace-id", trace.trace_id), *headers)

    async def send(self, send: Send) -> None:
        """Send it."""
        start: Message = {"type": "http.response.start", "status": self.status, "headers": self._headers}
        await send(start)
        await send({"type": "http.response.body", "body": self._body})


def accepted(receipt: Receipt, trace: Trace) -> Answer:
    """Every event of the delivery is durable, or was not for us."""
    return Answer(OK, b'{"ok":true,"accepted":%d,"rejected":%d,"ignored":%d}' % receipt, trace)


def failure(
    code: Code,
    error: str,
    trace: Trace,
    *,
    status: int | None = None,
    reason: str | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
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
    more = (_RETRY_AFTER,) if status == UNAVAILABLE else ()
    return Answer(status, msgspec.json.encode(body), trace, *more, *headers)
