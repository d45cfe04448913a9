"""A Kafka cluster as an administrator sees it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from chertctl.access import client_of
from chertctl.catalogue import Topic

LEADER_SECONDS = 10.0
"""The longest that a new topic may take until it can be used."""

LOOK_SECONDS = 0.05

REQUEST_MS = 10_000
"""The longest an administrative request may take."""


class ClusterError(Exception):
    """The cluster refused, in words fit for an operator."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a cluster is not as the catalogue says.

    Attributes:
        topic: which topic.
        what: `missing`, `partitions`, `replicas`, or a configuration's name.
        wanted: what the catalogue says.
        found: what the cluster has.
    """

    topic: str
    what: str
    wanted: str
    found: str


class Cluster:
    """Topics of one cluster."""

    def __init__(self, admin: AIOKafkaAdminClient) -> None:
        self._admin = admin

    async def brokers(self) -> int:
        """How many brokers there are."""
        return len((await self._admin.describe_cluster())["brokers"])

    async def existing(self) -> set[str]:
        """Names of all topics."""
        return set(await self._admin.list_topics())

    async def create(self, topics: Iterable[Topic]) -> None:
        """Create topics and return when each can be used; one that somebody else created meanwhile is fine.

        Raises:
            ClusterError: a topic was refused, or did not get its leaders in time.
        """
        topics = list(topics)
        response = await self._admin.create_topics(
            [
                NewTopic(topic.name, topic.partitions, topic.replication_factor, topic_configs=topic.config)
                for topic in topics
            ],
            timeout_ms=REQUEST_MS,
        )
        for name, code, *_ in response.topic_errors:
            if code not in {0, TopicAlreadyExistsError.errno}:
                raise ClusterError(f"{name}: {for_code(code).__name__}")
        await self._led({topic.name for topic in topics})

    async def _led(self, wanted: set[str]) -> None:
        """Wait until every broker's metadata can show every partition with a leader."""
        try:
            async with asyncio.timeout(LEADER_SECONDS):
                while not await self._have_leaders(wanted):  # noqa: ASYNC110 - nothing announces a leader
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise ClusterError("the topics were made but have no leaders yet; try again") from None

    async def _have_leaders(self, wanted: set[str]) -> bool:
        described = await self._admin.describe_topics(list(wanted))
        led = {topic["topic"]: sum(part["leader"] >= 0 for part in topic["partitions"]) for topic in described}
        return all(led.get(name, 0) > 0 for name in wanted) and await self.existing() >= set(wanted)

    async def differences(self, topics: Iterable[Topic]) -> list[Difference]:
        """Where the cluster differs from what is wanted."""
        wanted, existing = list(topics), await self.existing()
        found = [Difference(topic.name, "missing", "exists", "") for topic in wanted if topic.name not in existing]
        there = [topic for topic in wanted if topic.name in existing]
        if there:
            copies, configs = await self._copies(there), await self._configs(there)
            for topic in there:
                found += compare(topic, copies[topic.name], configs[topic.name])
        return found

    async def _copies(self, topics: list[Topic]) -> dict[str, list[int]]:
        """How many copies each partition has."""
        described = await self._admin.describe_topics([topic.name for topic in topics])
        return {topic["topic"]: [len(one["replicas"]) for one in topic["partitions"]] for topic in described}

    async def _configs(self, topics: list[Topic]) -> dict[str, dict[str, str]]:
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
        responses = await self._admin.describe_configs(resources)
        return {
            name: {entry[0]: entry[1] for entry in entries}
            for response in responses
            for _, _, _, name, entries in response.resources
        }


def compare(topic: Topic, copies: Sequence[int], config: Mapping[str, str]) -> list[Difference]:
    """Where a topic, given by how many copies each of its partitions has, differs from what is wanted."""
    found = []
    if len(copies) != topic.partitions:
        found.append(Difference(topic.name, "partitions", str(topic.partitions), str(len(copies))))
    if min(copies) < topic.replication_factor:
        found.append(Difference(topic.name, "replicas", str(topic.replication_factor), str(min(copies))))
    for name, wanted in topic.config.items():
        if config.get(name) != wanted:
            found.append(Difference(topic.name, name, wanted, config.get(name, "")))
    return found


@asynccontextmanager
async def connected(bootstrap: str) -> AsyncIterator[Cluster]:
    """A connection to a cluster.

    Raises:
        aiokafka.errors.KafkaConnectionError: no broker answers.
        WrongCallError: what the environment says of TLS and login contradicts itself.
    """
    admin = AIOKafkaAdminClient(request_timeout_ms=REQUEST_MS, **client_of(bootstrap))
    await admin.start()
    try:
        yield Cluster(admin)
    finally:
        await admin.close()
