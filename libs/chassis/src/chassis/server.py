"""Serving: uvicorn, with the deadlines and limits that it lacks, and an exit code that tells a tripped process.

uvicorn waits for ever for a client that never finishes its headers, or that dribbles a body nobody reads; the protocol
below closes such a connection. It also takes headers of any size.
"""

import asyncio
import sys
from functools import partial
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis.edge import MAX_HEADER_BYTES
from chassis.health import Health
from chassis.logging import get_log

LOG = get_log()

HEADER_SECONDS: Final = 10.0
"""The longest a client may take from connecting, or from the last answer, to the end of its headers."""

DRAIN_SECONDS: Final = 5
"""How long requests in flight may go on after SIGTERM; the rest of 10 s belongs to consumers and closing clients."""

TRIPPED: Final = 70
"""Exit code of a process that stopped itself (`EX_SOFTWARE` of sysexits.h)."""

# Before any app could answer.
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class DeadlineProtocol(HttpToolsProtocol):
    """Closes a connection that is between two requests, or inside a header, for too long or for too many bytes."""

    def __init__(self, *args: Any, header_seconds: float = HEADER_SECONDS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_seconds = header_seconds
        self._header_deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._in_headers = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so
        """Start the clock for the first request's headers."""
        super().connection_made(transport)
        self._restart()

    def data_received(self, data: bytes) -> None:
        """Count what came while headers are not complete."""
        super().data_received(data)
        if not self._in_headers or self.transport.is_closing():
            return
        self._header_bytes += len(data)
        if self._header_bytes > MAX_HEADER_BYTES:
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Start the clock for a request on a kept connection."""
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0
        self._restart()

    def on_headers_complete(self) -> None:
        """The headers are here: stop the clock."""
        self._in_headers = False
        self._stop()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Start the clock again: what is left of an unread body has to end too."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._restart()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock with the connection."""
        self._stop()
        super().connection_lost(exc)

    def _restart(self) -> None:
        self._stop()
        self._header_deadline = self.loop.call_later(self._header_seconds, self.transport.close)

    def _stop(self) -> None:
        if self._header_deadline is not None:
            self._header_deadline.cancel()
            self._header_deadline = None


class Server(uvicorn.Server):
    """uvicorn's server, telling when it starts and stops."""

    def __init__(self, config: uvicorn.Config, health: Health | None) -> None:
        super().__init__(config)
        self._health = health
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

    def _stop(self) -> None:
        self.should_exit = True


def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    header_seconds: float = HEADER_SECONDS,
    drain_seconds: int = DRAIN_SECONDS,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain and stop.

    Raises:
        SystemExit: the process tripped (`TRIPPED`), or could not start.
    """
    health = cast("Health | None", getattr(getattr(app, "state", None), "health", None))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=cast("type[asyncio.Protocol]", partial(DeadlineProtocol, header_seconds=header_seconds)),
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
    server.run()
    if health is not None and health.tripped is not None:
        sys.exit(TRIPPED)
