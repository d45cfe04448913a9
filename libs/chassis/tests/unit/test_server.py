"""The real server in a process of its own, against clients that dawdle."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from chassis.edge import MAX_HEADER_BYTES
from chassis.server import TRIPPED, DeadlineProtocol
from harness.ports import free_port
from harness.waiting import eventually

SCRIPT = Path(__file__).with_name("server_process.py")
SECONDS = 20.0
SOON = 8.0
MORE_THAN_BUFFERS_HOLD = 12
"""Answers of a mebibyte."""
HOST = b"Host: localhost\r\n"
SOUND = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Service:
    """A running server."""

    process: asyncio.subprocess.Process
    port: int

    async def connect(self, sent: bytes = b"") -> Connection:
        """A connection on which something was sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        await writer.drain()
        return reader, writer


@asynccontextmanager
async def service_on(port: int) -> AsyncIterator[Service]:
    """A server process; killed at the end at the latest."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(port), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield Service(process, port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """A server that answers."""
    async with service_on(free_port()) as service:

        async def answers() -> bool:
            with suppress(ConnectionRefusedError):
                _, writer = await service.connect()
                await close(writer)
                return True
            return False

        await eventually(answers, what="the server", seconds=SECONDS)
        yield service


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection from our side."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def rest(connection: Connection) -> bytes:
    """What comes until the server closes."""
    reader, writer = connection
    try:
        async with asyncio.timeout(SOON):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        await close(writer)


async def answer(reader: asyncio.StreamReader) -> bytes:
    """One answer on a connection that stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def test_clients_that_dawdle_are_closed(service: Service, subtests: pytest.Subtests) -> None:
    """Without complete headers in time a connection is closed, whatever came of them and whatever was before."""
    dawdlers = {
        "nothing at all": b"",
        "half a request line": b"GET /",
        "half the headers": b"GET / HTTP/1.1\r\n" + HOST,
        "an empty line after an answer": SOUND + b"\r\n",
        "half a second request": SOUND + b"GET / HT",
    }
    for name, sent in dawdlers.items():
        with subtests.test(name):
            got = await rest(await service.connect(sent))
            assert sent.startswith(SOUND) == got.startswith(b"HTTP/1.1 200")


async def test_a_body_that_does_not_come_is_503_and_closed(service: Service) -> None:
    """Half a body is answered 503 in time, and the connection ends."""
    head = b"POST /read HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\n12345"
    assert (await rest(await service.connect(head))).startswith(b"HTTP/1.1 503")


async def drip(service: Service, sent: bytes, drop: bytes) -> float:
    """Send something, then drop after drop until the server closes; how long that took."""
    began = time.monotonic()
    reader, writer = await service.connect(sent)
    with suppress(ConnectionError):
        while time.monotonic() - began < SECONDS:
            writer.write(drop)
            await writer.drain()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    if not await reader.read(1000):
                        break
    await close(writer)
    return time.monotonic() - began


async def test_dripping_does_not_help(service: Service, subtests: pytest.Subtests) -> None:
    """A client that sends a byte now and then is closed as soon as one that sends nothing."""
    post = b" HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n"
    drippers = {
        "headers": (b"GET / HTTP/1.1\r\nX-Long: ", b"x"),
        "a body that is read": (b"POST /read" + post, b"x"),
        "a body that nobody reads": (b"POST /unread" + post, b"x"),
        "empty lines": (SOUND, b"\r\n"),
    }
    for name, (sent, drop) in drippers.items():
        with subtests.test(name):
            assert await drip(service, sent, drop) < SOON


async def test_a_client_that_reads_nothing_is_closed(service: Service) -> None:
    """Answers that fill every buffer, because nobody reads them, hold no connection."""
    _, writer = await service.connect(SOUND.replace(b"/ ", b"/large ", 1) * MORE_THAN_BUFFERS_HOLD)
    ours, server = writer.get_extra_info("sockname")[1], psutil.Process(service.process.pid)

    async def is_closed() -> bool:
        return ours not in {getattr(one.raddr, "port", 0) for one in server.net_connections(kind="tcp")}

    await eventually(is_closed, what="the connection to be closed", seconds=SECONDS)
    await close(writer)

    assert service.process.returncode is None


async def test_a_request_that_never_ends_is_closed(service: Service) -> None:
    """Dripping headers first and a body then gains no time: the request as a whole has one deadline."""
    head = b"POST /unread HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n"

    assert await drip(service, head[:20], head[20:] + b"x") < SOON


