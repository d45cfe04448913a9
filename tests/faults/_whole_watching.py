"""What is looked at all the time in the run over the whole system: HubSpot's log, the groups at Kafka, the database."""

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
from _whole_soak import Soak, hourly
from _whole_stalls import Stall, Stillness, late
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from contracts.topics import MESSAGE_RECEIVED
from harness.control import HubSpotControl, Received
from harness.event_log import partitions_of
from harness.system import System
from harness.waiting import pace

GROUPS: Final = ("oauth", "actions", "timeline")
DATABASES: Final = ("oauth", "actions", "timeline")
HELD: Final = "held_messages"
"""What a stranger's poison fills, and no work of ours."""
LOOK_SECONDS: Final = 3.0
GLANCE_SECONDS: Final = 0.5
WEIGH_SECONDS: Final = 10.0
REQUEST_MILLISECONDS: Final = 5_000
ANSWER_SECONDS: Final = 8.0
"""The longest that Kafka is waited for before it is asked by new clients."""
WRITTEN: Final = 300
"""Below which status a write was done."""
GIVEN_UP_SECONDS: Final = 20.0
"""Whoever asked HubSpot waits for no answer any more."""
FAULT: Final = 500
"""From which status on nobody knows whether it was."""
KIB: Final = 1024


@dataclass
class Weight:
    """How much the services' databases hold, in KiB, by the monotonic clock; a stranger's poison aside."""

    seen: list[tuple[float, float]] = field(default_factory=list)

    async def go_on(self, system: System) -> None:
        """Look again and again."""
        async with AsyncMongoClient[dict[str, Any]](system.addresses.mongo_url) as client:
            while True:
                with contextlib.suppress(PyMongoError):
                    self.seen.append((time.monotonic(), await _weigh(client)))
                await pace(WEIGH_SECONDS)

    @property
    def gained(self) -> float:
        """By how much it grew, in KiB."""
        return self.seen[-1][1] - self.seen[0][1] if self.seen else 0.0

    @property
    def pace(self) -> float:
        """How fast it grew in the second half, to how fast in the first; 0 where there are not two."""
        half = len(self.seen) // 2
        first = hourly(self.seen[:half])
        return hourly(self.seen[half:]) / first if first > 0 else 0.0


class Watch:
    """Everything that is looked at from beginning to end.

    Attributes:
        seen: everything that HubSpot was asked, taken in while it is remembered there.
        began: when timing began, by the monotonic clock.
    """

    def __init__(self, system: System, hubspot: HubSpotControl, text: re.Pattern[str]) -> None:
        self._system, self._hubspot, self._text = system, hubspot, text
        self.seen: list[Received] = []
        self.stillness, self.soak, self.weight = Stillness(), Soak(), Weight()
        self.began = time.monotonic()
        self._written: dict[str, float] = {}
        self._doubted: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Look from now on."""
        for looking in (self._go_on(), self.soak.go_on(self._system), self.weight.go_on(self._system)):
            self._tasks.append(asyncio.create_task(looking))

    def begin_timing(self) -> None:
        """Look at what stands still too, now that everybody has begun to work."""
        self.began = time.monotonic()
        self._tasks.append(asyncio.create_task(_watch_groups(self._system, self.stillness)))

    async def end(self) -> None:
        """Look no more."""
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        self.stillness.close(time.monotonic())

    async def look(self) -> None:
        """Take in what HubSpot was asked since, up to the first request that it may still answer."""
        listed = await self._hubspot.requests(since=self.seen[-1].seq if self.seen else 0)
        new = list(itertools.takewhile(_has_ended, listed))
        apart = time.time() - time.monotonic()
        for one in new:
            ends = self._ends_like(one)
            if ends is not None:
                came = one.received_at - apart  # not now: a busy machine looks late
                ends |= dict.fromkeys(set(self._text.findall(one.body)) - ends.keys(), came)
        self.seen += [one for one in new if not one.path.startswith("/control")]

    def _ends_like(self, request: Received) -> dict[str, float] | None:
        """Where a write is noted: it was done, or nobody knows; none where HubSpot refused it, or it is no write."""
        if request.method != "POST":
            return None
        if request.status is None or request.status >= FAULT:
            return self._doubted
        return self._written if request.status < WRITTEN else None

    async def late(self, texts: Iterable[str]) -> list[Stall]:
        """Which of these replies lay in the topic for long before they were written."""
        said = await _received_at(self._system.addresses.kafka_bootstrap, self._text)
        return late({text: said[text] for text in texts if text in said}, self._written, self._doubted)

    async def _go_on(self) -> None:
        while True:
            with contextlib.suppress(httpx2.TransportError):
                await self.look()
            await pace(LOOK_SECONDS)


def _has_ended(request: Received) -> bool:
    return request.status is not None or request.received_at < time.time() - GIVEN_UP_SECONDS


async def _weigh(client: AsyncMongoClient[dict[str, Any]]) -> float:
    total = 0.0
    for name in DATABASES:
        total += (await client[name].command("dbStats"))["dataSize"]
        if HELD in await client[name].list_collection_names():
            total -= (await client[name].command("collStats", HELD))["size"]
    return total / KIB


async def _watch_groups(system: System, stillness: Stillness) -> None:
    """Look at every group's progress again and again; while Kafka is away there is nothing to see."""
    while True:
        with contextlib.suppress(KafkaError, OSError):
            await _glance(system.addresses.kafka_bootstrap, stillness)
        await pace(GLANCE_SECONDS)


async def _glance(bootstrap: str, stillness: Stillness) -> None:
    """Look again and again until Kafka goes away, or does not answer: a client may wait for ever for a frozen one."""
    async with contextlib.AsyncExitStack() as opened:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MILLISECONDS)
        opened.push_async_callback(_closed, admin.close)
        await in_time(admin.start(), ANSWER_SECONDS)
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=REQUEST_MILLISECONDS)
        opened.push_async_callback(_closed, consumer.stop)
        await in_time(consumer.start(), ANSWER_SECONDS)

        async def looked() -> None:
            for group in GROUPS:
                committed = await admin.list_consumer_group_offsets(group)
                ends = await consumer.end_offsets(list(committed))
                positions = {f"{one.topic}/{one.partition}": (committed[one].offset, ends[one]) for one in ends}
                stillness.see(group, positions, time.monotonic())

        while True:
            await in_time(looked(), ANSWER_SECONDS)
            await pace(GLANCE_SECONDS)


async def _closed(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Close a client, which takes no longer than an answer may."""
    with contextlib.suppress(KafkaError, OSError):
        await in_time(close(), ANSWER_SECONDS)


async def in_time(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Wait for something at most so long; what does not let itself be cancelled, as aiokafka now and then, is left.

    Raises:
        TimeoutError: it took longer.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise TimeoutError
    finally:
        task.cancel()
    await task


async def _received_at(bootstrap: str, text: re.Pattern[str]) -> dict[str, float]:
    """When each text of the run came into the topic of replies, by the monotonic clock."""
    apart, found = time.time() - time.monotonic(), dict[str, float]()
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        partitions = await partitions_of(bootstrap, MESSAGE_RECEIVED.name)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                for record in batch:
                    for known in text.findall((record.value or b"").decode(errors="replace")):
                        found.setdefault(known, record.timestamp / 1000 - apart)
    return found
