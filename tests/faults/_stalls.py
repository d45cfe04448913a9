"""How long a partition stands still: records lie in it, and its group commits none of them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from harness.event_log import partitions_of
from harness.waiting import pace

EVERY_SECONDS: Final = 0.05


@dataclass
class Stalls:
    """What was seen of every partition of a topic, as often as one can look.

    Attributes:
        longest: the longest, in seconds, that a partition with something to do stood still.
        looks: how often it was looked.
        rarest: the longest between two looks, which is what `longest` may be too large or too small by.
    """

    longest: float = 0.0
    looks: int = 0
    rarest: float = 0.0
    _committed: dict[TopicPartition, int] = field(default_factory=dict)
    _since: dict[TopicPartition, float] = field(default_factory=dict)
    _looked_at: float | None = None

    def see(self, partition: TopicPartition, committed: int, end: int, now: float) -> None:
        """Take in how far a partition is at a moment of a monotonic clock."""
        moved = self._committed.get(partition) != committed
        self._committed[partition] = committed
        since = self._since.get(partition)
        if since is not None:
            self.longest = max(self.longest, now - since)
        if committed >= end:
            self._since.pop(partition, None)
        elif since is None or moved:
            self._since[partition] = now

    def looked(self, now: float) -> None:
        """Say that every partition was seen at a moment."""
        if self._looked_at is not None:
            self.rarest = max(self.rarest, now - self._looked_at)
        self._looked_at = now
        self.looks += 1


@asynccontextmanager
async def watching(bootstrap: str, group: str, topic: str) -> AsyncIterator[Stalls]:
    """Look at a group's progress in a topic until the block ends."""
    stalls = Stalls()
    task = asyncio.create_task(_watch(bootstrap, group, topic, stalls))
    try:
        yield stalls
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _watch(bootstrap: str, group: str, topic: str, stalls: Stalls) -> None:
    partitions = await partitions_of(bootstrap, topic)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
            while True:
                ends = await consumer.end_offsets(partitions)
                offsets = await admin.list_consumer_group_offsets(group, partitions=partitions)
                now = time.monotonic()
                for partition, end in ends.items():
                    stalls.see(partition, max(offsets[partition].offset, 0), end, now)
                stalls.looked(now)
                await pace(EVERY_SECONDS)
    finally:
        await admin.close()
