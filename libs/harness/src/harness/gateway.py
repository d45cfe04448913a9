"""The development gateway: one address for the browser, HubSpot and Chert, in front of all services.

It passes method, raw path, raw query, headers and body on byte for byte, because signatures cover them, and streams
both ways. Only what the outside may reach has a route: operators' and internal paths are answered with 404 here.
"""

import contextlib
import itertools
import os
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from contracts.failures import REGISTRY, Code, Failure

# Services refuse bodies over 1 MiB themselves; this bounds what reaches them.
MAX_BODY_BYTES = 16 * 1024 * 1024
CONNECTIONS = 256
# Shorter than the 5 s after which the services close an idle connection, so that none is closed while in use.
KEEP_ALIVE_SECONDS = 2.0
TIMEOUTS = {"connect": 2.0, "write": 30.0, "read": 30.0, "pool": 5.0}

# RFC 9110, section 7.6.1: these speak of one connection and are not passed on.
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_WITHOUT_BODY = frozenset({"GET", "HEAD"})
_SERVERS = ("OAUTH", "WEBHOOKS", "ACTIONS", "CHERT")

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Route:
    """Paths, and the servers that answer them in turn. A path that ends in `/` stands for all below it."""

    paths: tuple[bytes, ...]
    servers: tuple[str, ...]

    def covers(self, raw_path: bytes) -> bool:
        """Whether this request path is one of them, compared undecoded."""
        return any(raw_path.startswith(path) if path.endswith(b"/") else raw_path == path for path in self.paths)


def routes(environment: Mapping[str, str]) -> tuple[Route, ...]:
    """What the outside may reach, and where it is, from `GATEWAY_*_URL`: one address, or several with commas."""
    servers = {name: tuple(environment[f"GATEWAY_{name}_URL"].split(",")) for name in _SERVERS}
    return (
        Route((b"/api/hubspot/oauth/", b"/console", b"/console/"), servers["OAUTH"]),
        Route((b"/api/hubspot/uninstall", b"/api/hubspot/webhook", b"/api/chert/webhook"), servers["WEBHOOKS"]),
        Route((b"/api/hubspot/send", b"/api/hubspot/options/", b"/api/hubspot/widget/"), servers["ACTIONS"]),
        Route((b"/login", b"/logout", b"/.well-known/jwks.json"), servers["CHERT"]),
    )


class BodyTooLargeError(Exception):
    """The body of a request is over the gateway's own limit."""


class Gateway:
    """The gateway as an ASGI application."""

    def __init__(self, routes: Sequence[Route], transport: httpx2.AsyncBaseTransport) -> None:
        """Pass requests on by these routes over this transport."""
        self._routes = routes
        self._transport = transport
        self._turns = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            answer = await self._pass_on(request)
        except ClientDisconnect:
            return
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        else:
            await _stream(answer, send)

    async def _pass_on(self, request: Request) -> httpx2.Response | Response:
        raw_path: bytes = request.scope["raw_path"]
        route = next((route for route in self._routes if route.covers(raw_path)), None)
        if route is None:
            return _refusal(404, Code.NOT_FOUND, "not_found")
        try:
            return await self._reach(request, self._in_turn(route.servers))
        except BodyTooLargeError:
            return _refusal(413, Code.INVALID_FIELD, "body_too_large")
        except httpx2.TimeoutException:
            return _refusal(504, Code.UPSTREAM, "upstream_timeout")
        except httpx2.TransportError:
            return _refusal(502, Code.UPSTREAM, "upstream_unavailable")

    async def _reach(self, request: Request, servers: Sequence[str]) -> httpx2.Response:
        """Ask the first server, and while one cannot be reached, which spends none of the body, the next."""
        for server in servers[:-1]:
            with contextlib.suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._transport.handle_async_request(_outgoing(request, server))
        return await self._transport.handle_async_request(_outgoing(request, servers[-1]))

    def _in_turn(self, servers: Sequence[str]) -> Sequence[str]:
        first = next(self._turns) % len(servers)
        return (*servers[first:], *servers[:first])


def _outgoing(request: Request, server: str) -> httpx2.Request:
    query: bytes = request.scope["query_string"]
    target: bytes = request.scope["raw_path"] + (b"?" + query if query else b"")
    has_body = request.method not in _WITHOUT_BODY or "content-length" in request.headers
    return httpx2.Request(
        request.method,
        server,
        headers=_end_to_end(request.headers.raw),
        content=_bounded(request.stream()) if has_body else None,
        extensions={"target": target, "timeout": TIMEOUTS},
    )


async def _bounded(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    passed = 0
    async for chunk in chunks:
        passed += len(chunk)
        if passed > MAX_BODY_BYTES:
            raise BodyTooLargeError
        yield chunk


async def _stream(answer: httpx2.Response, send: Send) -> None:
    headers = _end_to_end(answer.headers.raw)
    try:
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        async for chunk in answer.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except httpx2.TransportError:
        return  # the server broke off: uvicorn then breaks the client's connection too, as the answer is incomplete
    finally:
        await answer.aclose()


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


def _refusal(status: int, code: Code, error: str) -> Response:
    trace_id = uuid.uuid4().hex
    failure = Failure(
        error=error, code=code, message=REGISTRY[code].message, retryable=REGISTRY[code].retryable, trace_id=trace_id
    )
    return Response(
        failure.model_dump_json(exclude_none=True),
        status_code=status,
        media_type="application/json",
        headers={"X-Trace-ID": trace_id},
    )


def build(environment: Mapping[str, str]) -> Starlette:
    """The gateway with its connections to the services."""
    limits = httpx2.Limits(
        max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE_SECONDS
    )
    transport = httpx2.AsyncHTTPTransport(verify=False, trust_env=False, limits=limits)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with transport:
            yield

    return Starlette(routes=[Mount("/", app=Gateway(routes(environment), transport))], lifespan=lifespan)


def main() -> None:
    """Serve at `GATEWAY_HOST` and `GATEWAY_PORT` until SIGTERM."""
    uvicorn.run(
        build(os.environ),
        host=os.environ.get("GATEWAY_HOST", "127.0.0.1"),
        port=int(os.environ["GATEWAY_PORT"]),
        http="httptools",
        ws="none",
        loop="uvloop",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        limit_concurrency=2 * CONNECTIONS,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
