"""Telling events, one writer at a time: the same on a topic in memory and on the real Kafka."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAlreadyExistsError

from chassis.kafka import BrokerAwayError
from chassis.metrics import Metrics
from contracts.envelope import Event, EventData
from contracts.tenants import TenantInstalled
from contracts.topics import TENANT_INSTALLED
from harness.backends import Broker
from harness.topics import TopicFactory
from harness.waiting import eventually
from oauth.adapters.in_memory import InMemoryFencedPublisher, InMemoryTopic
from oauth.adapters.kafka import FencedPublisher
from oauth.errors import LeaseLostError
from oauth.handlers.relaying import Publisher

PORTAL = uuid.uuid4().int % 10**12 + 1
KEY = str(PORTAL).encode()


@dataclass(frozen=True)
class Desk:
    """A topic: one more writer to it at each call, and the ids of what was told, tombstones with a dagger."""

    writer: Callable[[], Awaitable[Publisher]]
    told: Callable[[], Awaitable[Sequence[str]]]


@pytest.fixture
async def in_memory() -> Desk:
    """A topic in memory."""
    topic = InMemoryTopic()

    async def writer() -> Publisher:
        return InMemoryFencedPublisher(topic)

    async def told() -> Sequence[str]:
        return [_named(event.id, event.value()) for event in topic.told]

    return Desk(writer, told)


@pytest.fixture
async def on_kafka(kafka_bootstrap: str, topic: TopicFactory) -> AsyncIterator[Desk]:
    """A topic of the real Kafka; tests tell them apart by the ids that they gave."""
    with suppress(TopicAlreadyExistsError):
        await topic(name=TENANT_INSTALLED.name)
    name = f"test.{uuid.uuid4().hex}"
    async with AsyncExitStack() as opened:

        async def writer() -> Publisher:
            return await opened.enter_async_context(FencedPublisher(kafka_bootstrap, name, Metrics()))

        yield Desk(writer, partial(_ids, kafka_bootstrap))


async def _ids(bootstrap: str) -> Sequence[str]:
    """The ids of all events about this file's account."""
    found: list[str] = []
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        places = [
            TopicPartition(TENANT_INSTALLED.name, one)
            for one in consumer.partitions_for_topic(TENANT_INSTALLED.name) or {0}
        ]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += [
                    _named(dict(record.headers)["ce_id"].decode(), record.value)
                    for record in batch
                    if record.key == KEY
                ]
    return found


def _named(event_id: str, value: bytes | None) -> str:
    return f"†{event_id}" if value is None else event_id


@pytest.fixture(params=["in_memory", pytest.param("on_kafka", marks=pytest.mark.integration)])
def desk(request: pytest.FixtureRequest) -> Desk:
    """Each kind in turn."""
    found: Desk = request.getfixturevalue(request.param)
    return found


def events(*ids: str) -> list[Event[EventData]]:
    """Events about one account."""
    now = datetime.now(UTC)
    data = TenantInstalled(
        portal_id=PORTAL, project_id="p", chert_tenant="t", status="active", generation=1, revision=1, scopes=()
    )
    return [
        Event(type=TENANT_INSTALLED, id=one, source="/oauth", time=now, subject=str(PORTAL), data=data) for one in ids
    ]


async def test_a_tombstone_has_no_value(desk: Desk) -> None:
    """What a compacted topic is to forget comes after what it kept, with the key and without a value."""
    names = [uuid.uuid4().hex for _ in range(2)]
    kept, forgotten = events(*names)
    writer = await desk.writer()
    await writer.take_over()

    await writer.publish([kept])
    await writer.publish([replace(forgotten, tombstone=True)])

    assert [names[0], f"†{names[1]}"] == [one for one in await desk.told() if one.lstrip("†") in names]


async def test_events_are_told_in_their_order(desk: Desk) -> None:
    """Events of one call, and of one call after another, come out in the order in which they went in."""
    names = [uuid.uuid4().hex for _ in range(8)]
    writer = await desk.writer()
    await writer.take_over()

    await writer.publish(events(*names[:5]))
    for name in names[5:]:
        await writer.publish(events(name))

    assert names == [one for one in await desk.told() if one in names]


async def test_whoever_was_replaced_tells_nothing_more(desk: Desk) -> None:
    """What a former writer sends after a later one has written is refused, and is not on the topic."""
    old, one, two = (uuid.uuid4().hex for _ in range(3))
    former, later = await desk.writer(), await desk.writer()
    await former.take_over()
    await former.publish(events(old))
    await later.take_over()
    await later.publish(events(one, two))

    with pytest.raises(LeaseLostError):
        await former.publish(events(old))

    assert [old, one, two] == [name for name in await desk.told() if name in {old, one, two}]


async def test_whoever_was_replaced_may_take_over_again(desk: Desk) -> None:
    """After taking over anew a former writer tells on, and the other one is refused."""
    one, two, three = (uuid.uuid4().hex for _ in range(3))
    first, second = await desk.writer(), await desk.writer()
    for writer, name in ((first, one), (second, two), (first, three)):
        await writer.take_over()
        await writer.publish(events(name))

    with pytest.raises(LeaseLostError):
        await second.publish(events(two))

    assert [one, two, three] == [name for name in await desk.told() if name in {one, two, three}]


async def test_nobody_tells_before_taking_over(desk: Desk) -> None:
    """A writer that has not taken over tells nothing."""
    writer, name = await desk.writer(), uuid.uuid4().hex

    with pytest.raises(LeaseLostError):
        await writer.publish(events(name))

    assert name not in await desk.told()


def kafka_tasks() -> list[asyncio.Task[object]]:
    """What the client library has running."""
    return [task for task in asyncio.all_tasks() if "aiokafka" in repr(task)]


async def nothing_runs() -> bool:
    """Whether the client library has nothing running any more."""
    return not kafka_tasks()


@pytest.mark.integration
async def test_a_broker_that_is_away_is_waited_for(kafka: Broker, kafka_bootstrap: str, on_kafka: Desk) -> None:
    """While Kafka stands still nothing is told and nothing is left running; afterwards everything is told in order."""
    one, two = uuid.uuid4().hex, uuid.uuid4().hex
    async with FencedPublisher(kafka_bootstrap, f"test.{one}", Metrics(), seconds=0.5) as writer:
        await writer.take_over()
        assert kafka_tasks()
        kafka.pause()
        try:
            with pytest.raises(BrokerAwayError):
                await writer.publish(events(one))
            for _ in range(2):
                with pytest.raises(BrokerAwayError):
                    await writer.take_over()
            await eventually(nothing_runs, what="the end of all that the library began", seconds=10)
        finally:
            kafka.resume()

        async def is_back() -> bool:
            try:
                await writer.take_over()
                await writer.publish(events(one, two))
            except BrokerAwayError:
                return False
            return True

        await eventually(is_back, what="Kafka to be back", seconds=60)

    told = [name for name in await on_kafka.told() if name in {one, two}]
    assert [one, two] == list(dict.fromkeys(told))
    assert two == told[-1]
