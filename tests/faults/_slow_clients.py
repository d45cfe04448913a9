"""Clients that hold a connection and are in no hurry, in a process of their own: `_slow_clients.py PORT COUNT PID`.

It prints a line when all of them have become slow, and at the end a line of JSON: for each sort how many there were,
how many were still open when patience ended, and the longest that one was kept, in seconds.
"""

import asyncio
import contextlib
import json
import resource
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import psutil

from harness.waiting import elapse

PATIENCE_SECONDS: Final = 30.0
DRIP_SECONDS: Final = 0.5
LOOK_SECONDS: Final = 0.1
LOOK_AT_SERVER_SECONDS: Final = 1.0
"""Reading a process's connections keeps a core busy for a tenth of a second among so many."""
OPEN: Final = 1
"""How Linux numbers an established connection (`TCP_INFO`, its first byte)."""
OPENED_AT_ONCE: Final = 100
SMALL_BUFFER: Final = 2_048
DEAF: Final = 5
"""How many ask for more than both ends' buffers hold; more of them would be a flood."""
BUFFERS_HOLD: Final = 5 * 1024 * 1024
SETTLE_SECONDS: Final = 2.0
"""Until what the deaf ask for is written as far as it goes."""
READY: Final = "all are slow"

_POST: Final = b"POST /api/hubspot/webhook HTTP/1.1\r\nHost: localhost\r\n"
_UNSIGNED: Final = _POST + b"Content-Length: 0\r\n\r\n"
_LARGE_ANSWER: Final = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Client:
    """One slow client.

    Attributes:
        since: when it became slow, by the monotonic clock.
        until: when it was seen to be closed; none while it is open.
    """

    sort: str
    since: float = 0.0
    until: float | None = None
    _closed: asyncio.Event = field(default_factory=asyncio.Event)

    def was_closed(self) -> None:
        """Somebody has seen that it is closed."""
        if self.until is None:
            self.until = time.monotonic()
            self._closed.set()

    async def until_closed(self) -> None:
        """Wait until somebody has seen it."""
        await self._closed.wait()

    @property
    def kept(self) -> float:
        """How long it was kept, in seconds; patience, if for longer."""
        return PATIENCE_SECONDS if self.until is None else self.until - self.since


