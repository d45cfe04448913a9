"""Load on the ingress that comes again as HubSpot and Chert do, and remembers what was acknowledged.

HubSpot comes again after any refusal and after 5 s of silence, ten times (hubspot-contract.md, section 3.2); its day of
retries is pressed into a minute here. Chert makes three attempts and takes a refusal as final (chert-contract.md,
section 14.8). New deliveries go on while old ones wait for their next attempt.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Self

from _ingress_deliveries import Delivery, Signer, request

from harness.connections import Answer, Connection, WireError
from harness.waiting import elapse

PATIENCE_SECONDS: Final = 5.0
"""How long either sender waits for an answer."""
CHERT_PAUSES: Final = (2.0, 8.0)
"""Before the second and third attempt (docs/assumptions.md, 8)."""
HUBSPOT_RETRIES: Final = 10
LONGEST_PAUSE: Final = 12.0
WAITING: Final = 2_000
"""The most deliveries that wait for an attempt; beyond it nothing new is made until some are through."""
IDLE_SECONDS: Final = 0.01

NO_ANSWER: Final = 0
"""The status of an attempt that was cut off, or waited in vain."""
UNREACHABLE: Final = -1
"""The status of an attempt that nobody listened to."""
OK: Final = range(200, 300)
CLIENT_ERROR: Final = range(400, 500)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: when it began and how long it took, in seconds of the monotonic clock, and its status."""

    began: float
    took: float
    status: int


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    attempts: int = field(compare=False)
    delivery: Delivery = field(compare=False)


@dataclass(slots=True)
class Account:
    """What became of everything.

    Attributes:
        acknowledged: what was answered with a 2xx; all of it has to be in Kafka.
        attempts: every attempt, oldest first.
        given_up: deliveries whose sender comes no more.
        refused: attempts that were answered with a 4xx, which nothing here deserves.
    """

    acknowledged: list[Delivery] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    given_up: int = 0
    refused: int = 0

    @property
    def events(self) -> int:
        """How many events were acknowledged."""
        return sum(len(delivery.facts) for delivery in self.acknowledged)

    @property
    def cut_off(self) -> int:
        """How many attempts were on their way and got no answer."""
        return sum(attempt.status == NO_ANSWER for attempt in self.attempts)


class Load:
    """Workers that deliver until they are told to finish; each rests for the pace between two attempts.

    Without a pace they take all that one core gives, and answers then wait for this process too.
    """

    def __init__(
        self,
        url: str,
        signer: Signer,
        make: Callable[[], Delivery],
        random: Random,
        *,
        workers: int,
        pace_seconds: float = 0.0,
        chert_pauses: Sequence[float] = CHERT_PAUSES,
    ) -> None:
        self.account = Account()
        self.in_flight = 0
        self._url, self._signer, self._make, self._random = url, signer, make, random
        self._workers, self._pace_seconds, self._chert_pauses = workers, pace_seconds, chert_pauses
        self._due: list[_Due] = []
        self._numbers: Iterator[int] = itertools.count()
        self._finishing = asyncio.Event()
        self._watchers: list[Callable[[], None]] = []

    async def __aenter__(self) -> Self:
        """Itself, at work."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Make nothing new, and deliver what waits."""
        self.finish()
        await asyncio.gather(*self._tasks)

    def finish(self) -> None:
        """Make nothing new from now on."""
        self._finishing.set()

    def when_acknowledged(self, do: Callable[[], None]) -> None:
        """Do something once, at the very moment when the next 2xx has been read."""
        self._watchers.append(do)

    async def _work(self) -> None:
        connection: Connection | None = None
        while (due := self._next()) is not None or not self._finishing.is_set() or self._due:
            if due is None:
                await elapse(IDLE_SECONDS)
                continue
            connection = await self._deliver(due, connection)
            if self._pace_seconds:
                await elapse(self._pace_seconds)
        if connection is not None:
            connection.close()

    def _next(self) -> _Due | None:
        """What to try next: what is due, else something new."""
        if self._due and self._due[0].at <= time.monotonic():
            return heapq.heappop(self._due)
        if self._finishing.is_set() or len(self._due) >= WAITING:
            return None
        return _Due(0, next(self._numbers), 0, self._make())

    async def _deliver(self, due: _Due, connection: Connection | None) -> Connection | None:
        body = due.delivery.body(due.attempts)
        wire = request(due.delivery, self._signer.sign(due.delivery, body, time.time()), body)
        began = time.monotonic()
        connection, status = await self._exchange(wire, connection)
        self.account.attempts.append(Attempt(began, time.monotonic() - began, status))
        if status in OK:
            self.account.acknowledged.append(due.delivery)
            watchers, self._watchers = self._watchers, []
            for do in watchers:
                do()
        else:
            self._later(due, status)
        return connection

    async def _exchange(self, wire: bytes, connection: Connection | None) -> tuple[Connection | None, int]:
        """What was answered, and the connection if it can be used again."""
        status = UNREACHABLE
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                connection = connection or await Connection.open(self._url)
                status = NO_ANSWER
                answer = await self._counted(connection, wire)
        except (WireError, OSError):  # running out of patience is one of the latter
            if connection is not None:
                connection.close()
            return None, status
        if answer.headers.get("connection") == "close":
            connection.close()
            return None, answer.status
        return connection, answer.status

    async def _counted(self, connection: Connection, wire: bytes) -> Answer:
        self.in_flight += 1
        try:
            return await connection.exchange(wire)
        finally:
            self.in_flight -= 1

    def _later(self, due: _Due, status: int) -> None:
        if status in CLIENT_ERROR:
            self.account.refused += 1
        pause = self._pause(due, status)
        if pause is None:
            self.account.given_up += 1
            return
        heapq.heappush(self._due, _Due(time.monotonic() + pause, due.number, due.attempts + 1, due.delivery))

    def _pause(self, due: _Due, status: int) -> float | None:
        """How long the sender waits for its next attempt; none when this was its last."""
        if due.delivery.sender == "hubspot":
            return self._random.uniform(0.1, LONGEST_PAUSE) if due.attempts < HUBSPOT_RETRIES else None
        if status in CLIENT_ERROR or due.attempts >= len(self._chert_pauses):
            return None
        return self._chert_pauses[due.attempts]
