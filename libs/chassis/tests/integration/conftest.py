"""A desk for consumer tests: one topic on the real Kafka, its dead letters, and members that consume it."""

import string
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from faststream.kafka import KafkaBroker

from chassis import kafka
from chassis.clock import SystemClock
from chassis.consuming import Consumers, ErrorKinds, Policy
from chassis.health import Health
from chassis.inbox import InMemoryHeldMessages
from chassis.metrics import Metrics
from chassis.randomness import SystemRandomness
from contracts.envelope import Event, EventData, EventType
from contracts.topics import dead_letter_topic
from harness.topics import TopicFactory
from harness.waiting import eventually

GROUP = "reader"
SECONDS = 30.0

RawHeaders = Sequence[tuple[str, bytes | None]]


class Note(EventData):
    """What the tests tell."""

    owner: str
    text: str


Handle = Callable[[Sequence[Event[Note]]], Awaitable[None]]


@dataclass
class Member:
    """One running consumer and what can be seen of it."""

    broker: KafkaBroker
    health: Health
    metrics: Metrics
    held: InMemoryHeldMessages
    consumers: Consumers
    samples: list[dict[str, str]] = field(default_factory=list)

    def paused(self) -> bool:
        """Whether it waits for a dependency."""
        return "consumer_paused{" in (text := self.metrics.render().decode()) and "} 1.0" in next(
            line for line in text.splitlines() if line.startswith("consumer_paused{")
        )


class Desk:
    """One topic with its dead letters."""

    def __init__(self, bootstrap: str, event_type: EventType[Note], partitions: int) -> None:
        self.bootstrap, self.type, self.partitions = bootstrap, event_type, partitions
        self.dead_letter_topic = dead_letter_topic(event_type.name, GROUP)

    def event(self, text: str, owner: str = "acme") -> Event[Note]:
        """A note as an event, its text also its id."""
        return Event(self.type, text, "/tests", datetime.now(UTC), Note(owner=owner, text=text))

    async def tell(self, *texts: str, owner: str = "acme", partition: int | None = None) -> None:
        """Publish notes in order."""
        for text in texts:
            event = self.event(text, owner)
            await self.put(event.value(), key=event.key(), headers=event.headers(), partition=partition)

    async def put(
        self,
        value: bytes | None,
        *,
        key: bytes | None = b"acme",
        headers: RawHeaders = (),
        partition: int | None = None,
    ) -> None:
        """Publish raw bytes."""
        async with AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, max_request_size=4 * 1024 * 1024, linger_ms=0
        ) as producer:
            await producer.send_and_wait(self.type.name, value, key=key, headers=list(headers), partition=partition)

    def headers(self, **changes: bytes | None) -> list[tuple[str, bytes | None]]:
        """Sound headers with changes; a name's value of none leaves the header out."""
        sound = dict(self.event("x").headers())
        return [(name, value) for name, value in (sound | changes).items() if value is not None]

    async def committed(self) -> dict[int, int]:
        """Offsets the group committed, by partition."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(GROUP)
        finally:
            await admin.close()
        return {place.partition: meta.offset for place, meta in offsets.items() if place.topic == self.type.name}

    async def until_committed(self, expected: Mapping[int, int]) -> None:
        """Wait until the group has committed exactly this."""

        async def reached() -> bool:
            return await self.committed() == dict(expected)

        await eventually(reached, what=f"commits {expected}", seconds=SECONDS)

    async def group_state(self) -> str:
        """What the broker says of the group, such as `Stable` or `PreparingRebalance`."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            (answer,) = await admin.describe_consumer_groups([GROUP])
        finally:
            await admin.close()
        return str(answer.to_object()["groups"][0]["state"])

    async def take_dead_letters(self, *, of_bytes: int) -> None:
        """Say how large a dead letter may be; with next to nothing the broker refuses every one."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            changes = {"max.message.bytes": str(of_bytes)}
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, self.dead_letter_topic, changes)])
        finally:
            await admin.close()

    async def buried(self) -> "list[ConsumerRecord[bytes, bytes]]":
        """Every dead letter there is now, in order."""
        place = TopicPartition(self.dead_letter_topic, 0)
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, max_partition_fetch_bytes=4 * 1024 * 1024)
        await consumer.start()
        try:
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end = (await consumer.end_offsets([place]))[place]
            found: list[ConsumerRecord[bytes, bytes]] = []
            while await consumer.position(place) < end:
                found.extend((await consumer.getmany(place, timeout_ms=500)).get(place, []))
        finally:
            await consumer.stop()
        return found

    @asynccontextmanager
    async def member(
        self,
        handle: Handle,
        *,
        batch: bool,
        kinds: ErrorKinds | None = None,
        policy: Policy | None = None,
        held: InMemoryHeldMessages | None = None,
        event_type: EventType[Note] | None = None,
        projection: bool = False,
    ) -> AsyncIterator[Member]:
        """A running consumer of the topic, ready to get records."""
        clock, metrics = SystemClock(), Metrics()
        health = Health(clock, metrics)
        broker, held = kafka.broker(self.bootstrap, "reader"), held or InMemoryHeldMessages()
        consumers = Consumers(
            broker=broker,
            group=GROUP,
            kinds=kinds or ErrorKinds(),
            held=held,
            clock=clock,
            randomness=SystemRandomness(),
            health=health,
            metrics=metrics,
            policy=policy or Policy(retry_seconds=0.01, pause_seconds=0.02, longest_pause_seconds=0.2),
        )
        _declare(consumers, event_type or self.type, handle, batch=batch, projection=projection)
        member = Member(broker, health, metrics, held, consumers)
        async with kafka.running(broker, health=health, clock=clock):

            async def started() -> bool:
                return broker.running

            await eventually(started, what="the consumer to start", seconds=SECONDS)
            yield member


def _declare(
    consumers: Consumers, event_type: EventType[Note], handle: Handle, *, batch: bool, projection: bool
) -> None:
    if batch:
        consumers.batch_subscriber(event_type, projection=projection)(handle)
        return

    @consumers.subscriber(event_type, projection=projection)
    async def one(event: Event[Note]) -> None:
        await handle([event])


def _letters() -> str:
    """A fresh name; topics of ours have letters and dots alone."""
    return uuid.uuid4().hex.translate(str.maketrans(string.digits, "ghijklmnop"))


@pytest.fixture
def new_desk(topic: TopicFactory, kafka_bootstrap: str) -> Callable[..., Awaitable[Desk]]:
    """A factory of desks, awaited with a number of partitions."""

    async def make(partitions: int = 1, *, compacted: bool = False) -> Desk:
        name = f"notes.{_letters()}"
        await topic(partitions, name=name)
        desk = Desk(kafka_bootstrap, EventType(name, 1, Note, lambda note: note.owner, compacted=compacted), partitions)
        await topic(1, name=desk.dead_letter_topic)
        return desk

    return make


@pytest.fixture(params=["single", "batch"])
def batch(request: pytest.FixtureRequest) -> bool:
    """Both kinds of subscriber."""
    return request.param == "batch"
