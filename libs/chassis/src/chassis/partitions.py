"""What one consumer holds of its topic: how far each partition is settled, and what a rebalance does to that.

Nothing is ever committed past a record that was not settled: a delivery commits the settled beginning of each
partition, rewinds to the first record that is not, and pauses there. FastStream's own nack rewinds whole batches and
stops half-way at a partition that a rebalance took; its ack commits positions, settled or not. Neither is used.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError, KafkaError
from aiokafka.structs import TopicPartition

from chassis.clock import Clock
from chassis.dead_letters import Record
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.randomness import Randomness

LOG = get_log()

HANDOVER_SECONDS: Final = 2.0
"""How long a rebalance waits for the records in work, so that they are committed before another member gets them."""

REBALANCE_SECONDS: Final = 3.0
"""What the group gives a member to come back: the handover and a heartbeat fit inside, and it inside one request."""

HEARTBEAT_SECONDS: Final = 0.5
"""How soon a member learns of a rebalance."""

COMMIT_SECONDS: Final = 5.0
"""The longest a commit may take; without it the records are delivered again, no more."""

COMMIT_AGAIN_SECONDS: Final = 1.0
"""How long after a commit that failed it is made again. The next record's would do, and may come tomorrow: until then
the group would seem to lag, and a restart would do again what was done."""


class Consumer(Protocol):
    """What is used of aiokafka's consumer."""

    def assignment(self) -> set[TopicPartition]:
        """The partitions held now."""
        ...

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Make offsets of next records durable."""
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from there."""
        ...

    def pause(self, *partitions: TopicPartition) -> None:
        """Read nothing of them."""
        ...

    def resume(self, *partitions: TopicPartition) -> None:
        """Read them again."""
        ...


def place(record: Record) -> TopicPartition:
    """The partition a record lies in."""
    return TopicPartition(record.topic, record.partition)


