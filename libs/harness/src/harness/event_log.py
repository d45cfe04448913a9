"""Reading Kafka from outside: finding one event in a topic, and whether a consumer group is past it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from contracts.envelope import ContractError, Event, EventData, EventType, NewerVersionError, decode
from harness.waiting import ConditionNotMetError, eventually

D = TypeVar("D", bound=EventData)
D_co = TypeVar("D_co", bound=EventData, covariant=True)

_REQUEST_MILLISECONDS = 10_000
_POLL_MILLISECONDS = 200


@dataclass(frozen=True)
class Position(Generic[D_co]):
    """One event and where it lies."""

    event: Event[D_co]
    partition: int
    offset: int

    def follows(self, other: "Position[EventData]") -> bool:
        """Whether it came later to the same partition."""
        return self.partition == other.partition and self.offset > other.offset


class EventLog:
    """The topics of one Kafka."""

    def __init__(self, bootstrap: str) -> None:
        """The Kafka at `host:port`."""
        self._bootstrap = bootstrap

    async def find(
        self,
        kind: EventType[D],
        matches: Callable[[D], bool],
        *,
        seconds: float,
        after: Position[EventData] | None = None,
    ) -> Position[D]:
        """The oldest event of a kind whose data matches, or the next one after that; it may still be on its way.

        Raises:
            ConditionNotMetError: none came within so many seconds.
        """
        try:
            async with asyncio.timeout(seconds), aclosing(self._read(kind)) as positions:
                async for position in positions:
                    if matches(position.event.data) and (after is None or position.follows(after)):
                        return position
        except TimeoutError:
            pass
        raise ConditionNotMetError(f"waited {seconds:g} s in vain for {kind.name}")

    async def all(self, kind: EventType[D]) -> list[Position[D]]:
        """Every event of a kind that is there now, by partition and offset."""
        partitions = await partitions_of(self._bootstrap, kind.name)
        found: list[Position[D]] = []
        async with AIOKafkaConsumer(bootstrap_servers=self._bootstrap, auto_offset_reset="earliest") as consumer:
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            while any([await consumer.position(one) < end for one, end in ends.items()]):
                batches = await consumer.getmany(timeout_ms=_POLL_MILLISECONDS)
                for record in chain.from_iterable(batches.values()):
                    found += _positioned(kind, record)
        return sorted(found, key=lambda position: (position.partition, position.offset))

    async def wait_count(
        self, kind: EventType[D], matches: Callable[[D], bool], count: int, *, seconds: float
    ) -> list[Position[D]]:
        """All events of a kind whose data matches, once there are at least so many.

        Raises:
            ConditionNotMetError: there were fewer within so many seconds.
        """

        async def enough() -> list[Position[D]] | None:
            found = [position for position in await self.all(kind) if matches(position.event.data)]
            return found if len(found) >= count else None

        return await eventually(enough, what=f"{count} of {kind.name}", seconds=seconds)

    async def wait_drained(self, group: str, topic: str, *, seconds: float) -> None:
        """Wait until a consumer group has committed everything that is in a topic now.

        Raises:
            ConditionNotMetError: it had not within so many seconds.
        """
        partitions = await partitions_of(self._bootstrap, topic)
        async with AIOKafkaConsumer(bootstrap_servers=self._bootstrap) as consumer:
            ends = await consumer.end_offsets(partitions)
        async with _admin(self._bootstrap) as admin:

            async def drained() -> bool:
                offsets = await admin.list_consumer_group_offsets(group, partitions=partitions)
                return all(offsets[one].offset >= end for one, end in ends.items() if end)

            await eventually(drained, what=f"{group} to drain {topic}", seconds=seconds)

    async def wait_consumed(self, group: str, position: Position[EventData], *, seconds: float) -> None:
        """Wait until a consumer group has committed past this event, so that its work for it is durable.

        Raises:
            ConditionNotMetError: it had not within so many seconds.
        """
        topic = position.event.topic
        partition = TopicPartition(topic, position.partition)
        async with _admin(self._bootstrap) as admin:

            async def past() -> bool:
                offsets = await admin.list_consumer_group_offsets(group, partitions=[partition])
                return bool(offsets[partition].offset > position.offset)

            await eventually(past, what=f"{group} to handle {topic}", seconds=seconds)

    async def _read(self, kind: EventType[D]) -> AsyncGenerator[Position[D], None]:
        consumer = AIOKafkaConsumer(kind.name, bootstrap_servers=self._bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            async for record in consumer:
                for position in _positioned(kind, record):
                    yield position
        finally:
            await consumer.stop()


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncGenerator[AIOKafkaAdminClient, None]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=_REQUEST_MILLISECONDS)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def partitions_of(bootstrap: str, *topics: str) -> list[TopicPartition]:
    """The partitions of some topics."""
    async with _admin(bootstrap) as admin:
        described = await admin.describe_topics(list(topics))
    return [TopicPartition(one["topic"], each["partition"]) for one in described for each in one["partitions"]]


def _positioned(kind: EventType[D], record: ConsumerRecord) -> list[Position[D]]:
    """The event in a record; none for a tombstone and for what breaks the contract, which tests put there too."""
    if record.value is None:
        return []
    try:
        return [Position(decode(kind, record.headers, record.value), record.partition, record.offset)]
    except (ContractError, NewerVersionError):
        return []
