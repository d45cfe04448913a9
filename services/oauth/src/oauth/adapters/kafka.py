"""Kafka, for one writer at a time: whoever takes over shuts out everyone before it.

A process that is stopped in the middle of a publish, for longer than a lease lasts, sends its record when it is woken,
after another process has told of newer revisions. On a compacted topic that old record would be the one that is kept.
So a writer gets an epoch from the broker, and the broker refuses what an older epoch sends to a partition that a newer
one has written to (KIP-98, producer epochs).
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from chassis.kafka import MAX_REQUEST_BYTES, PUBLISH_SECONDS, REQUEST_SECONDS, BrokerAwayError
from chassis.kafka_security import KafkaSecurity, client_options
from chassis.metrics import Metrics
from contracts.envelope import Event, EventData
from oauth.errors import LeaseLostError

STOP_SECONDS: Final = 2.0
"""How long closing a connection may take."""


class FencedPublisher:
    """Publishes events in order, unless another of the same name took over since this one did.

    Args:
        bootstrap: addresses of brokers, with commas between.
        name: what only one process at a time may write as; the broker's "transactional id".
        metrics: counts what was published.
        seconds: the longest that a take-over or a publish may take.
        security: how it shows itself to a broker.
    """

    def __init__(
        self,
        bootstrap: str,
        name: str,
        metrics: Metrics,
        seconds: float = PUBLISH_SECONDS,
        *,
        security: KafkaSecurity | None = None,
    ) -> None:
        self._security = client_options(security)
        self._bootstrap, self._name, self._metrics, self._seconds = bootstrap.split(","), name, metrics, seconds
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        """Itself; it connects when it takes over."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of the connection."""
        await self._let_go()

    async def take_over(self) -> None:
        """Shut out whoever wrote under this name before, this very publisher's earlier publishes included.

        Raises:
            BrokerAwayError: that could not be learned in time.
        """
        await self._let_go()
        self._producer = producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            transactional_id=self._name,
            acks="all",
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=int(REQUEST_SECONDS * 1000),
            **self._security,
        )
        try:
            async with asyncio.timeout(self._seconds):
                await producer.start()
        except (TimeoutError, KafkaError) as error:
            await self._let_go()
            raise BrokerAwayError(type(error).__name__) from error
        _without_transactions(producer)

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Return once every in-sync replica has every event.

        Raises:
            LeaseLostError: another took over meanwhile, or nobody has yet.
            BrokerAwayError: it could not be learned in time whether they are there.
        """
        if self._producer is None:
            raise LeaseLostError(self._name)
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.gather(*[await self._sent(self._producer, event) for event in events])
        except ProducerFenced as error:
            raise LeaseLostError(self._name) from error
        except (TimeoutError, KafkaError) as error:
            raise BrokerAwayError(type(error).__name__) from error
        for event in events:
            self._metrics.count("published_events", topic=event.topic)

    async def _sent(self, producer: AIOKafkaProducer, event: Event[EventData]) -> "asyncio.Future[object]":
        """The event on its way, behind those before it."""
        sent: asyncio.Future[object] = await producer.send(
            event.topic, event.value(), key=event.key(), headers=event.headers()
        )
        return sent

    async def _let_go(self) -> None:
        """Close the connection without waiting for what was not acknowledged: whoever comes next tells that again."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # aiokafka would wait for these records for as long as the broker is away, and has no public way to drop them.
        producer._message_accumulator.fail_all(KafkaError("dropped"))  # noqa: SLF001 - see above
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await producer.stop()
        except TimeoutError:
            await producer.client.close()


def _without_transactions(producer: AIOKafkaProducer) -> None:
    """Keep the epoch and leave the transactions: they would add three requests to every publish, and markers to topics.

    aiokafka asks for an epoch on behalf of transactions alone and has no public way to one without them.
    """
    producer._txn_manager.transactional_id = None  # noqa: SLF001 - see above; a test on the real Kafka holds it
