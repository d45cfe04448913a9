"""The edge of a simulator: every request passes here, is recorded, delayed, and may suffer a fault."""

import asyncio
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.background import BackgroundTasks
from simulators.clock import Clock
from simulators.faults import Fault, FaultKind, FaultPlan
from simulators.recording import RecordedRequest, Recorder

# A batch of 100 records at HubSpot's largest text property (65,536 characters) is below this.
MAX_BODY_BYTES = 10 * 1024 * 1024
# Paths that belong to the simulator, not to the system it plays.
OWN_PATHS = ("/control", "/docs", "/openapi.json", "/static", "/favicon.ico")
# Where `simulators.server` leaves the connection of a request.
CONNECTION_EXTENSION = "simulators.connection"


class Connection(Protocol):
    """What a fault can do to a connection."""

    def abort(self) -> None:
        """Close it without another byte."""
        ...

    def hold(self) -> None:
        """Keep it open; no answer will come."""
        ...


class ConnectionDroppedError(Exception):
    """Stands for a broken connection where there is none (in-process tests)."""


class NoConnection:
    """The connection of a request that came without a server."""

    def abort(self) -> None:
        """Fail as a broken connection would.

        Raises:
            ConnectionDroppedError: Always.
        """
        raise ConnectionDroppedError

    def hold(self) -> None:
        """Nothing needs to know."""


class Edge:
    """ASGI middleware around a simulator's application."""

    def __init__(
        self, app: ASGIApp, *, clock: Clock, recorder: Recorder, faults: FaultPlan, background: BackgroundTasks
    ) -> None:
        self._app = app
        self._background = background
        self._clock = clock
        self._recorder = recorder
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request as the fault plan says; the simulator's own paths pass untouched."""
        if scope["type"] != "http" or scope["path"].startswith(OWN_PATHS):
            await self._app(scope, receive, send)
            return
        body = await _read_body(receive)
        if body is None:
            await _answer(send, 413, {}, "request body too large")
            return
        record = self._record(scope, body)
        await asyncio.sleep(self._faults.latency(scope["path"]))
        await self._serve(scope, _replay(body, receive), _noting_status(send, record), receive)

    async def _serve(self, scope: Scope, replay: Receive, send: Send, receive: Receive) -> None:
        fault = self._faults.take(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, replay, send)
            return
        if fault.after_write and fault.late_seconds > 0:
            late = self._clock.now() + fault.late_seconds
            self._background.start(self._take_effect(late, dict(scope), replay), name=f"late {scope['path']}")
        elif fault.after_write:
            await self._app(scope, replay, _swallow)
        await _suffer(fault, scope, receive, send)

    async def _take_effect(self, moment: float, scope: Scope, replay: Receive) -> None:
        await self._clock.wait_until(moment)
        await self._app(scope, replay, _swallow)

    def _record(self, scope: Scope, body: bytes) -> RecordedRequest:
        return self._recorder.record(
            at=self._clock.now(),
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=scope["headers"],
            body=body,
        )


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body, or None when it is over the limit."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _noting_status(send: Send, record: RecordedRequest) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
        await send(message)

    return noting


async def _swallow(_: Message) -> None:
    """Where an answer goes whose write was committed and which nobody will see."""


async def _suffer(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.kind is FaultKind.STATUS:
        await _answer(send, fault.status, fault.headers, fault.body)
        return
    connection: Connection = scope.get("extensions", {}).get(CONNECTION_EXTENSION) or NoConnection()
    if fault.kind is FaultKind.DROP:
        connection.abort()
    connection.hold()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Send, status: int, headers: dict[str, str], body: str) -> None:
    payload = body.encode()
    given = {name.lower(): value for name, value in headers.items()}
    sent = {"content-type": "application/json", **given, "content-length": str(len(payload))}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": payload})
