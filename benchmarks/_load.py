"""A load generator in a process of its own, so that it can be held to a core: `python _load.py`.

Commands come as lines of JSON on standard input, and each is answered by a line of JSON. Requests are made before the
clock starts; what a request costs while it runs is a write, a read and a few look-ups, some ten microseconds.

Without a `rate` each connection sends its next request as soon as it has an answer. With one, requests fall due by a
fixed schedule, whatever is answered. A connection has one request under way, as HubSpot's have, so a request that falls
due while all are busy cannot be sent; it is counted, and not made up for.
"""

import asyncio
import json
import sys
import time
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import uvloop
from _deliveries import Deliveries

OK: Final = 200
TICK_SECONDS: Final = 0.001
"""How often it is looked what has fallen due."""

GRACE_SECONDS: Final = 15.0
"""How long answers are waited for after the last request."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to drive.

    Attributes:
        url: where the service is.
        secret: signs.
        public_url: what the signature covers.
        connections: each with one request under way.
        seconds: how long requests are begun.
        first: the first contact's id.
        requests: so many are made at most.
        events: in each.
        accepted: a file to which the first ids of acknowledged requests are appended.
        rate: requests that fall due in a second; none is as many as are answered.
    """

    url: str
    secret: str
    public_url: str
    connections: int
    seconds: float
    first: int
    requests: int
    events: int
    accepted: str
    rate: float | None = None


@dataclass
class Outcome:
    """What came of it; times in seconds, from the moment a request is written to its whole answer.

    Of a schedule: how many could not be sent, and by how much the generator itself was late.
    """

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    broken: int = 0
    unanswered: int = 0
    p50: float = 0.0
    p99: float = 0.0
    longest: float = 0.0
    not_sent: int = 0
    late: float = 0.0


class Window:
    """One window: requests, and what came back."""

    def __init__(self, order: Order, requests: list[bytes]) -> None:
        self.ends = 0.0
        self.taken: list[float] = []
        self.statuses: dict[int, int] = {}
        self.accepted = array("Q")
        self.broken = 0
        self.idle = asyncio.Event()
        self.running = order.connections
        self.rate, self.free = order.rate, deque["Client"]()
        self.not_sent, self.late = 0, 0.0
        self._numbered: Iterator[tuple[int, bytes]] = (
            (order.first + number * order.events, request) for number, request in enumerate(requests)
        )

    def next(self) -> tuple[int, bytes] | None:
        """The next request with its first id, while there is time."""
        if time.perf_counter() >= self.ends:
            return None
        return next(self._numbered, None)

    def answered(self, first: int, status: int, seconds: float) -> None:
        """An answer came."""
        self.taken.append(seconds)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == OK:
            self.accepted.append(first)

    def follow(self, client: "Client") -> None:
        """A connection has its answer: it sends the next request, or waits until one falls due."""
        if self.rate is None or time.perf_counter() >= self.ends:
            client.go_on()
        else:
            client.busy = False
            self.free.append(client)

    async def keep_schedule(self, rate: float) -> None:
        """Send what falls due, until the time is over."""
        began = seen = time.perf_counter()
        done = 0
        while seen < self.ends:
            due = int((seen - began) * rate) - done
            done += due
            sent = min(due, len(self.free))
            for _ in range(sent):
                self.free.popleft().go_on()
            self.not_sent += due - sent
            await asyncio.sleep(TICK_SECONDS)
            before, seen = seen, time.perf_counter()
            self.late = max(self.late, seen - before)
        while self.free:
            self.free.popleft().go_on()

    def rest(self) -> None:
        """A connection has no more to do."""
        self.running -= 1
        if not self.running:
            self.idle.set()


class Client(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._first, self._began = 0, 0.0
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own classes derive from neither

    def go_on(self) -> None:
        """Send the next request, or rest."""
        following = self._window.next()
        self.busy = following is not None
        if following is None or self._transport is None:
            self._window.rest()
            return
        self._first, request = following
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Read an answer; it has a length and is short."""
        self._buffer = self._buffer + data if self._buffer else data
        head, mark, body = self._buffer.partition(b"\r\n\r\n")
        if not mark:
            return
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if len(body) < int(length or 0):
            return
        self._buffer = b""
        self._window.answered(self._first, int(head[9:12]), time.perf_counter() - self._began)
        self._window.follow(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """A request that was under way has no answer."""
        del exc
        self._transport = None
        if self.busy:
            self.busy = False
            self._window.broken += 1
            self._window.rest()

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()


async def drive(order: Order) -> Outcome:
    """One window."""
    deliveries = Deliveries(order.secret.encode(), order.public_url.encode())
    window = Window(order, deliveries.make(order.first, order.requests, order.events))
    place, loop = urlsplit(order.url), asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(window), place.hostname, place.port))[1]
        for _ in range(order.connections)
    ]
    began = time.perf_counter()
    window.ends = began + order.seconds
    for client in clients:
        window.follow(client)
    try:
        async with asyncio.timeout(order.seconds + GRACE_SECONDS):
            if order.rate is not None:
                await window.keep_schedule(order.rate)
            await window.idle.wait()
    except TimeoutError:
        pass
    took = time.perf_counter() - began
    unanswered = sum(client.busy for client in clients)
    for client in clients:
        client.busy = False
        client.close()
    _remember(window.accepted, Path(order.accepted))
    taken = sorted(window.taken) or [0.0]
    return Outcome(
        seconds=took,
        statuses=window.statuses,
        broken=window.broken,
        unanswered=unanswered,
        p50=taken[len(taken) // 2],
        p99=taken[int(len(taken) * 0.99)],
        longest=taken[-1],
        not_sent=window.not_sent,
        late=window.late,
    )


def _remember(accepted: "array[int]", path: Path) -> None:
    with path.open("ab") as file:
        accepted.tofile(file)


def main() -> None:
    """Obey until standard input ends."""
    for line in sys.stdin:
        outcome = uvloop.run(drive(Order(**json.loads(line))))
        sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