class Delivery:
    """Records that were polled together, in the order of their partitions, and which of them are settled."""

    def __init__(self, records: Sequence[Record], consumer: Consumer, partitions: "Partitions") -> None:
        self.records = tuple(records)
        self._consumer, self._partitions, self.epoch = consumer, partitions, partitions.epoch
        self._settled: set[tuple[int, int]] = set()
        self._finished = False

    @property
    def is_current(self) -> bool:
        """Whether its partitions are still held under the assignment that it came under."""
        return self.epoch == self._partitions.epoch

    def settle(self, record: Record) -> None:
        """Say that a record is done with: handled, dead-lettered, held or skipped."""
        self._settled.add((record.partition, record.offset))

    def unsettled(self) -> dict[TopicPartition, int]:
        """The first record of each partition that is not settled."""
        found: dict[TopicPartition, int] = {}
        if len(self._settled) == len(self.records):
            return found
        for record in self.records:
            if (record.partition, record.offset) not in self._settled:
                found.setdefault(place(record), record.offset)
        return found

    async def finish(self) -> None:
        """Rewind to what is not settled, commit what is before it; once, and only what is still ours."""
        if self._finished:
            return
        self._finished = True
        if not self.is_current:
            return  # a rebalance took the partitions: whoever has them now starts from what was committed
        unsettled = self.unsettled()
        for partition, offset in unsettled.items():
            self._consumer.seek(partition, offset)
        await self._partitions.commit(self._consumer, self._progress(unsettled))

    def _progress(self, unsettled: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
        first = {record.partition: record.offset for record in reversed(self.records)}
        last = {record.partition: record for record in self.records}
        after = {place(record): record.offset + 1 for record in last.values()} | unsettled
        return {partition: offset for partition, offset in after.items() if offset > first[partition.partition]}


class Partitions(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types and checks the class
    """The partitions of one consumer: which assignment they belong to, what is in work, which are paused."""

    def __init__(self, topic: str, clock: Clock, randomness: Randomness, metrics: Metrics) -> None:
        self.epoch = 0
        self._topic, self._clock, self._randomness, self._metrics = topic, clock, randomness, metrics
        self._idle = asyncio.Event()
        self._idle.set()
        self._setbacks: dict[TopicPartition, tuple[int, int]] = {}
        self._pauses: dict[TopicPartition, asyncio.Task[None]] = {}
        self._owed: dict[TopicPartition, int] = {}
        self._paying: asyncio.Task[None] | None = None
        self._commits = asyncio.Lock()
        self._show()

    @property
    def idle(self) -> bool:
        """Whether no record is in work."""
        return self._idle.is_set()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Say that records are in work: a rebalance waits a little for them."""
        self._idle.clear()
        try:
            yield
        finally:
            self._idle.set()

    async def on_partitions_revoked(self, _: set[TopicPartition]) -> None:
        """Let the records in work finish and commit; what takes longer is delivered again elsewhere."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANDOVER_SECONDS):
                await self._idle.wait()
        self.epoch += 1
        for pause in self._pauses.values():
            pause.cancel()
        self._pauses.clear()
        self._owed.clear()
        self._show()

    async def on_partitions_assigned(self, _: set[TopicPartition]) -> None:
        """Nothing: a new assignment begins at what was committed, unpaused."""

    def attempt(self, partition: TopicPartition, offset: int) -> int:
        """Which delivery of this record it is, from 1, as far as this process knows."""
        stuck_at, times = self._setbacks.get(partition, (offset, 0))
        return times + 1 if stuck_at == offset else 1

    async def commit(self, consumer: Consumer, offsets: dict[TopicPartition, int]) -> None:
        """Make offsets durable, now or, when that fails, as soon as it can be done under this assignment."""
        self._owed |= offsets
        if self._owed and not await self._pay(consumer) and (self._paying is None or self._paying.done()):
            self._paying = asyncio.create_task(self._pay_later(consumer, self.epoch))

    async def _pay(self, consumer: Consumer) -> bool:
        """Commit what is owed, one commit at a time, so that none overtakes a later one; whether it is over with."""
        owed: dict[TopicPartition, int] = {}
        try:
            async with asyncio.timeout(COMMIT_SECONDS), self._commits:
                owed = dict(self._owed)
                await consumer.commit(owed)
        except (TimeoutError, KafkaError, ConsumerStoppedError) as error:  # at worst they are delivered again
            LOG.warning("consumer.uncommitted", topic=self._topic, error=type(error).__name__)
            if not isinstance(error, CommitFailedError | ConsumerStoppedError | IllegalStateError):
                return False
        self._owed = {place: offset for place, offset in self._owed.items() if owed.get(place) != offset}
        return True

    async def _pay_later(self, consumer: Consumer, epoch: int) -> None:
        while epoch == self.epoch and self._owed:
            await self._clock.sleep(COMMIT_AGAIN_SECONDS)
            if epoch == self.epoch and self._owed:
                await self._pay(consumer)

    def pause(self, consumer: Consumer, unsettled: dict[TopicPartition, int], shortest: float, longest: float) -> float:
        """Pause partitions at these offsets, longer each time at the same one; says for how many seconds at most."""
        waits = {partition: self._wait(partition, unsettled[partition], shortest, longest) for partition in unsettled}
        for partition, seconds in waits.items():
            consumer.pause(partition)
            self._pauses[partition] = asyncio.create_task(self._resume_after(seconds, consumer, partition))
        self._show()
        return max(waits.values(), default=0.0)

    def _wait(self, partition: TopicPartition, offset: int, shortest: float, longest: float) -> float:
        times = self.attempt(partition, offset)
        self._setbacks[partition] = (offset, times)
        # Up to a fifth is random, so that many members do not come back to a database at the same instant.
        whole = min(longest, shortest * 2.0 ** min(times - 1, 30))
        return whole * (1 - 0.2 * self._randomness.fraction())

    async def _resume_after(self, seconds: float, consumer: Consumer, partition: TopicPartition) -> None:
        await self._clock.sleep(seconds)
        self._pauses.pop(partition, None)
        self._show()
        if partition in consumer.assignment():
            consumer.resume(partition)

    def _show(self) -> None:
        self._metrics.set("consumer_paused", 1.0 if self._pauses else 0.0, topic=self._topic)