class Transport(asyncio.Transport):
    """A connection that remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data: bytes) -> None:
        """Remember it."""
        self.written += data

    def close(self) -> None:
        """Remember it."""
        self.closed = True

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.closed


async def nothing(_: Scope, receive: Receive, __: Send) -> None:
    """An app that waits for the body."""
    while (await receive())["type"] != "http.disconnect":
        pass


CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "endless"),
    [(b"", b"GET / HTTP/1.1\r\nX-Long: "), (CHUNKED, b"0\r\nX-Trailer: "), (CHUNKED, b"1;extension=")],
)
async def test_what_says_nothing_is_refused(head: bytes, endless: bytes) -> None:
    """Headers, trailers and chunk extensions that do not end are 431 before they fill the memory."""
    config = uvicorn.Config(nothing, interface="asgi3", lifespan="off", log_config=None)
    config.load()
    protocol, transport = DeadlineProtocol(config=config, server_state=ServerState(), app_state={}), Transport()
    protocol.connection_made(transport)
    protocol.data_received(head)
    protocol.data_received(endless + b"x" * (MAX_HEADER_BYTES - len(endless)))
    assert not transport.closed
    protocol.data_received(b"x")
    assert (True, True) == (transport.closed, transport.written.startswith(b"HTTP/1.1 431 "))
    protocol.connection_lost(None)


async def test_honest_clients_are_left_alone(service: Service) -> None:
    """Kept connections, pipelined requests and slow handlers outlive the header deadline."""
    reader, writer = await service.connect(SOUND * 3)
    for _ in range(3):
        assert (await answer(reader)).startswith(b"HTTP/1.1 200")
    writer.write(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n" + SOUND)
    for _ in range(2):
        assert (await answer(reader)).startswith(b"HTTP/1.1 200")
    await close(writer)


async def test_a_large_body_hears_why(service: Service) -> None:
    """A client that sends far too much gets its 413 instead of a reset."""
    head = b"POST /read HTTP/1.1\r\n" + HOST + b"Content-Length: 8000000\r\n\r\n"
    reader, writer = await service.connect(head)
    writer.write(b"x" * 8_000_000)
    assert (await answer(reader)).startswith(b"HTTP/1.1 413")
    await close(writer)


async def stopped(service: Service, stop: Callable[[], Awaitable[None]]) -> tuple[float, bytes]:
    """Stop a server; how long it took, and what it told."""
    began = time.monotonic()
    await stop()
    told = await service.process.stdout.read()
    await service.process.wait()
    return time.monotonic() - began, told


async def test_a_stop_does_not_wait_for_stuck_clients(service: Service) -> None:
    """On SIGTERM stuck clients are closed, requests in flight get their time and then 503, and the lifespan ends."""
    heads = (b"", b"GET / HTTP/1.1\r\n", b"POST /read HTTP/1.1\r\nContent-Length: 10\r\n" + HOST + b"\r\n1", SOUND)
    idle = [await service.connect(head) for head in heads * 10]
    slow, slow_writer = await service.connect(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
    reader, writer = await service.connect(b"GET /stuck HTTP/1.1\r\n" + HOST + b"\r\n")
    assert [b"opened\n", b"stuck\n"] == [await service.process.stdout.readline() for _ in range(2)]

    async def stop() -> None:
        service.process.send_signal(signal.SIGTERM)

    seconds, told = await stopped(service, stop)
    assert seconds < SOON
    assert [b"closed"] == told.split()
    assert (await slow.read()).startswith(b"HTTP/1.1 200")
    assert (await reader.read()).startswith(b"HTTP/1.1 503")
    for each in (writer, slow_writer, *[writer for _, writer in idle]):
        await close(each)


async def test_a_trip_ends_the_process_with_a_failure(service: Service) -> None:
    """A process that tripped drains, closes its lifespan and ends with an exit code of its own."""

    async def stop() -> None:
        reader, writer = await service.connect(b"POST /trip HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await answer(reader)).startswith(b"HTTP/1.1 200")
        await close(writer)

    seconds, told = await stopped(service, stop)
    assert (TRIPPED, [b"opened", b"closed"]) == (service.process.returncode, told.split())
    assert seconds < SOON


async def test_a_taken_port_ends_the_process_with_a_failure() -> None:
    """A server that cannot listen ends with a failure instead of hanging."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with service_on(taken.getsockname()[1]) as service:
            assert await service.process.wait() not in {0, TRIPPED}
