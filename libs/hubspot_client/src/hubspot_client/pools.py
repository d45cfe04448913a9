"""Many connections, in small pools.

A pool looks at each of its idle connections whenever a call begins and when it ends, and asks the operating system
about each. Among forty connections that is most of what a call costs.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import httpx2

_EACH: Final = 4
"""Connections of one pool."""


@dataclass(slots=True)
class _Pool:
    """One pool, and the requests that its connections are busy with."""

    transport: httpx2.AsyncBaseTransport
    busy: set[httpx2.Request] = field(default_factory=set)


class SmallPools(httpx2.AsyncBaseTransport):
    """Sends each request over the first pool with a free connection, so that few are open, and those are warm.

    When all are busy a request waits in the pool where the fewest do.
    """

    def __init__(self, *pools: httpx2.AsyncBaseTransport, each: int = _EACH) -> None:
        self._pools, self._each = [_Pool(pool) for pool in pools], each

    def __len__(self) -> int:
        return len(self._pools)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its connection is free again when its answer is closed."""
        pool = self._free() or min(self._pools, key=lambda pool: len(pool.busy))
        pool.busy.add(request)
        try:
            response = await pool.transport.handle_async_request(request)
        except BaseException:
            pool.busy.discard(request)
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 - of an asynchronous transport
        content = _Content(response.stream, pool, request)
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=content, extensions=response.extensions
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            await pool.transport.aclose()

    def _free(self) -> _Pool | None:
        return next((pool for pool in self._pools if len(pool.busy) < self._each), None)


class _Content(httpx2.AsyncByteStream):
    """An answer's content; the connection is busy until it is closed."""

    def __init__(self, stream: httpx2.AsyncByteStream, pool: _Pool, request: httpx2.Request) -> None:
        self._stream, self._pool, self._request = stream, pool, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._pool.busy.discard(self._request)


def small_pools(connections: int) -> SmallPools:
    """Pools of so many connections to the real network, all with the same trusted certificates.

    Proxies and certificates from the environment would be settings that nobody set.
    """
    trusted = httpx2.create_ssl_context(trust_env=False)
    sizes = [min(_EACH, connections - begin) for begin in range(0, connections, _EACH)]
    return SmallPools(
        *(
            httpx2.AsyncHTTPTransport(verify=trusted, trust_env=False, limits=httpx2.Limits(max_connections=size))
            for size in sizes
        )
    )
