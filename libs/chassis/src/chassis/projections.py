"""Readiness of a projection: whether the group has reached the end offsets that this process saw first.

A final refusal is never given on stale knowledge, so a service that projects a topic is not ready before.
"""

from collections.abc import Callable
from typing import Protocol

from aiokafka.structs import TopicPartition

from chassis.partitions import Consumer, Partitions


class BehindError(Exception):
    """The projection has not reached the end that was seen at start."""


class OffsetReader(Consumer, Protocol):
    """What is used of aiokafka's consumer to know how far a group is."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """The partitions a topic has."""
        ...

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Offsets of the oldest records."""
        ...

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Offsets after the newest records."""
        ...

    async def committed(self, partition: TopicPartition) -> int | None:
        """What the group committed."""
        ...

    async def position(self, partition: TopicPartition) -> int:
        """The offset of the next record that is read."""
        ...


class CaughtUp:
    """A readiness check: passes for good once every partition was seen at or past its first end offset."""

    def __init__(self, topic: str, consumer: Callable[[], OffsetReader | None], partitions: Partitions) -> None:
        self._topic, self._consumer, self._partitions = topic, consumer, partitions
        self._waiting: dict[TopicPartition, int] | None = None

    async def __call__(self) -> None:
        """Look how far the group is.

        Raises:
            BehindError: not far enough, or that cannot be known yet.
        """
        if self._waiting is not None and not self._waiting:
            return
        consumer = self._consumer()
        if consumer is None:
            raise BehindError("not started")
        waiting = await self._ends(consumer) if self._waiting is None else self._waiting
        self._waiting = {
            partition: end for partition, end in waiting.items() if not await self._reached(consumer, partition, end)
        }
        if self._waiting:
            raise BehindError(f"{len(self._waiting)} partitions")

    async def _ends(self, consumer: OffsetReader) -> dict[TopicPartition, int]:
        numbers = consumer.partitions_for_topic(self._topic)
        if not numbers:
            raise BehindError("topic is not known yet")
        places = [TopicPartition(self._topic, number) for number in numbers]
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        return {place: ends[place] for place in places if ends[place] > begins[place]}

    async def _reached(self, consumer: OffsetReader, partition: TopicPartition, end: int) -> bool:
        # Compaction and retention can take the last records: no commit reaches the end then, but the position does.
        if self._partitions.idle and partition in consumer.assignment() and await consumer.position(partition) >= end:
            return True
        return (await consumer.committed(partition) or 0) >= end
