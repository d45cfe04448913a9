"""Reading Kafka from outside: finding one event in a topic, and whether a consumer group is past it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from contracts.envelope import ContractError, Event, EventData, EventType, NewerVersionError, decode
from harness.waiting import ConditionNotMetError, eventually

D = TypeVar("D", bound=EventData)
D_co = TypeVar("D_co", bound=EventData, covariant=True)

_REQUEST_MILLISECONDS = 10_000


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

    async def wait_consumed(self, group: str, position: Position[EventData], *, seconds: float) -> None:
        """Wait until a consumer group has committed past this event, so that its work for it is durable.

        Raises:
            ConditionNotMetError: it had not within so many seconds.
        """
        topic = position.event.topic
        partition = TopicPartition(topic, position.partition)
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=_REQUEST_MILLISECONDS)
        await admin.start()

        async def past() -> bool:
            offsets = await admin.list_consumer_group_offsets(group, partitions=[partition])
            return bool(offsets[partition].offset > position.offset)

        try:
            await eventually(past, what=f"{group} to handle {topic}", seconds=seconds)
        finally:
            await admin.close()

    async def _read(self, kind: EventType[D]) -> AsyncGenerator[Position[D], None]:
        consumer = AIOKafkaConsumer(kind.name, bootstrap_servers=self._bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            async for record in consumer:
                if (event := _readable(kind, record.headers, record.value)) is not None:
                    yield Position(event, record.partition, record.offset)
        finally:
            await consumer.stop()


def _readable(kind: EventType[D], headers: Sequence[tuple[str, bytes]], value: bytes | None) -> Event[D] | None:
    """The event in a record; none for a tombstone and for what breaks the contract, which tests put there too."""
    try:
        return None if value is None else decode(kind, headers, value)
    except (ContractError, NewerVersionError):
        return None
