"""A request that judges nothing comes again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from _forgeries import Request
from hostile_signatures import Tally, _send_until_judged

FORGED = Request("forged", b"POST", b"/api/hubspot/webhook", [], b"[]", ())


@asynccontextmanager
async def answering(statuses: Sequence[int]) -> AsyncIterator[str]:
    """A server's address that answers with each of these in turn."""
    left = iter(statuses)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for status in left:
            await reader.readuntil(b"\r\n\r\n" + FORGED.body)
            writer.write(b"HTTP/1.1 %d Said\r\ncontent-length: 0\r\n\r\n" % status)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("statuses", "judged", "put_off"), [([401], 401, 0), ([503, 503, 200], 200, 2), ([503, 500], 500, 1)]
)
async def test_what_was_put_off_comes_again_until_it_is_judged(
    statuses: Sequence[int], judged: int, put_off: int
) -> None:
    """A 503 is counted and the request sent again; anything else is the judgement, a failure of the server too."""
    tally = Tally()
    async with answering(statuses) as url:
        connection, status = await _send_until_judged(FORGED, url, None, tally)
    assert connection is not None
    connection.close()

    assert (judged, put_off) == (status, tally.put_off)
