"""How our HTTP clients reach a server: over aiohttp, whose parser and writer are compiled.

httpx2's own transport goes through httpcore2, anyio and h11, in Python: about twice the processor time of a small call,
and its pool asks the operating system about every idle connection at both ends of each. Errors stay httpx2's; its
client can be put on top (`AiohttpTransport`), which costs half as much again.

The httpx-aiohttp package does the same, but names a server's hang-up after it had the request `ConnectTimeout`: for us
that says "never sent", and a send would be made twice. So the errors are told apart here.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
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
_FAILURES: Final = (aiohttp.ClientError, ValueError)

Headers = Mapping[str, str] | Sequence[tuple[str, str]]


class HttpConnections:
    """Connections to servers; no proxies and nothing from the environment, no HTTP/2, no cookies, no redirects.

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

    async def send(
        self, method: str, url: str, headers: Headers, content: bytes, seconds: Mapping[str, float | None]
    ) -> "HttpAnswer":
        """Send a request; the answer, whose body is still to be read.

        Args:
            method: in capitals.
            url: encoded.
            headers: all of them, but for `Host`, `Content-Length` and `Connection` where they are missing.
            content: the body; empty for none.
            seconds: how long `pool`, `connect` and `read` may take, as httpx2 names them.

        Raises:
            TransportError: there is no answer; `ConnectError`, `ConnectTimeout` and `UnsupportedProtocol` alone say
                that nothing was sent.
        """
        try:
            answer = await self._session().request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=content or None,
                skip_auto_headers=_ONLY_OURS,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=seconds.get("pool"),
                    sock_connect=seconds.get("connect"),
                    sock_read=seconds.get("read"),
                ),
            )
        except _FAILURES as error:
            raise _told(error) from error
        if answer.status < _FIRST_FINAL:
            answer.close()
            raise httpx2.RemoteProtocolError("an answer that is none")
        return HttpAnswer(answer)

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


class HttpAnswer:
    """An answer, and its body as it comes; its connection is free again when that was read to its end, else closed."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    @property
    def status(self) -> int:
        """Its status code."""
        return self._answer.status

    @property
    def reason(self) -> str:
        """What the server calls the status."""
        return self._answer.reason or ""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, by name in whatever case."""
        return self._answer.headers

    @property
    def raw_headers(self) -> Sequence[tuple[bytes, bytes]]:
        """All of them as they came."""
        return self._answer.raw_headers

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, piece by piece.

        Raises:
            TransportError: it broke off.
        """
        try:
            async for piece in self._answer.content.iter_any():
                yield piece
        except _FAILURES as error:
            raise _told(error) from error

    async def aclose(self) -> None:
        """Let go of its connection."""
        if self._answer.content.is_eof():
            self._answer.release()
        else:
            self._answer.close()


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """The same for httpx2's client; see `HttpConnections` for its arguments."""

    def __init__(
        self,
        connections: int = MAX_CONNECTIONS,
        *,
        idle_seconds: float = IDLE_SECONDS,
        trusted: SSLContext | None = None,
    ) -> None:
        self._connections = HttpConnections(connections, idle_seconds=idle_seconds, trusted=trusted)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the answer, whose body is still to be read."""
        answer = await self._connections.send(
            request.method,
            str(request.url),
            request.headers.multi_items(),
            await request.aread(),
            request.extensions.get("timeout", {}),
        )
        return httpx2.Response(
            answer.status,
            headers=list(answer.raw_headers),
            stream=_Body(answer),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": answer.reason.encode("ascii", "replace")},
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connections.aclose()


class _Body(httpx2.AsyncByteStream):
    """An answer's body, as httpx2 wants it."""

    def __init__(self, answer: HttpAnswer) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.pieces()

    async def aclose(self) -> None:
        await self._answer.aclose()


def _told(error: Exception) -> httpx2.TransportError:
    """What an error of aiohttp is for httpx2."""
    kind = next(ours for theirs, ours in (*_NEVER_SENT, *_PERHAPS_SENT) if isinstance(error, theirs))
    return kind(type(error).__name__)


@cache
def _trusted() -> SSLContext:
    """Whom httpx2 trusts, loaded once for the process: each time takes 25 ms and most of a megabyte."""
    # Certificates from the environment would be settings that nobody set, as would proxies.
    return httpx2.create_ssl_context(trust_env=False)
