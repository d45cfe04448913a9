"""How far each consumer group is behind, in messages and in seconds."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from chertctl.access import client_of
from chertctl.letters import Source
from chertctl.outcomes import AwayError

_POLL_MS: Final = 500
_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Lag:
    """How far one group is behind in one topic.

    Attributes:
        group: who.
        topic: where.
        messages: how many it has not committed.
        seconds: how long the oldest of them has been waiting; none where there is none.
        partitions: in how many partitions something waits.
    """

    group: str
    topic: str
    messages: int
    seconds: float | None
    partitions: int


async def measure(bootstrap: str, groups: Sequence[str] | None, topic: str | None, now: datetime) -> list[Lag]:
    """The lag of every group, or of those named, in every topic that they read, or in one.

    Our own groups are known by their dead-letter topics, so that one that never committed anything is seen too.

    Raises:
        AwayError: the broker does not answer in time.
    """
    try:
        async with asyncio.timeout(_SECONDS), AsyncExitStack() as stack:
            admin, consumer = AIOKafkaAdminClient(**client_of(bootstrap)), AIOKafkaConsumer(**client_of(bootstrap))
            stack.push_async_callback(admin.close)
            stack.push_async_callback(consumer.stop)
            await admin.start()
            await consumer.start()
            return await _Measurement(admin, consumer, now).of(groups, topic)
    except TimeoutError:
        raise AwayError("Kafka did not say in time where the groups are.") from None
    except KafkaError as error:
        raise AwayError(f"Kafka does not answer as it should ({type(error).__name__}).") from None


class _Measurement:
    """One look at groups and topics."""

    def __init__(self, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, now: datetime) -> None:
        self._admin, self._consumer, self._now = admin, consumer, now

    async def of(self, groups: Sequence[str] | None, topic: str | None) -> list[Lag]:
        ours = await self._ours()
        listed = {row[0] for row in await self._admin.list_consumer_groups()} | {group for group, _ in ours}
        found: list[Lag] = []
        for group in sorted(listed if groups is None else listed & set(groups)):
            committed = await self._admin.list_consumer_group_offsets(group)
            read = {name for owner, name in ours if owner == group} | {one.topic for one in committed}
            offsets = {one: max(place.offset, 0) for one, place in committed.items()}
            found += await self._behind(group, sorted(read if topic is None else read & {topic}), offsets)
        return found

    async def _ours(self) -> set[tuple[str, str]]:
        """Which group of ours reads which topic."""
        sources = [Source.of(name) for name in await self._admin.list_topics()]
        return {(source.group, source.topic) for source in sources if source is not None}

    async def _behind(self, group: str, topics: Sequence[str], offsets: Mapping[TopicPartition, int]) -> list[Lag]:
        described = await self._admin.describe_topics(list(topics)) if topics else []
        partitions = [
            TopicPartition(one["topic"], each["partition"]) for one in described for each in one["partitions"]
        ]
        if not partitions:
            return []
        begins = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        next_up = {one: max(offsets.get(one, 0), begins[one]) for one in partitions}
        waiting = {one: offset for one, offset in next_up.items() if offset < ends[one]}
        oldest = await _oldest(self._consumer, waiting)
        return [_lag(group, name, waiting, ends, oldest, self._now) for name in topics]


def _lag(
    group: str,
    topic: str,
    waiting: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    oldest: Mapping[TopicPartition, float],
    now: datetime,
) -> Lag:
    here = [one for one in waiting if one.topic == topic]
    ages = [now.timestamp() - oldest[one] for one in here if one in oldest]
    return Lag(
        group=group,
        topic=topic,
        messages=sum(ends[one] - waiting[one] for one in here),
        seconds=round(max(0.0, *ages), 1) if ages else None,
        partitions=len(here),
    )


async def _oldest(consumer: AIOKafkaConsumer, waiting: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, float]:
    """When the first waiting record of each partition was written, in Unix seconds."""
    oldest: dict[TopicPartition, float] = {}
    if not waiting:
        return oldest
    consumer.assign(list(waiting))
    for one, offset in waiting.items():
        consumer.seek(one, offset)
    while len(oldest) < len(waiting):
        for one, records in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
            oldest.setdefault(one, records[0].timestamp / 1000)
            consumer.pause(one)
    return oldest
