"""What carries requests to Chert: httpx2's transports, or whatever does the same without its objects."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import httpx2


class Reply(Protocol):
    """An answer whose body is still to be read; to be closed whatever comes of that."""

    @property
    def status(self) -> int:
        """Its status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers, by name in whatever case."""
        ...

    def pieces(self) -> AsyncIterator[bytes]:
        """The body, piece by piece; `httpx2.RequestError` when it breaks off."""
        ...

    async def aclose(self) -> None:
        """Let go of its connection."""
        ...


class Transport(Protocol):
    """Carries requests; errors are httpx2's, so that what was never sent is told from what perhaps was."""

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, seconds: Mapping[str, float | None]
    ) -> Reply:
        """Send one request over one of its connections; `seconds` has `pool`, `connect`, `read` and `write`."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class OverHttpx2:
    """One of httpx2's transports, without its client around it: nobody wants redirects, cookies or proxies here."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, seconds: Mapping[str, float | None]
    ) -> "_Response":
        """Send one request."""
        request = httpx2.Request(method, url, headers=headers, content=content, extensions={"timeout": seconds})
        return _Response(await self._transport.handle_async_request(request))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()


class _Response:
    """A response of httpx2's, and its body as it came: not unpacked."""

    def __init__(self, response: httpx2.Response) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - as of every asynchronous transport
        self.status, self.headers, self._stream = response.status_code, response.headers, response.stream

    def pieces(self) -> AsyncIterator[bytes]:
        """The body, piece by piece."""
        return aiter(self._stream)

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._stream.aclose()


def transport_of(given: Transport | httpx2.AsyncBaseTransport) -> Transport:
    """What was given, as a `Transport`."""
    return OverHttpx2(given) if isinstance(given, httpx2.AsyncBaseTransport) else given
