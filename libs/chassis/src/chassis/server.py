"""Serving: uvicorn, with the deadlines and limits that it lacks, and an exit code that tells a tripped process.

uvicorn waits for ever for a client that never finishes its headers, that dribbles a body nobody reads, or that does not
read its answer; it takes headers and trailers of any size, and any number of connections. The protocol below does not.
"""

import asyncio
import resource
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis.edge import MAX_HEADER_BYTES
from chassis.health import Health
from chassis.logging import get_log, stop_gathering

LOG = get_log()

REQUEST_SECONDS: Final = 8.0
"""The longest a client may take from connecting, or from the last answer, to the end of its request, body included.
It is looked for every half second, and a busy process looks late, so a connection that dawdles is closed within the ten
of `architecture.md`, rule 11. As long may answers fill the buffers of a client that does not read them.
"""

MAX_CONNECTIONS: Final = 8192
"""At once; one that waits for its next request takes some 10 KiB. More are closed as they come."""

DRAIN_SECONDS: Final = 5
"""How long requests in flight may go on after SIGTERM; the rest of 10 s belongs to consumers and closing clients."""

TRIPPED: Final = 70
"""Exit code of a process that stopped itself (`EX_SOFTWARE` of sysexits.h)."""

_TICK_SECONDS: Final = 0.1  # uvicorn's
_SWEEP_TICKS: Final = 5
_DESCRIPTORS: Final = MAX_CONNECTIONS + 512

# Before any app could answer.
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class DeadlineProtocol(HttpToolsProtocol):
    """Closes a connection whose client keeps us waiting for too long, or for too many bytes that say nothing yet.

    One look at each connection every half second costs less than two timers for every request.
    """

    def __init__(self, *args: Any, request_seconds: float = REQUEST_SECONDS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request_seconds = request_seconds
        self._waiting_since: float | None = None
        self._unread_since: float | None = None
        self._unparsed = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so
        """Wait for the first request, unless there are too many clients."""
        super().connection_made(transport)
        self._waiting_since = self.loop.time()
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Count what came without completing headers or bringing body: endless headers, trailers, chunk extensions."""
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > MAX_HEADER_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The headers are here."""
        self.something_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of the body is here."""
        self.something_came()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here: now the client waits for us, unless it was answered before."""
        self.request_came()
        super().on_message_complete()

    def something_came(self) -> None:
        """What was counted was good for something."""
        self._unparsed = 0

    def request_came(self) -> None:
        """Wait for the next one, or until this one is answered."""
        self._unparsed = 0
        self._waiting_since = self.loop.time() if self.cycle.response_complete else None

    def on_response_complete(self) -> None:
        """Wait for the next request; what is left of an unread body has to end too."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self.wait_for_request()

    def wait_for_request(self) -> None:
        """It is the client's turn."""
        self._waiting_since = self.loop.time()

    def pause_writing(self) -> None:
        """Buffers are full of answers: it is the client's turn to read."""
        super().pause_writing()
        self._unread_since = self.loop.time()

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        self._unread_since = None

    def dawdles(self, now: float) -> bool:
        """Whether its client has kept us waiting for too long, for a request or to read an answer."""
        oldest = now - self._request_seconds
        waiting, unread = self._waiting_since, self._unread_since
        return (waiting is not None and waiting < oldest) or (unread is not None and unread < oldest)

    def close_if_dawdling(self) -> None:
        """Close it if its client has kept us waiting for too long."""
        if self.dawdles(self.loop.time()):
            self.transport.abort()


class Server(uvicorn.Server):
    """uvicorn's server, telling when it starts and stops."""

    def __init__(self, config: uvicorn.Config, health: Health | None) -> None:
        super().__init__(config)
        self._health = health
        self._to_look_at: list[asyncio.Protocol] = []
        if health is not None:
            health.when_tripped(self._stop)

    async def startup(self, *args: Any, **kwargs: Any) -> None:
        """Begin to listen."""
        await super().startup(*args, **kwargs)
        if self.started:
            LOG.info("service.started")

    async def shutdown(self, *args: Any, **kwargs: Any) -> None:
        """Drain and stop."""
        LOG.info("service.stopping")
        if self._health is not None:
            self._health.stopping()
        await super().shutdown(*args, **kwargs)
        LOG.info("service.stopped")
        stop_gathering()  # here: uvicorn ends the process by the signal that stopped it

    async def on_tick(self, counter: int) -> bool:
        """Every tenth of a second: also look for clients that dawdle."""
        turn = counter % _SWEEP_TICKS
        if turn == 0:
            self._to_look_at = list(self.server_state.connections)
        self._close_dawdling(self._to_look_at[turn::_SWEEP_TICKS])
        return await super().on_tick(counter)

    def _close_dawdling(self, connections: Iterable[asyncio.Protocol]) -> None:
        """Close these if they dawdle, spread over a tick: all at once they would hold up whoever does not.

        Clients that came together are due together, and closing one takes as long as answering one.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        found = [one for one in connections if isinstance(one, DeadlineProtocol) and one.dawdles(now)]
        for number, one in enumerate(found):
            loop.call_later(_TICK_SECONDS * number / len(found), one.close_if_dawdling)

    def _stop(self) -> None:
        self.should_exit = True


def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    protocol: Callable[..., DeadlineProtocol] = DeadlineProtocol,
    request_seconds: float = REQUEST_SECONDS,
    drain_seconds: int = DRAIN_SECONDS,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain and stop.

    An app that has some of its answers one layer below ASGI gives its own `protocol`.

    Raises:
        SystemExit: the process tripped (`TRIPPED`), or could not start.
    """
    health = cast("Health | None", getattr(getattr(app, "state", None), "health", None))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=cast("type[asyncio.Protocol]", partial(protocol, request_seconds=request_seconds)),
        ws="none",
        loop="uvloop",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=drain_seconds,
    )
    server = Server(config, health)
    _raise_descriptors()
    try:
        server.run()
    finally:
        stop_gathering()
    if health is not None and health.tripped is not None:
        sys.exit(TRIPPED)


def _raise_descriptors() -> None:
    """Let every connection have its descriptor, as far as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
