"""Publishing in shared batches, with a deadline of our own: aiokafka's idempotent batches never expire."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.metrics import Metrics
from webhooks.adapters.kafka.builders import open_builder
from webhooks.adapters.kafka.connection import Connection
from webhooks.adapters.kafka.flushes import Flush, FlushLog, Gathering
from webhooks.adapters.kafka.lanes import Batch, Lane, Place
from webhooks.adapters.kafka.partitions import partition_of
from webhooks.errors import NotStoredError
from webhooks.models.deliveries import Record
from webhooks.ports import Stored

LOG = get_log()

PUBLISH_SECONDS: Final = 0.5
"""The broker's time for a record, its wait in the batch before it included. The sender is promised its 503 within a
second; the other half is for the round below, for answering thousands at once, and for a machine that is busy."""

ROUND_SECONDS: Final = 0.05
"""How often it is looked whether something is overdue, or can go on without a partition that hangs."""


class BatchingPublisher:
    """Puts the records of all concurrent deliveries into one batch per partition, and flushes those together.

    While one flush is with the brokers the next one fills. A partition whose broker hangs holds up the others for a
    round or two; when its batch is overdue, it takes nothing more until the broker has answered for that one.
    """

    def __init__(
        self, connection: Connection, clock: Clock, metrics: Metrics, more_at_hand: Callable[[], bool]
    ) -> None:
        """Publish by this connection; `more_at_hand` says whether deliveries are here that only have to be read."""
        self._connection, self._clock, self._metrics = connection, clock, metrics
        self._lanes: dict[Place, Lane] = {}
        self._partitions: dict[str, int] = {}
        self._log = FlushLog(clock)
        self._flush = Flush(clock, self._log)
        self._gathering = Gathering(self._flush, more_at_hand)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Flush until the block ends; who waits then is told that nothing is stored."""
        tasks = [asyncio.create_task(self._flushing()), asyncio.create_task(self._watching())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for lane in self._lanes.values():
                lane.give_up()
            self._log.tell()

    def publish(self, records: Sequence[Record], stored: Stored) -> None:
        """Call `stored` with true once every in-sync replica has every record, with false if that takes too long.

        Raises:
            NotStoredError: there is no producer, a topic is not known, or a partition hangs.
        """
        batches = self._fill(records)
        told = stored if len(batches) == 1 else _once_for_all(len(batches), stored)
        for batch in batches:
            batch.wait(told)
        self._gathering.came(len(records))

    def _fill(self, records: Sequence[Record]) -> list[Batch]:
        """Have each record taken by its partition's batch; the batches that now hold them.

        Most deliveries are of one account and one type, and so are one run.
        """
        if self._connection.producer is None:
            raise NotStoredError
        batches: list[Batch] = []
        rest, now = records, _milliseconds()
        while rest:
            lane = self._lane(rest[0])
            batch = lane.filling or self._open(lane, len(records))
            taken = batch.builder.take(rest, now)
            if taken and batch not in batches:
                batches.append(batch)
            rest = rest[taken:]
        return batches

    def _open(self, lane: Lane, records: int) -> Batch:
        """A new batch of a lane; it begins with a delivery of so many records, the first of which always fits."""
        batch = Batch(open_builder(records), self._clock.monotonic() + PUBLISH_SECONDS)
        lane.open(batch)
        return batch

    def _lane(self, record: Record) -> Lane:
        """The lane that a record goes by.

        Raises:
            NotStoredError: its topic is not known now, or its partition hangs.
        """
        topic = record.kind.topic
        partitions = self._partitions.get(topic) or self._learn(topic)
        place = topic, partition_of(record.key, partitions)
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = Lane(place, self._metrics.counter("published_events", topic=topic))
        if lane.late:
            raise NotStoredError
        return lane

    def _learn(self, topic: str) -> int:
        """How many partitions a topic has; remembered until the next round."""
        partitions = self._connection.partitions(topic)
        if partitions is None:
            raise NotStoredError
        self._partitions[topic] = partitions
        return partitions

    async def _flushing(self) -> None:
        while True:
            await self._gathering.wait()
            for lane in [lane for lane in self._lanes.values() if lane.is_waiting]:
                await self._send(lane)

    async def _send(self, lane: Lane) -> None:
        batch = lane.next()
        self._flush.sent(batch)
        try:
            written = await self._hand_over(lane, batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, this batch is not stored, and the loop goes on
            self._connection.renew()
            self._settle(lane, batch, error)
        else:
            written.add_done_callback(lambda done: self._settle(lane, batch, _error_of(done)))

    async def _hand_over(self, lane: Lane, batch: Batch) -> "asyncio.Future[object]":
        """Give a batch to aiokafka; returns at once, for its topic is known and its partition has no other batch.

        Raises:
            Exception: the producer cannot be used.
        """
        producer, (topic, partition) = self._connection.producer, lane.place
        if producer is None:
            raise NotStoredError
        if topic not in self._partitions:
            self._learn(topic)
        batch.builder.close()
        written: asyncio.Future[object] = await producer.send_batch(batch.builder, topic, partition=partition)
        return written

    def _settle(self, lane: Lane, batch: Batch, error: BaseException | None) -> None:
        """The broker has answered for a batch, in time or not."""
        was_late, lane.late, lane.sent = lane.late, False, None
        batch.settle(durable=error is None)
        if error is None:
            lane.count(batch.records)
        else:
            LOG.warning("broker.away", topic=lane.place[0], partition=lane.place[1], error=type(error).__name__)
        if not was_late:
            self._flush.settled(batch, durable=error is None)
        if not self._flush.batches:
            self._gathering.flushed(anything_left=any(lane.is_waiting for lane in self._lanes.values()))

    async def _watching(self) -> None:
        while True:
            await self._clock.sleep(ROUND_SECONDS)
            self._partitions.clear()
            self._log.tell_when_due()
            now = self._clock.monotonic()
            for lane in self._lanes.values():
                if lane.is_overdue(now):
                    self._give_up(lane)
            if now - self._flush.since >= ROUND_SECONDS and any(lane.is_waiting for lane in self._lanes.values()):
                self._gathering.flush_now()

    def _give_up(self, lane: Lane) -> None:
        sent = None if lane.late else lane.sent
        records = lane.give_up()
        if sent is not None:
            self._flush.settled(sent, durable=False)
        LOG.warning("broker.away", topic=lane.place[0], partition=lane.place[1], error="overdue", records=records)


def _milliseconds() -> int:
    """What records are stamped with: the machine's time, which the clock file does not move.

    A broker refuses what is more than an hour ahead of it.
    """
    return int(time.time() * 1000)


def _error_of(done: "asyncio.Future[object]") -> BaseException | None:
    return asyncio.CancelledError() if done.cancelled() else done.exception()


def _once_for_all(batches: int, stored: Stored) -> Stored:
    """Tells once, when all of so many batches are settled, whether all are durable."""
    left, all_durable = batches, True

    def settled(durable: bool) -> None:  # noqa: FBT001 - it is a `Stored`
        nonlocal left, all_durable
        left, all_durable = left - 1, all_durable and durable
        if not left:
            stored(all_durable)

    return settled
