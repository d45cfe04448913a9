"""Kafka: the broker with its one policy, and publishing that is done only when every in-sync replica says so."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol, cast

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from faststream import AckPolicy
from faststream.exceptions import IncorrectState
from faststream.kafka import KafkaBroker
from faststream.kafka.publisher.producer import AioKafkaFastProducerImpl

from chassis import cancellation
from chassis.clock import Clock
from chassis.health import Health, UnfitError
from chassis.kafka_security import KafkaSecurity, certificate_trouble, client_options
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.turns import in_turns
from contracts.envelope import Event, EventData, Headers

LOG = get_log()

ACK_POLICY: Final = AckPolicy.NACK_ON_ERROR
"""The only policy under which nothing is committed past a failure; `consuming` decides what a failure is."""

MAX_REQUEST_BYTES: Final = 2 * 1024 * 1024
"""What a dead-letter topic takes."""

PUBLISH_SECONDS: Final = 5.0
"""The longest a publish may take. aiokafka's idempotent batches never expire by themselves."""


REQUEST_SECONDS: Final = 4.0
"""The longest one request to a broker may take; a rebalance has to fit inside it (`partitions`)."""

RECONNECT_SECONDS: Final = 0.5
"""How soon a start that failed is tried again."""

GRACE_SECONDS: Final = 2.0
"""How long records in work may go on when the process stops; what is cut off is delivered again."""

STOP_SECONDS: Final = 3.0
"""The longest that stopping takes, whether or not a broker answers."""


class BrokerAwayError(Exception):
    """The broker did not acknowledge in time; the records may still be written later, with the same event ids."""


class EventPublisher(Protocol):
    """Tells events to the world."""

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Return once every event is durable.

        Raises:
            BrokerAwayError: that could not be learned in time.
        """
        ...


def broker(bootstrap: str, service: str, security: KafkaSecurity | None = None) -> KafkaBroker:
    """A FastStream broker: idempotent, `acks=all`, no topic made by accident."""
    return KafkaBroker(
        bootstrap.split(","),
        security=security,
        client_id=service,
        acks="all",
        enable_idempotence=True,
        max_request_size=MAX_REQUEST_BYTES,
        linger_ms=2,
        request_timeout_ms=int(REQUEST_SECONDS * 1000),
        allow_auto_create_topics=False,
        ack_policy=ACK_POLICY,
        graceful_timeout=GRACE_SECONDS,
        apply_types=False,  # `consuming` decodes by itself, record by record
        logger=None,
    )


@asynccontextmanager
async def running(broker: KafkaBroker, *, health: Health, clock: Clock) -> AsyncIterator[None]:
    """Start a broker and its subscribers in the background, for as long as it takes; stop them at the end.

    While Kafka is away the process stays up and `/readyz` says so, and why if that can be told.
    """
    reasons: list[str] = []

    async def check() -> None:
        if reasons:
            raise UnfitError(reasons[-1])
        if not broker.running or not await broker.ping(timeout=1.0):
            raise BrokerAwayError("no answer")

    health.depends_on("kafka", check)
    starting = asyncio.create_task(_start(broker, clock, reasons), name="kafka.start")
    try:
        yield
    finally:
        await cancellation.end(starting)
        await _stop(broker)


class Topical(Protocol):
    """A subscriber, as FastStream makes it."""

    topic_names: Collection[str]


def require_topics(wanted: Collection[str], known: Collection[str]) -> None:
    """Return if all of these topics are there.

    Raises:
        UnfitError: some are missing; the text says which.
    """
    missing = sorted(set(wanted) - set(known))
    if missing:
        raise UnfitError(f"topics are missing: {', '.join(missing)}; `chertctl topics create` makes them")


async def _start(broker: KafkaBroker, clock: Clock, reasons: list[str]) -> None:
    """Try until it succeeds; `reasons` has why it cannot, while that is known."""
    while True:
        try:
            await _probe(broker)
            await _join(broker)
        except Exception as error:
            reasons[:] = await _reasons(broker, error)
            LOG.warning("broker.away", error=type(error).__name__, reason=" ".join(reasons) or None, exc_info=error)
            await _stop(broker)  # a subscriber that did start must not start twice
            await clock.sleep(RECONNECT_SECONDS)
        else:
            reasons.clear()
            LOG.info("broker.connected")
            return


async def _reasons(broker: KafkaBroker, error: Exception) -> list[str]:
    if isinstance(error, UnfitError):
        return [str(error)]
    trouble = await certificate_trouble(broker.specification.url, broker.specification.security)
    return [] if trouble is None else [trouble]


async def _probe(broker: KafkaBroker) -> None:
    """Ask any broker for metadata: a producer that cannot start is never closed by FastStream.

    Raises:
        UnfitError: a topic that is subscribed to is missing.
    """
    client = AIOKafkaClient(
        bootstrap_servers=broker.specification.url,
        request_timeout_ms=int(REQUEST_SECONDS * 1000),
        **client_options(broker.specification.security),
    )
    try:
        await client.bootstrap()
        known = await client.fetch_all_metadata()
        require_topics(
            {topic for one in broker.subscribers for topic in cast("Topical", one).topic_names}, known.topics()
        )
    finally:
        await client.close()


async def _join(broker: KafkaBroker) -> None:
    """Start every subscriber at once: in FastStream's own start each waits for the rebalance that the last one caused.

    Raises:
        Exception: the first that a subscriber's start raised.
    """
    await broker.connect()
    try:
        async with asyncio.TaskGroup() as starting:
            for subscriber in broker.subscribers:
                starting.create_task(subscriber.start())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    broker.running = True


async def _stop(broker: KafkaBroker) -> None:
    """Stop, but not for ever: aiokafka waits without end for a broker that is away to take the last records."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await broker.stop()
    except Exception as error:  # noqa: BLE001 - nothing is lost: what was not committed is delivered again
        LOG.warning("broker.away", error=type(error).__name__)
        with contextlib.suppress(IncorrectState):
            await _producer(broker).client.close()


