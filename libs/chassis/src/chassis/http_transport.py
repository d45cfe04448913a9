"""How our HTTP clients reach a server: HTTP/1.1 over kept connections, in a third of the processor time.

httpx2's own transport goes through httpcore2, anyio and h11, which takes 1.4 ms for a small call in a busy process.
Here a request is one write on asyncio's own transport, and httptools reads the answer. Everything above stays httpx2's:
requests, answers, limits, time limits, errors. No proxies, no HTTP/2, no `HEAD`: nothing of ours asks for them.
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

import httpx2

from chassis.http_answers import Connection

_NAME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(rb"[^\x00\r\n]*")
_TARGET: Final = re.compile(rb"[\x21-\x7e]+")
_PORTS: Final = {"http": 80, "https": 443}

Place = tuple[str, str, int]
"""Scheme, host and port."""


class KeptConnections(httpx2.AsyncBaseTransport):
    """A transport for httpx2's client.

    Args:
        limits: how many connections at once, how many are kept, and for how long.
        certificates: who is trusted; whom httpx2 trusts if nothing is said.
    """

    def __init__(self, limits: httpx2.Limits, certificates: ssl.SSLContext | None = None) -> None:
        self._free = asyncio.Semaphore(limits.max_connections) if limits.max_connections is not None else None
        self._most_kept, self._expiry = limits.max_keepalive_connections, limits.keepalive_expiry
        self._certificates = certificates
        self._kept: dict[Place, deque[Connection]] = {}
        self._used: set[Connection] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the answer, whose body is still to be read.

        Raises:
            TransportError: there is no answer; its leaf says how far it came.
        """
        seconds: dict[str, float | None] = request.extensions.get("timeout", {})
        message = b"".join((head_of(request), await request.aread()))
        connection = await self._connection(request.url, seconds)
        try:
            await connection.send(message, seconds.get("write"))
            answer = await connection.head(seconds.get("read"))
        except BaseException:
            self._let_go(connection)
            raise
        return httpx2.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(self, _place(request.url), connection, seconds.get("read")),
            extensions={
                "http_version": f"HTTP/{answer.version}".encode(),
                "reason_phrase": answer.reason,
            },
        )

    def give_back(self, place: Place, connection: Connection) -> None:
        """Keep a connection whose answer was read whole; any other is closed."""
        kept = self._kept.setdefault(place, deque())
        if connection.is_usable and (self._most_kept is None or len(kept) < self._most_kept):
            connection.idle_since = asyncio.get_running_loop().time()
            kept.append(connection)
            self._release(connection)
        else:
            self._let_go(connection)

    async def aclose(self) -> None:
        """Close every connection."""
        for connection in [*self._used, *(one for kept in self._kept.values() for one in kept)]:
            connection.abort()
        self._kept.clear()

    async def _connection(self, url: httpx2.URL, seconds: dict[str, float | None]) -> Connection:
        if self._free is not None:
            await self._place_for_one(self._free, seconds.get("pool"))
        try:
            connection = self._kept_one(_place(url)) or await self._opened(url, seconds.get("connect"))
        except BaseException:
            if self._free is not None:
                self._free.release()
            raise
        self._used.add(connection)
        return connection

    @staticmethod
    async def _place_for_one(free: asyncio.Semaphore, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await free.acquire()
        except TimeoutError:
            raise httpx2.PoolTimeout("no connection became free in time") from None

    def _kept_one(self, place: Place) -> Connection | None:
        """The connection that was used last, if the server still has it."""
        kept = self._kept.get(place)
        while kept:
            connection = kept.pop()
            idle = asyncio.get_running_loop().time() - connection.idle_since
            is_young = self._expiry is None or idle <= self._expiry
            if connection.is_usable and is_young and connection.is_quiet:
                return connection
            connection.abort()
        return None

    async def _opened(self, url: httpx2.URL, seconds: float | None) -> Connection:
        scheme, host, port = _place(url)
        certificates = self._trusted() if scheme == "https" else None
        try:
            async with asyncio.timeout(seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection, host, port, ssl=certificates
                )
        except TimeoutError:
            raise httpx2.ConnectTimeout("the server could not be reached in time") from None
        except OSError as error:  # TLS's errors and those of names are among them
            raise httpx2.ConnectError(type(error).__name__) from error
        return connection

    def _trusted(self) -> ssl.SSLContext:
        if self._certificates is None:
            self._certificates = httpx2.create_ssl_context(trust_env=False)
            self._certificates.set_alpn_protocols(["http/1.1"])
        return self._certificates

    def _let_go(self, connection: Connection) -> None:
        connection.abort()
        self._release(connection)

    def _release(self, connection: Connection) -> None:
        """Let another have its place."""
        if connection in self._used:
            self._used.discard(connection)
            if self._free is not None:
                self._free.release()


class _Body(httpx2.AsyncByteStream):
    """A body as it comes; its connection goes back when it is closed."""

    def __init__(self, pool: KeptConnections, place: Place, connection: Connection, seconds: float | None) -> None:
        self._pool, self._place, self._connection, self._seconds = pool, place, connection, seconds
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while part := await self._connection.part(self._seconds):
            yield part

    async def aclose(self) -> None:
        """The connection is another's now."""
        if not self._is_closed:
            self._is_closed = True
            self._pool.give_back(self._place, self._connection)


def head_of(request: httpx2.Request) -> bytes:
    """A request's head as it is sent.

    Raises:
        LocalProtocolError: something in it would end a line, or is not part of HTTP.
    """
    target = request.url.raw_path
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), target)]
    for name, value in request.headers.raw:
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise httpx2.LocalProtocolError("a header cannot be sent")
        lines.append(b"%b: %b" % (name, value))
    if _TARGET.fullmatch(target) is None or _NAME.fullmatch(request.method.encode("ascii")) is None:
        raise httpx2.LocalProtocolError("this is not a request")
    return b"\r\n".join((*lines, b"", b""))


def _place(url: httpx2.URL) -> Place:
    if url.scheme not in _PORTS:
        raise httpx2.UnsupportedProtocol(f"{url.scheme} is not HTTP")
    return url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]
