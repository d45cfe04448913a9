"""Reading Kafka from outside, as walks and fault runs do."""

import asyncio
import secrets
import string
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from contracts.envelope import Event, EventType
from contracts.messages import ReplyRecorded
from contracts.topics import REPLY_RECORDED
from harness.event_log import EventLog
from harness.topics import TopicFactory
from harness.waiting import ConditionNotMetError

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
async def kind(topic: TopicFactory) -> EventType[ReplyRecorded]:
    """A kind of event with a topic of its own, whose name has letters only, as the contract wants."""
    name = "test." + "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))
    return replace(REPLY_RECORDED, name=await topic(partitions=3, name=name))


def event(kind: EventType[ReplyRecorded], message_id: str) -> Event[ReplyRecorded]:
    """An event about a message."""
    data = ReplyRecorded(
        portal_id=1,
        chert_tenant="acme",
        chat_id="c",
        message_id=message_id,
        contact_id="1",
        communication_id=f"of-{message_id}",
        recorded_at=NOW,
    )
    return Event(type=kind, id=message_id, source="/test", time=NOW, data=data)


async def publish(bootstrap: str, kind: EventType[ReplyRecorded], *message_ids: str) -> None:
    """Publish events about messages, in order, after a record that is none."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(kind.name, b"{", key=b"1")
        for one in (event(kind, message_id) for message_id in message_ids):
            await producer.send_and_wait(one.topic, one.value(), key=one.key(), headers=one.headers())
    finally:
        await producer.stop()


async def test_an_event_is_found_while_it_is_still_on_its_way(
    kafka_bootstrap: str, kind: EventType[ReplyRecorded]
) -> None:
    """Looking may begin before the event is there; the oldest that matches is the answer."""
    log = EventLog(kafka_bootstrap)
    search = asyncio.create_task(log.find(kind, lambda data: data.message_id == "b", seconds=20))
    await publish(kafka_bootstrap, kind, "a", "b", "b")

    assert "of-b" == (await search).event.data.communication_id
    assert 2 == (await search).offset


async def test_the_next_event_after_one_is_found(kafka_bootstrap: str, kind: EventType[ReplyRecorded]) -> None:
    """The same event told again is another record, later in the same partition."""
    await publish(kafka_bootstrap, kind, "a", "b", "a")
    log = EventLog(kafka_bootstrap)
    first = await log.find(kind, lambda data: data.message_id == "a", seconds=20)
    second = await log.find(kind, lambda data: data.message_id == "a", after=first, seconds=20)

    assert (1, 3) == (first.offset, second.offset)


async def test_an_event_that_never_comes_is_a_miss(kafka_bootstrap: str, kind: EventType[ReplyRecorded]) -> None:
    """After the deadline the search says what it waited for."""
    with pytest.raises(ConditionNotMetError, match="in vain for"):
        await EventLog(kafka_bootstrap).find(kind, lambda _data: True, seconds=1)


async def test_a_group_is_past_an_event_once_it_committed(kafka_bootstrap: str, kind: EventType[ReplyRecorded]) -> None:
    """Reading is not enough: only a committed offset beyond the event counts."""
    await publish(kafka_bootstrap, kind, "a")
    log = EventLog(kafka_bootstrap)
    position = await log.find(kind, lambda _data: True, seconds=20)
    consumer = AIOKafkaConsumer(
        kind.name,
        bootstrap_servers=kafka_bootstrap,
        group_id=f"{kind.name}.reader",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        while (await consumer.getone()).offset < position.offset:
            pass
        with pytest.raises(ConditionNotMetError):
            await log.wait_consumed(f"{kind.name}.reader", position, seconds=0.5)
        await consumer.commit()
        await log.wait_consumed(f"{kind.name}.reader", position, seconds=20)
    finally:
        await consumer.stop()


async def test_everything_that_is_there_is_read(kafka_bootstrap: str, kind: EventType[ReplyRecorded]) -> None:
    """A look at a whole topic ends by itself, in order, without the record that is no event."""
    await publish(kafka_bootstrap, kind, "a", "b", "a")
    log = EventLog(kafka_bootstrap)

    assert ["a", "b", "a"] == [position.event.data.message_id for position in await log.all(kind)]
    found = await log.wait_count(kind, lambda data: data.message_id == "a", 2, seconds=20)
    assert [1, 3] == [position.offset for position in found]
    with pytest.raises(ConditionNotMetError):
        await log.wait_count(kind, lambda data: data.message_id == "a", 3, seconds=0.5)


async def test_a_topic_is_drained_once_all_of_it_is_committed(
    kafka_bootstrap: str, kind: EventType[ReplyRecorded]
) -> None:
    """A group that has committed less than everything has not drained the topic."""
    await publish(kafka_bootstrap, kind, "a")
    log, group = EventLog(kafka_bootstrap), f"{kind.name}.drainer"
    (place,) = {TopicPartition(kind.name, position.partition) for position in await log.all(kind)}
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap, group_id=group, enable_auto_commit=False)
    async with consumer:
        consumer.assign([place])
        await consumer.commit({place: 1})
        with pytest.raises(ConditionNotMetError):
            await log.wait_drained(group, kind.name, seconds=0.5)
        await consumer.commit({place: 2})
        await log.wait_drained(group, kind.name, seconds=20)
