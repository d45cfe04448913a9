"""The example that the documentation gives to those who consume the topics."""

import json
import runpy
import uuid
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from harness.waiting import eventually

ROOT = Path(__file__).parents[4]
EXAMPLE = ROOT / "docs" / "examples" / "count_replies.py"
GOLDEN = ROOT / "libs" / "contracts" / "examples" / "reply.recorded" / "1" / "once.json"
TOPIC = "reply.recorded"

pytestmark = pytest.mark.integration


async def test_the_example_counts_each_reply_once(kafka_bootstrap: str) -> None:
    """The documented service runs: a reply told twice counts once, and a broken record stops nothing."""
    golden = json.loads(GOLDEN.read_text())
    headers = [(name, text.encode()) for name, text in golden["headers"].items()]
    other = [(name, b"another" if name == "ce_id" else value) for name, value in headers]
    await _make_topic(kafka_bootstrap)
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap) as producer:
        for told in (headers, [("ce_specversion", b"x")], headers, other):
            await producer.send_and_wait(
                TOPIC, json.dumps(golden["value"]).encode(), key=golden["key"].encode(), headers=told
            )
    example = runpy.run_path(str(EXAMPLE))
    replies = example["Replies"]()

    async with example["build"](kafka_bootstrap, replies, f"count-{uuid.uuid4().hex}") as broker:
        await broker.start()

        async def both() -> bool:
            return int(replies.of_account[62515]) == 2

        await eventually(both, what="two replies counted", seconds=30)

    assert {62515: 2} == dict(replies.of_account)


async def _make_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        response = await admin.create_topics([NewTopic(TOPIC, 1, 1)])
        assert {error[1] for error in response.topic_errors} <= {0, TopicAlreadyExistsError.errno}
    finally:
        await admin.close()
