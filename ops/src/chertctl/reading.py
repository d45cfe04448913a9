"""Reading topics as an operator: between given offsets, in no consumer group, disturbing nobody."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from chassis.clock import milliseconds
from chertctl.access import client_of
from chertctl.outcomes import AwayError, OperatorError, WrongCallError

ANSWER_SECONDS: Final = 15.0
"""The longest the broker may take for one poll that must bring something."""

RawHeaders = Sequence[tuple[str, bytes | None]]
"""Headers as Kafka has them: names may repeat, values may be missing."""

_FETCH_BYTES: Final = 4 * 1024 * 1024
_RECORDS: Final = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """Where one record lies; written `topic:partition:offset`."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that a person wrote.

        Raises:
            WrongCallError: it is none.
        """
        topic, _, rest = text.partition(":")
        partition, _, offset = rest.partition(":")
        if not (topic and partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()):
            raise WrongCallError(f"{text!r} is no place; write topic:partition:offset, as the lists do.")
        return cls(topic, int(partition), int(offset))

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class Lying:
    """One record as it lies in Kafka.

    Attributes:
        place: where.
        timestamp: when Kafka or its producer put it there.
        key: raw.
        value: raw.
        headers: raw, in order.
    """

    place: Place
    timestamp: float
    key: bytes | None
    value: bytes | None
    headers: RawHeaders

    def header(self, name: str) -> str:
        """A header as text; empty where there is none. Of several, the last."""
        found = next((value for key, value in reversed(self.headers) if key == name and value), b"")
        return found.decode(errors="replace")


Ranges = Mapping[int, tuple[int, int]]
"""By partition: the first offset, and the one after the last."""


class Topics:
    """Topics, to read."""

    def __init__(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._consumer, self._admin = consumer, admin

    async def names(self) -> frozenset[str]:
        """Every topic there is."""
        return frozenset(await self._admin.list_topics())

    async def partitions(self, topic: str) -> Sequence[TopicPartition]:
        """The partitions of a topic.

        Raises:
            WrongCallError: there is no such topic.
        """
        (described,) = await self._admin.describe_topics([topic])
        if described["error_code"]:
            raise WrongCallError(f"There is no topic {topic}.")
        return [TopicPartition(topic, number) for number in sorted(one["partition"] for one in described["partitions"])]

    async def whole(self, topic: str) -> Ranges:
        """Everything that a topic holds now."""
        partitions = await self.partitions(topic)
        first = await self._consumer.beginning_offsets(partitions)
        last = await self._consumer.end_offsets(partitions)
        return {one.partition: (first[one], last[one]) for one in partitions}

    async def between(self, topic: str, since: datetime | None, until: datetime | None) -> Ranges:
        """What a topic holds of a span of time, by the records' timestamps."""
        whole = await self.whole(topic)
        first = await self._at(topic, since) if since is not None else {}
        last = await self._at(topic, until) if until is not None else {}
        return {
            partition: (first.get(partition, begin if since is None else end), last.get(partition, end))
            for partition, (begin, end) in whole.items()
        }

    async def read(self, topic: str, ranges: Ranges) -> AsyncIterator[list[Lying]]:
        """The records of these ranges, each partition in order, a poll at a time.

        Raises:
            AwayError: the broker stopped answering.
        """
        left = {TopicPartition(topic, number): end for number, (begin, end) in ranges.items() if begin < end}
        self._consumer.assign(list(left))
        for one in left:
            self._consumer.seek(one, ranges[one.partition][0])
        while left:
            polled = await self._consumer.getmany(timeout_ms=1000, max_records=_RECORDS)
            records = [
                _lying(record) for one, found in polled.items() for record in found if record.offset < left.get(one, 0)
            ]
            if records:
                yield records
            await self._finish(left, polled=bool(polled))

    async def one(self, place: Place) -> Lying:
        """One record.

        Raises:
            OperatorError: there is none at that place, or none any more.
        """
        begin, end = (await self.whole(place.topic)).get(place.partition, (0, 0))
        if begin <= place.offset < end:
            async for records in self.read(place.topic, {place.partition: (place.offset, place.offset + 1)}):
                return records[0]
        raise OperatorError(f"There is no record at {place}; that partition holds {begin} up to {end}.")

    async def _finish(self, left: dict[TopicPartition, int], *, polled: bool) -> None:
        """Forget the partitions that are read to their end; compaction may have left nothing before it."""
        done = [one for one, end in left.items() if await self._consumer.position(one) >= end]
        for one in done:
            del left[one]
        if done:
            self._consumer.pause(*done)
        elif not polled:
            await self._ask_broker()

    async def _ask_broker(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._consumer.end_offsets(list(self._consumer.assignment()))
        except (TimeoutError, KafkaError) as error:
            raise AwayError(f"Kafka stopped answering ({type(error).__name__}).") from None

    async def _at(self, topic: str, moment: datetime) -> dict[int, int]:
        """The first offset at or after a moment, by partition; none where nothing is that young."""
        asked = dict.fromkeys(await self.partitions(topic), milliseconds(moment))
        found = await self._consumer.offsets_for_times(asked)
        return {one.partition: at.offset for one, at in found.items() if at is not None}


@asynccontextmanager
async def connected(bootstrap: str) -> AsyncIterator[Topics]:
    """A connection for reading.

    Raises:
        AwayError: no broker answers.
    """
    reached = {**client_of(bootstrap), "request_timeout_ms": int(ANSWER_SECONDS * 1000)}
    consumer = AIOKafkaConsumer(max_partition_fetch_bytes=_FETCH_BYTES, **reached)
    admin = AIOKafkaAdminClient(**reached)
    try:
        await consumer.start()
        await admin.start()
        yield Topics(consumer, admin)
    except KafkaError as error:
        raise AwayError(
            f"Kafka does not answer as it should ({type(error).__name__}). Is the address right, and is it up?"
        ) from None
    finally:
        await admin.close()
        await consumer.stop()


def _lying(record: object) -> Lying:
    topic, partition, offset = (getattr(record, name) for name in ("topic", "partition", "offset"))
    timestamp, key, value, headers = (getattr(record, name) for name in ("timestamp", "key", "value", "headers"))
    return Lying(Place(topic, partition, offset), timestamp / 1000, key, value, headers)