def _producer(broker: KafkaBroker) -> AIOKafkaProducer:
    """The producer beneath; FastStream offers no other way to raw headers, or to let go of unsent records.

    Raises:
        IncorrectState: it is not started.
    """
    return cast("AioKafkaFastProducerImpl", broker.config.producer)._producer.producer  # noqa: SLF001 - see above


class KafkaEventPublisher:
    """Publishes through the producer beneath a started broker, whose own publish costs three times as much an event.

    Records of one call go out together.
    """

    def __init__(self, broker: KafkaBroker, metrics: Metrics, seconds: float = PUBLISH_SECONDS) -> None:
        self._broker, self._metrics, self._seconds = broker, metrics, seconds

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Return once every in-sync replica has every event.

        Raises:
            BrokerAwayError: that could not be learned in time.
        """
        try:
            async with asyncio.timeout(self._seconds):
                producer = _producer(self._broker)
                sent = [await producer.send(*_record(event)) async for event in in_turns(events)]
                await asyncio.gather(*sent)
        except (TimeoutError, KafkaError, IncorrectState) as error:  # the last: not started yet
            raise BrokerAwayError(type(error).__name__) from error
        for topic, count in Counter(event.topic for event in events).items():
            self._metrics.count("published_events", count, topic=topic)


def _record(event: Event[EventData]) -> tuple[str, bytes | None, bytes, None, None, Headers]:
    """What aiokafka's `send` takes: topic, value, key, any partition, now, headers."""
    return event.topic, event.value(), event.key(), None, None, event.headers()


class RecordTooLargeError(Exception):
    """A record is larger than its topic, or a request, may be."""


class RecordSink(Protocol):
    """Takes records as they are, with raw headers."""

    async def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
    ) -> None:
        """Return once the record is durable.

        Raises:
            BrokerAwayError: that could not be learned in time.
            RecordTooLargeError: the record will never fit.
        """
        ...


class KafkaRecordSink:
    """Sends records through the producer beneath a FastStream broker, whose own publish takes text headers only."""

    def __init__(self, broker: KafkaBroker, seconds: float = PUBLISH_SECONDS) -> None:
        self._broker, self._seconds = broker, seconds

    async def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
    ) -> None:
        """Return once every in-sync replica has the record.

        Raises:
            BrokerAwayError: that could not be learned in time.
            RecordTooLargeError: the record will never fit.
        """
        try:
            async with asyncio.timeout(self._seconds):
                sent = await _producer(self._broker).send(topic, value=value, key=key, headers=list(headers))
                await sent
        except MessageSizeTooLargeError as error:
            raise RecordTooLargeError(topic) from error
        except (TimeoutError, KafkaError, IncorrectState) as error:
            raise BrokerAwayError(type(error).__name__) from error


class InMemoryEventPublisher:
    """Keeps what was published; `away` makes it refuse."""

    def __init__(self) -> None:
        self.published: list[Event[EventData]] = []
        self.away = False

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Keep the events.

        Raises:
            BrokerAwayError: `away` is set.
        """
        if self.away:
            raise BrokerAwayError("away")
        self.published.extend(events)
