"""How our HTTP clients reach a server: over aiohttp, whose parser and writer are compiled.

httpx2's own transport goes through httpcore2, anyio and h11, in Python: about twice the processor time of a small call,
and its pool asks the operating system about every idle connection at both ends of each. Requests, answers, limits and
errors stay httpx2's.

The httpx-aiohttp package does the same, but names a server's hang-up after it had the request `ConnectTimeout`: for us
that says "never sent", and a send would be made twice. So the errors are told apart here.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from ssl import SSLContext
from typing import Final

import aiohttp
import httpx2
from yarl import URL

MAX_CONNECTIONS: Final = 100
IDLE_SECONDS: Final = 5.0

_ONLY_OURS: Final = frozenset({"Accept", "Accept-Encoding", "Content-Type", "User-Agent"})
"""Headers that aiohttp would add."""

_FIRST_FINAL: Final = 200
"""Below it are interim answers; 101 alone would come through."""
_NEVER_SENT: Final[tuple[tuple[type[Exception], type[httpx2.TransportError]], ...]] = (
    (aiohttp.InvalidURL, httpx2.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx2.UnsupportedProtocol),
    (aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout),
    (aiohttp.ClientConnectorError, httpx2.ConnectError),
)
_PERHAPS_SENT: Final[tuple[tuple[type[Exception], type[httpx2.TransportError]], ...]] = (
    (aiohttp.ServerTimeoutError, httpx2.ReadTimeout),
    (aiohttp.ServerDisconnectedError, httpx2.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx2.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx2.RemoteProtocolError),
    (aiohttp.ClientError, httpx2.ReadError),
    (ValueError, httpx2.LocalProtocolError),
)


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """A transport for httpx2's client; no proxies and nothing from the environment, no HTTP/2, no cookies.

    Waiting for one of its connections and opening it may take as long as waiting alone. How long a request may take
    to be written is its caller's deadline, as is the whole of it. aiohttp sends a `GET`, `PUT` or `DELETE` once more
    over another connection when the server hung up on it.

    Args:
        connections: how many at once, to all servers together.
        idle_seconds: how long one is kept that nobody uses.
        trusted: whose certificates are trusted.
    """

    def __init__(
        self,
        connections: int = MAX_CONNECTIONS,
        *,
        idle_seconds: float = IDLE_SECONDS,
        trusted: SSLContext | None = None,
    ) -> None:
        self._connections, self._idle_seconds = connections, idle_seconds
        self._trusted = trusted or _trusted()
        self._opened: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the answer, whose body is still to be read.

        Raises:
            TransportError: there is no answer; `ConnectError`, `ConnectTimeout` and `UnsupportedProtocol` alone say
                that nothing was sent.
        """
        seconds = request.extensions.get("timeout", {})
        with _told_apart():
            answer = await self._session().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                skip_auto_headers=_ONLY_OURS,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=seconds.get("pool"),
                    sock_connect=seconds.get("connect"),
                    sock_read=seconds.get("read"),
                ),
            )
        if answer.status < _FIRST_FINAL:
            answer.close()
            raise httpx2.RemoteProtocolError("an answer that is none")
        return httpx2.Response(
            answer.status,
            headers=list(answer.raw_headers),
            stream=_Body(answer),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": (answer.reason or "").encode("ascii", "replace")},
        )

    async def aclose(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        """Made with the first request, as aiohttp wants a loop that runs."""
        if self._opened is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=self._idle_seconds, ssl=self._trusted
            )
            self._opened = aiohttp.ClientSession(
                connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._opened


class _Body(httpx2.AsyncByteStream):
    """A body as it comes; its connection is free again when it was read to its end, and closed otherwise."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told_apart():
            async for part in self._answer.content.iter_any():
                yield part

    async def aclose(self) -> None:
        if self._answer.content.is_eof():
            self._answer.release()
        else:
            self._answer.close()


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, ValueError) as error:
        kind = next(ours for theirs, ours in (*_NEVER_SENT, *_PERHAPS_SENT) if isinstance(error, theirs))
        raise kind(type(error).__name__) from error


@cache
def _trusted() -> SSLContext:
    """Whom httpx2 trusts, loaded once for the process: each time takes 25 ms and most of a megabyte."""
    # Certificates from the environment would be settings that nobody set, as would proxies.
    return httpx2.create_ssl_context(trust_env=False)
