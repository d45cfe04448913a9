"""Making a topic that is ready to use, for tests."""

import uuid

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from harness.waiting import eventually

_REQUEST_MILLISECONDS = 10_000


class TopicFactory:
    """Makes fresh topics on one Kafka."""

    def __init__(self, bootstrap: str) -> None:
        """The Kafka at `host:port`."""
        self._bootstrap = bootstrap

    async def __call__(self, partitions: int = 1, *, name: str | None = None) -> str:
        """Make a topic and return its name; without one given, no other test has it.

        Raises:
            TopicAlreadyExistsError: there is a topic of the given name.
        """
        name = name or f"test.{uuid.uuid4().hex}"
        await create_topic(self._bootstrap, name, partitions)
        return name


async def create_topic(bootstrap: str, name: str, partitions: int) -> None:
    """Make a topic with one copy of each partition, and wait until every partition has a leader.

    Raises:
        KafkaError: the broker refused, for instance because the topic exists.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=_REQUEST_MILLISECONDS)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, num_partitions=partitions, replication_factor=1)])
        for _, code, reason in answer.topic_errors:
            if code:
                raise for_code(code)(reason)
        await eventually(lambda: _has_leaders(admin, name, partitions), what=f"leaders of {name}", seconds=10)
    finally:
        await admin.close()


async def _has_leaders(admin: AIOKafkaAdminClient, name: str, partitions: int) -> bool:
    (description,) = await admin.describe_topics([name])
    leaders = [partition["leader"] for partition in description["partitions"]]
    return len(leaders) == partitions and -1 not in leaders
