"""Where FastStream and our policy meet: a poll becomes one `Delivery`, and its ack or nack finishes that.

FastStream polls, supervises the loop and decides by `AckPolicy.NACK_ON_ERROR`; its parsers are replaced, because they
decode headers as text and would lose a record whose headers are not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

from faststream.kafka.message import KafkaAckableMessage
from faststream.message import AckStatus

from chassis.dead_letters import Record
from chassis.health import Heartbeat
from chassis.logging import get_log
from chassis.outcomes import Failure, Policy
from chassis.partitions import Delivery, Partitions
from chassis.projections import OffsetReader

LOG = get_log()


class BatchReader(Protocol):
    """What a poll uses of aiokafka's consumer."""

    async def getmany(self, *, timeout_ms: int, max_records: int) -> Mapping[object, Sequence[Record]]:
        """Records by partition, as soon as there are some; none after so long."""
        ...


Poll = Callable[[BatchReader], Awaitable[tuple[Record, ...]]]
"""One round of a consume loop: records in the order of their partitions, or none."""


class Subscriber(Protocol):
    """What is used of a FastStream subscriber."""

    consumer: OffsetReader | None
    tasks: list[asyncio.Task[Any]]
    get_msg: Poll

    def __call__(self, func: Callable[[Delivery], Awaitable[None]]) -> object:
        """Say what consumes."""
        ...


class Settles(Protocol):
    """The policy."""

    async def settle(self, delivery: Delivery) -> Failure | None:
        """Settle what can be settled; the failure that stopped the rest, if any."""
        ...


class Polled(KafkaAckableMessage):
    """FastStream's message around a delivery: whether it is acked or nacked, the delivery knows what is settled."""

    def __init__(self, delivery: Delivery, raw: object, consumer: OffsetReader) -> None:
        super().__init__(raw_message=raw, body=b"", consumer=consumer)
        self.delivery = delivery

    async def ack(self) -> None:
        """Finish the delivery, should that not be done."""
        await self.delivery.finish()
        self.committed = AckStatus.ACKED

    async def nack(self) -> None:
        """Finish the delivery: something escaped the policy, and what is not settled is rewound."""
        await self.delivery.finish()
        self.committed = AckStatus.NACKED


class Subscription:
    """One subscriber's callbacks."""

    def __init__(self, settler: Settles, partitions: Partitions, heartbeat: Heartbeat, policy: Policy) -> None:
        self._settler, self._partitions, self._heartbeat, self._policy = settler, partitions, heartbeat, policy
        self.subscriber: Subscriber | None = None

    async def parse(self, raw: Record | tuple[Record, ...]) -> Polled:
        """Make a message of what was polled, without looking inside."""
        consumer = self._consumer()
        records = raw if isinstance(raw, tuple) else (raw,)
        return Polled(Delivery(records, consumer, self._partitions), raw, consumer)

    async def consume(self, delivery: Delivery) -> None:
        """Settle a delivery, and finish it while a rebalance still waits for it; FastStream's ack finds it done."""
        self._heartbeat.beat()
        try:
            with self._partitions.working():
                failure = await self._settler.settle(delivery)
                if failure is not None:
                    self._pause(delivery, failure)
                await delivery.finish()
        finally:
            self._heartbeat.rest()

    def _pause(self, delivery: Delivery, failure: Failure) -> None:
        unsettled = delivery.unsettled()
        if not (delivery.is_current and unsettled):
            return
        seconds = self._partitions.pause(
            self._consumer(), unsettled, self._policy.pause_seconds, self._policy.longest_pause_seconds
        )
        LOG.warning(
            "event.paused",
            topic=delivery.records[0].topic,
            offsets={str(partition.partition): offset for partition, offset in unsettled.items()},
            seconds=round(seconds, 2),
            error=type(failure.error).__name__,
            exc_info=failure.error,
        )

    def _consumer(self) -> OffsetReader:
        consumer = self.subscriber.consumer if self.subscriber is not None else None
        assert consumer is not None, "records come from a started consumer"  # noqa: S101 - FastStream's own order
        return consumer


def patient_poll(max_records: int, seconds: float) -> Poll:
    """A batch poll that ends with the first record; FastStream's own sleeps after an empty one, with records waiting.

    Args:
        max_records: the most it gives.
        seconds: how long it waits for one.
    """

    async def poll(consumer: BatchReader) -> tuple[Record, ...]:
        found = await consumer.getmany(timeout_ms=int(seconds * 1000), max_records=max_records)
        return tuple(chain.from_iterable(found.values()))

    return poll


def is_out_of_group(consumer: OffsetReader | None) -> bool:
    """Whether aiokafka's task that keeps a consumer in its group is gone: polls stay empty for ever then."""
    coordinator = getattr(consumer, "_coordinator", None)
    return coordinator is None or bool(coordinator._coordination_task.done())  # noqa: SLF001 - told nowhere else


async def as_it_is(message: Polled) -> Delivery:
    """Decode nothing: the policy reads each record by itself."""
    return message.delivery
