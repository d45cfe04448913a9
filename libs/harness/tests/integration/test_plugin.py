"""The fixtures that the plugin gives to everybody's tests."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import TopicAlreadyExistsError
from pymongo import AsyncMongoClient, MongoClient

from harness.session import TestSession
from harness.topics import TopicFactory

pytestmark = pytest.mark.integration


async def test_a_record_sent_to_a_fresh_topic_is_read_back(kafka_bootstrap: str, topic: TopicFactory) -> None:
    """A topic from the factory takes acknowledged records at once and gives them back."""
    name = await topic(partitions=3)
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(name, b"value", key=b"key")
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(name, bootstrap_servers=kafka_bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        record = await consumer.getone()
    finally:
        await consumer.stop()

    assert (b"key", b"value") == (record.key, record.value)


async def test_a_topic_is_never_made_twice(topic: TopicFactory) -> None:
    """Asking for a name that exists is an error, so tests cannot share a topic by accident."""
    name = await topic()

    with pytest.raises(TopicAlreadyExistsError):
        await topic(name=name)


async def test_a_document_inserted_is_found(mongo_url: str) -> None:
    """The database speaks with the current driver: what is inserted is found."""
    async with AsyncMongoClient[dict[str, object]](mongo_url) as client:
        collection = client["plugin"]["documents"]
        await collection.insert_one({"_id": "a", "n": 1})

        assert {"_id": "a", "n": 1} == await collection.find_one({"_id": "a"})


def test_servers_that_were_stopped_come_back_with_what_they_had(tmp_path: Path) -> None:
    """Whoever asks for a server that a session has stopped already finds it as it was."""
    with TestSession(tmp_path) as session:
        with MongoClient[dict[str, object]](session.database().url) as client:
            client["kept"]["things"].insert_one({"_id": "one"})
        session.stop_servers()
        with MongoClient[dict[str, object]](session.database().url) as client:
            found = client["kept"]["things"].find_one()

    assert {"_id": "one"} == found
