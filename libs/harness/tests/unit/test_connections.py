"""Thin connections, against a small server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from harness.connections import Connection, WireError, request

ANSWERS = {
    b"/text": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name: a value\r\n\r\nhello",
    b"/empty": b"HTTP/1.1 302 Found\r\nlocation: /console\r\ncontent-length: 0\r\n\r\n",
    b"/chunked": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"/gone": b"",
}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer by path, and echo bodies; nothing to say ends the connection."""
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"Content-Length")), 0)
            body = await reader.readexactly(length)
            echo = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
            answer = ANSWERS.get(head.split(b" ")[1], echo)
            writer.write(answer)
            if not answer:
                break
    writer.close()
    await writer.wait_closed()


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    """A connection to the small server."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, await Connection.open(f"http://127.0.0.1:{port}") as connection:
        yield connection


async def test_requests_share_a_connection(connection: Connection) -> None:
    """One answer after the other, each whole, with headers in lower case."""
    first = await connection.exchange(request("GET", "/text", {"Accept": "text/plain"}))
    second = await connection.exchange(request("GET", "/empty"))

    assert (200, b"hello", "a value") == (first.status, first.body, first.headers["x-name"])
    assert (302, b"", "/console") == (second.status, second.body, second.headers["location"])


async def test_a_body_is_sent_with_its_length(connection: Connection) -> None:
    """The server reads what was sent."""
    answer = await connection.exchange(request("POST", "/echo", body=b"what was sent"))

    assert b"what was sent" == answer.body


@pytest.mark.parametrize("path", ["/gone", "/chunked"])
async def test_what_cannot_be_read_is_an_error(connection: Connection, path: str) -> None:
    """A closed connection or a body without a length never looks like an answer."""
    with pytest.raises(WireError):
        await connection.exchange(request("GET", path))
