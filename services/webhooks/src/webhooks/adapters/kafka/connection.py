"""A producer that is there while Kafka is, and made anew when it can no longer be used."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient

from chassis.clock import Clock
from chassis.health import UnfitError
from chassis.kafka import require_topics
from chassis.kafka_security import KafkaSecurity, certificate_trouble, client_options
from chassis.logging import get_log

LOG = get_log()

REQUEST_SECONDS: Final = 4.0
"""The longest one request to a broker may take; then it is tried again, for as long as it takes."""

RECONNECT_SECONDS: Final = 0.5
"""How soon a start that failed is tried again."""

WARM_UP_SECONDS: Final = 1.0
"""The longest that brokers are waited for before the first delivery is taken; a roll-out may have one of them away."""

STOP_SECONDS: Final = 3.0
"""The longest that stopping takes, whether or not a broker answers."""


class NotConnectedError(Exception):
    """There is no producer yet."""


class Connection:
    """Keeps an idempotent producer with `acks=all`.

    Attributes:
        producer: the one in use, or none while Kafka is away.
    """

    def __init__(
        self, bootstrap: str, clock: Clock, security: KafkaSecurity | None = None, topics: Collection[str] = ()
    ) -> None:
        """A producer for these topics; without one of them the service is not ready."""
        self._bootstrap, self._clock, self._topics = bootstrap.split(","), clock, topics
        self._security = security
        self._trouble: str | None = None
        self._lost = asyncio.Event()
        self.producer: AIOKafkaProducer | None = None

    async def check(self) -> None:
        """Return if a broker answers, and has our topics.

        Raises:
            UnfitError: a topic is missing, or a certificate is not accepted.
            Exception: none answers.
        """
        if self.producer is None:
            raise NotConnectedError if self._trouble is None else UnfitError(self._trouble)
        known = await self.producer.client.fetch_all_metadata()
        require_topics(self._topics, known.topics())

    def partitions(self, topic: str) -> int | None:
        """How many partitions a topic has, as far as is known; if it is not known, it is asked for."""
        if self.producer is None:
            return None
        found = self.producer.client.cluster.partitions_for_topic(topic)
        if not found:
            self.producer.client.force_metadata_update()
            return None
        return len(found)

    def renew(self) -> None:
        """The producer can no longer be used: it was fenced, or its sender ended."""
        self.producer = None
        self._lost.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep connected in the background until the block ends."""
        keeping = asyncio.create_task(self._keep(), name="kafka.connection")
        try:
            yield
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

    async def _keep(self) -> None:
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                client_id="webhooks",
                acks="all",
                enable_idempotence=True,
                linger_ms=0,  # batches are closed before they are handed over, and made by `builders`
                request_timeout_ms=int(REQUEST_SECONDS * 1000),
                **client_options(self._security),
            )
            try:
                await self._use(producer)
            except Exception as error:  # noqa: BLE001 - whatever it is, Kafka cannot be used now
                self._trouble = await certificate_trouble(self._bootstrap, self._security)
                LOG.warning("broker.away", error=type(error).__name__, reason=self._trouble)
                await self._clock.sleep(RECONNECT_SECONDS)
            finally:
                self.producer = None
                await _stop(producer)

    async def _use(self, producer: AIOKafkaProducer) -> None:
        """Start a producer, and return when it is lost."""
        self._lost.clear()
        await producer.start()
        await producer.client.force_metadata_update()  # of all topics: asking for one by name may create it
        await connect_to_all(producer.client)
        self.producer, self._trouble = producer, None
        LOG.info("broker.connected")
        await self._lost.wait()


async def connect_to_all(client: AIOKafkaClient, seconds: float = WARM_UP_SECONDS) -> None:
    """Connect to every broker that answers in time, so that no delivery waits while connections are made."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(client.ready(broker.nodeId) for broker in client.cluster.brokers()))


async def _stop(producer: AIOKafkaProducer) -> None:
    """Stop, but not for ever: aiokafka waits without end for a broker that is away to take the last records."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
    except Exception as error:  # noqa: BLE001 - who waited for those records was told that they are not stored
        LOG.warning("broker.away", error=type(error).__name__)
        await producer.client.close()
