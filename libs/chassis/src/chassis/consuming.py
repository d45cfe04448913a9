"""Consuming: how a service says which events it handles. The policy behind is in `settling`.

    consumers = Consumers(broker=broker, group="timeline", kinds=ErrorKinds(retryable=DATABASE_AWAY), held=…, …)

    @consumers.subscriber(TENANT_INSTALLED, projection=True)
    async def on_tenant_installed(event: Event[TenantInstalled]) -> None: ...

    @consumers.batch_subscriber(MESSAGE_RECEIVED, max_records=500)
    async def on_message_received(events: Sequence[Event[MessageReceived]]) -> None: ...

Delivery is at least once: a handler makes its effect happen once by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar, cast

from faststream.kafka import KafkaBroker

from chassis.brake import Brake
from chassis.clock import Clock
from chassis.dead_letters import DeadLetters
from chassis.health import Health
from chassis.inbox import HeldMessages, Holds
from chassis.kafka import KafkaRecordSink
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.outcomes import Decode, E, ErrorKinds, Policy, read_as
from chassis.partitions import HEARTBEAT_SECONDS, REBALANCE_SECONDS, Partitions
from chassis.polling import Subscriber, Subscription, as_it_is, is_out_of_group, patient_poll
from chassis.projections import CaughtUp
from chassis.randomness import Randomness
from chassis.settling import Handle, Settler
from contracts.envelope import Event, EventData, EventType, decode

__all__ = ["Consumers", "ErrorKinds", "Policy"]

LOG = get_log()
D = TypeVar("D", bound=EventData)


@dataclass(frozen=True, slots=True)
class Declared:
    """A subscription as it was declared."""

    event_type: EventType[EventData]
    handle: Handle[Event[EventData]]


PATIENCE_SECONDS: Final = 1.0
"""How long a batch poll waits that ends with the first record."""

LIVE_SECONDS: Final = 1.0
"""How long after something came from Kafka more of it is expected."""


class Consumers:
    """The subscriptions of one service, all in one consumer group, all under one policy."""

    def __init__(
        self,
        *,
        broker: KafkaBroker,
        group: str,
        kinds: ErrorKinds,
        held: HeldMessages,
        clock: Clock,
        randomness: Randomness,
        health: Health,
        metrics: Metrics,
        policy: Policy | None = None,
    ) -> None:
        self._broker, self._group, self._kinds, self._held = broker, group, kinds, held
        self._clock, self._randomness, self._health, self._metrics = clock, randomness, health, metrics
        self._policy = policy or Policy()
        self._dead_letters = DeadLetters(KafkaRecordSink(broker), group, clock)
        self._brake = Brake(clock, self._trip)
        self._subscriptions: dict[str, Declared] = {}
        self._came_at: float | None = None

    @property
    def group(self) -> str:
        """The consumer group."""
        return self._group

    @property
    def clock(self) -> Clock:
        """The service's clock."""
        return self._clock

    @property
    def kinds(self) -> ErrorKinds:
        """What the service's errors mean."""
        return self._kinds

    @property
    def held(self) -> HeldMessages:
        """Where messages are kept that are held."""
        return self._held

    @property
    def dead_letters(self) -> DeadLetters:
        """Where goes what cannot be handled."""
        return self._dead_letters

    @property
    def subscriptions(self) -> Mapping[str, Declared]:
        """Every subscription, by topic."""
        return self._subscriptions

    @property
    def live(self) -> bool:
        """Whether anything came from Kafka a moment ago: others should let that pass."""
        return self._came_at is not None and self._clock.monotonic() - self._came_at <= LIVE_SECONDS

    async def handle(self, topic: str, events: Sequence[Event[EventData]]) -> None:
        """Hand events to a topic's handler, past Kafka, within the deadline of a delivery.

        Raises:
            TimeoutError: it took longer.
            Exception: whatever the handler raises.
        """
        async with asyncio.timeout(self._policy.handler_seconds):
            await self._subscriptions[topic].handle(events)

    def subscriber(
        self, event_type: EventType[D], *, projection: bool = False
    ) -> Callable[[Callable[[Event[D]], Awaitable[None]]], Callable[[Event[D]], Awaitable[None]]]:
        """Handle events of a type one by one.

        Args:
            event_type: which.
            projection: `/readyz` waits until the end offsets seen at start are reached.
        """

        def declare(handler: Callable[[Event[D]], Awaitable[None]]) -> Callable[[Event[D]], Awaitable[None]]:
            async def handle(events: Sequence[Event[D]]) -> None:
                for event in events:
                    await handler(event)

            self._declare(event_type, decode, handle, max_records=None, projection=projection)
            return handler

        return declare

    def batch_subscriber(
        self,
        event_type: EventType[D],
        *,
        max_records: int = 500,
        projection: bool = False,
        wait_seconds: float | None = None,
    ) -> Callable[[Handle[Event[D]]], Handle[Event[D]]]:
        """Handle events of a type many at a time; a batch that fails for good is handled one by one.

        Args:
            event_type: which.
            max_records: the most at a time.
            projection: `/readyz` waits until the end offsets seen at start are reached.
            wait_seconds: how long records may collect; none hands them over as soon as there is one.
        """

        def declare(handler: Handle[Event[D]]) -> Handle[Event[D]]:
            self._declare(
                event_type, decode, handler, max_records=max_records, projection=projection, wait_seconds=wait_seconds
            )
            return handler

        return declare

    def glancing_subscriber(
        self, event_type: EventType[D], reader: Decode[D, E], *, max_records: int = 500
    ) -> Callable[[Handle[E]], Handle[E]]:
        """Handle records of a type many at a time that are not read whole, for what need not be understood at once.

        Args:
            event_type: which.
            reader: refuses what `contracts.envelope.decode` refuses; replays hand over what that makes.
            max_records: the most at a time.
        """

        def declare(handler: Handle[E]) -> Handle[E]:
            self._declare(event_type, reader, handler, max_records=max_records, projection=False)
            return handler

        return declare

    def _declare(
        self,
        event_type: EventType[D],
        reader: Decode[D, E],
        handle: Handle[E],
        *,
        max_records: int | None,
        projection: bool,
        wait_seconds: float | None = None,
    ) -> None:
        topic = event_type.name
        self._subscriptions[topic] = Declared(event_type, cast("Handle[Event[EventData]]", handle))
        partitions = Partitions(topic, self._clock, self._randomness, self._metrics)
        heartbeat = self._health.heartbeat(f"consumer {topic}", self._policy.handler_seconds)
        heartbeat.rest()

        async def live(events: Sequence[E]) -> None:
            self._came_at = self._clock.monotonic()
            await handle(events)

        settler = Settler(
            topic,
            partial(read_as, reader, event_type),
            live,
            group=self._group,
            in_batches=max_records is not None,
            kinds=self._kinds,
            policy=self._policy,
            dead_letters=self._dead_letters,
            holds=Holds(self._held, self._group, topic, self._clock),
            brake=self._brake,
            partitions=partitions,
            heartbeat=heartbeat,
            clock=self._clock,
            randomness=self._randomness,
            metrics=self._metrics,
        )
        subscription = Subscription(settler, partitions, heartbeat, self._policy)
        subscriber = cast(
            "Subscriber",
            self._broker.subscriber(
                topic,
                batch=max_records is not None,
                max_records=max_records,
                batch_timeout_ms=int((wait_seconds or PATIENCE_SECONDS) * 1000),
                group_id=self._group,
                auto_offset_reset="earliest",  # FastStream's default, the latest, would skip what came before us
                heartbeat_interval_ms=int(HEARTBEAT_SECONDS * 1000),
                rebalance_timeout_ms=int(REBALANCE_SECONDS * 1000),
                listener=partitions,
                parser=subscription.parse,
                decoder=as_it_is,
                no_reply=True,
            ),
        )
        subscription.subscriber = subscriber
        if max_records is not None and wait_seconds is None:
            subscriber.get_msg = patient_poll(max_records, PATIENCE_SECONDS)
        subscriber(subscription.consume)
        self._health.watch(f"consume loop {topic}", lambda: "ended" if self._has_ended(subscriber) else None)
        if projection:
            self._health.depends_on(f"projection {topic}", CaughtUp(topic, lambda: subscriber.consumer, partitions))

    def _has_ended(self, subscriber: Subscriber) -> bool:
        """Whether a loop that should be running is not; FastStream forgets one that was cancelled from within."""
        return self._broker.running and (
            is_out_of_group(subscriber.consumer) or all(task.done() for task in subscriber.tasks)
        )

    def _trip(self, why: str) -> None:
        LOG.error("consumer.tripped", group=self._group, why=why)
        self._health.trip(why)
