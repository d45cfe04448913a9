"""Runs a simulator on uvicorn, with connections that a fault can really break."""

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulators.edge import CONNECTION_EXTENSION

# What is being answered when the server stops gets this long, in seconds.
SHUTDOWN_SECONDS = 2
# Longer than the pools of the services keep idle connections, so that the server never closes one in use.
KEEP_ALIVE_SECONDS = 75


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, whose connection the application can break or keep hanging."""

    _held = False

    def on_message_begin(self) -> None:
        """Hand the connection to the request that begins."""
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION_EXTENSION: self}  # type: ignore[dict-item] # our own extension

    def abort(self) -> None:
        """Close the connection without another byte."""
        self.transport.abort()

    def hold(self) -> None:
        """No answer will come: the server need not wait for one when it stops."""
        self._held = True

    def shutdown(self) -> None:
        """Begin to stop; what hangs by order is cut at once."""
        if self._held:
            self.abort()
        super().shutdown()


def serve(app: ASGIApp, *, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; requests still open are cut after two seconds."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=BreakableProtocol,
        loop="uvloop",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