class Crowd:
    """All of them, and a look at those that read nothing, so that nobody tells them."""

    def __init__(self, port: int, server: psutil.Process) -> None:
        self._port, self._server = port, server
        self._gate = asyncio.Semaphore(OPENED_AT_ONCE)
        self._not_reading: list[tuple[socket.socket, Client]] = []
        self._full: dict[int, Client] = {}
        self._asked = b""

    async def run(self, count: int) -> list[Client]:
        """Become slow, the deaf first, and stay so until closed or out of patience."""
        self._asked = _LARGE_ANSWER * (BUFFERS_HOLD // await self._size_of_answer() + 1)
        sorts = (self.no_bytes, self.half_a_header, self.dripped_header, self.dripped_body, self.idle, self.no_reader)
        chosen = [self.deaf] * DEAF + [sorts[number % len(sorts)] for number in range(count - DEAF)]
        clients = [Client(sort.__name__) for sort in chosen]
        slow = [asyncio.Event() for _ in clients]
        holding = [self._hold(*one) for one in zip(chosen, clients, slow, strict=True)]
        tasks = [asyncio.create_task(one) for one in holding[:DEAF]]
        await asyncio.gather(*(event.wait() for event in slow[:DEAF]))
        tasks += [asyncio.create_task(one) for one in holding[DEAF:]]
        await asyncio.gather(*(event.wait() for event in slow))
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        looks = [asyncio.create_task(self._look()), asyncio.create_task(self._look_at_server())]
        await asyncio.gather(*tasks)
        for look in looks:
            look.cancel()
        return clients

    async def _hold(
        self,
        sort: Callable[[asyncio.StreamReader, asyncio.StreamWriter, Client, asyncio.Event], Awaitable[None]],
        client: Client,
        slow: asyncio.Event,
    ) -> None:
        async with self._gate:
            reader, writer = await asyncio.open_connection(
                sock=await self._connected(sort in {self.no_reader, self.deaf})
            )
        client.since = time.monotonic()
        try:
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await sort(reader, writer, client, slow)
        finally:
            slow.set()
            writer.transport.abort()

    async def _size_of_answer(self) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(_LARGE_ANSWER)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return int(head.lower().partition(b"content-length:")[2].split()[0])

    async def _connected(self, small: bool) -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        if small:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._port))
        return connection

    async def no_bytes(
        self, reader: asyncio.StreamReader, _: asyncio.StreamWriter, client: Client, slow: asyncio.Event
    ) -> None:
        """Connects, and says nothing."""
        slow.set()
        await _closed(reader, client)

    async def half_a_header(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client, slow: asyncio.Event
    ) -> None:
        """Stops in the middle of a header."""
        writer.write(_POST + b"X-HubSpot-Sig")
        slow.set()
        await _closed(reader, client)

    async def dripped_header(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client, slow: asyncio.Event
    ) -> None:
        """Goes on with its headers, a byte at a time."""
        writer.write(_POST + b"X-Long: ")
        slow.set()
        await self._drip(reader, writer, client, b"a")

    async def dripped_body(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client, slow: asyncio.Event
    ) -> None:
        """Goes on with its body, a byte or a chunk at a time."""
        chunked = id(client) % 32 == 0
        length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 100000"
        writer.write(_POST + length + b"\r\n\r\n")
        slow.set()
        await self._drip(reader, writer, client, b"1\r\n[\r\n" if chunked else b"[")

    async def idle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client, slow: asyncio.Event
    ) -> None:
        """Gets an answer, and keeps the connection for later."""
        writer.write(_UNSIGNED)
        await reader.readuntil(b"\r\n\r\n")
        client.since = time.monotonic()
        slow.set()
        await _closed(reader, client)

    async def no_reader(
        self, _: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client, slow: asyncio.Event
    ) -> None:
        """Asks, and reads nothing; only the state of its connection tells that it was closed."""
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # the transport of a socket reads
        writer.write(_UNSIGNED)
        self._not_reading.append((writer.get_extra_info("socket"), client))
        slow.set()
        await client.until_closed()

    async def deaf(
        self, _: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client, slow: asyncio.Event
    ) -> None:
        """Asks for so much that the server cannot write it all, its end included, and reads nothing."""
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # as above
        writer.write(self._asked)
        await elapse(SETTLE_SECONDS)
        client.since = time.monotonic()
        self._full[writer.get_extra_info("sockname")[1]] = client
        slow.set()
        await client.until_closed()

    async def _drip(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: Client, drop: bytes
    ) -> None:
        closed = asyncio.create_task(_closed(reader, client))
        while not closed.done():
            writer.write(drop)
            await asyncio.wait({closed}, timeout=DRIP_SECONDS)

    async def _look(self) -> None:
        """Look whose connection is no longer open."""
        while True:
            await elapse(LOOK_SECONDS)
            for connection, client in self._not_reading:
                if client.until is None and not _is_open(connection):
                    client.was_closed()

    async def _look_at_server(self) -> None:
        """Look which connections the server still has, while there are such whose own end says nothing of it."""
        while any(client.until is None for client in self._full.values()):
            await elapse(LOOK_AT_SERVER_SECONDS)
            kept = await asyncio.to_thread(self._kept)
            for port, client in self._full.items():
                if port not in kept:
                    client.was_closed()

    def _kept(self) -> set[int]:
        """The far ends of the server's connections; none once it has ended."""
        try:
            family = [self._server, *self._server.children(recursive=True)]
            found = [connection for one in family for connection in one.net_connections(kind="tcp")]
        except psutil.NoSuchProcess:
            return set()
        return {getattr(connection.raddr, "port", 0) for connection in found}


def _is_open(connection: socket.socket) -> bool:
    state: int = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state == OPEN


async def _closed(reader: asyncio.StreamReader, client: Client) -> None:
    """Wait until the server closes, whatever it says before."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(4_096):
            pass
    client.was_closed()


def main() -> None:
    """Be slow, and tell."""
    port, count, pid = (int(argument) for argument in sys.argv[1:])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    clients = asyncio.run(Crowd(port, psutil.Process(pid)).run(count))
    told = {}
    for sort in sorted({client.sort for client in clients}):
        same = [client for client in clients if client.sort == sort]
        still_open = sum(client.until is None for client in same)
        told[sort] = {"count": len(same), "open": still_open, "longest": max(client.kept for client in same)}
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    main()
