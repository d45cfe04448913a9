"""Shared batches: gathering, partitions, deadlines, failures; on a producer that does as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from harness.waiting import eventually
from webhooks.adapters.kafka.partitions import partition_of
from webhooks.adapters.kafka.publisher import PUBLISH_SECONDS, ROUND_SECONDS, BatchingPublisher
from webhooks.adapters.kafka.wire import BatchWriter
from webhooks.errors import NotStoredError
from webhooks.models.deliveries import Record, RecordKind

PARTITIONS = 12
SECONDS = 10.0


CREATED = RecordKind("contact.created", [])
UNKNOWN = RecordKind("unknown", [])


def record(key: str, kind: RecordKind = CREATED, size: int = 10) -> Record:
    """A record of so many bytes and a little."""
    return Record(kind, key.encode(), b"x" * size, key.encode(), b"2026-11-23T00:00:00Z", b"00-1-1-01")


class ScriptedProducer:
    """Keeps the batches it is given; a test acknowledges them."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int, BatchWriter, asyncio.Future[object]]] = []
        self.broken = False

    async def send_batch(self, batch: BatchWriter, topic: str, *, partition: int) -> "asyncio.Future[object]":
        """As aiokafka's, but for the network."""
        if self.broken:
            raise RuntimeError("fenced")
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.sent.append((topic, partition, batch, done))
        return done

    def acknowledge(self) -> int:
        """Acknowledge everything that is out; how many records that were."""
        out, self.sent = self.sent, []
        for *_, done in out:
            done.set_result(None)
        return sum(batch.record_count() for _, _, batch, _ in out)


class ScriptedConnection:
    """A connection to that producer; one topic is unknown."""

    def __init__(self) -> None:
        self.producer: ScriptedProducer | None = ScriptedProducer()
        self.renewed = 0

    def partitions(self, topic: str) -> int | None:
        """How many a topic has."""
        return None if topic == "unknown" else PARTITIONS

    def renew(self) -> None:
        """Count it."""
        self.renewed += 1


class Bench:
    """A running publisher with everything around it in a test's hands."""

    def __init__(self) -> None:
        self.clock, self.connection, self.metrics = ManualClock(), ScriptedConnection(), Metrics()
        self.publisher = BatchingPublisher(self.connection, self.clock, self.metrics, lambda: False)  # type: ignore[arg-type]
        self.told: list[bool] = []

    @property
    def producer(self) -> ScriptedProducer:
        """The producer."""
        assert self.connection.producer is not None
        return self.connection.producer

    def publish(self, *keys: str, kind: RecordKind = CREATED, size: int = 10) -> None:
        """Publish a record for each key, in one delivery."""
        records = [record(key, kind, size) for key in keys]
        self.publisher.publish(records, self.told.append)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition."""

        async def holds() -> bool:
            return condition()

        await eventually(holds, what="the publisher", seconds=SECONDS)

    async def out(self, batches: int) -> None:
        """Wait until so many batches are with the broker."""
        await self.until(lambda: len(self.producer.sent) == batches)

    async def rounds(self, seconds: float) -> None:
        """Let so much time pass, with a look for what is overdue at its end."""
        await self.until(lambda: self.clock.sleeping > 0)
        self.clock.advance(seconds)
        await self.until(lambda: self.clock.sleeping > 0)


def place(key: str) -> int:
    """The partition of a key."""
    return partition_of(key.encode(), PARTITIONS)


def elsewhere(key: str) -> str:
    """A key in another partition."""
    return next(other for other in map(str, range(100)) if place(other) != place(key))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A running publisher."""
    async with AsyncExitStack() as stack:
        bench = Bench()
        await stack.enter_async_context(bench.publisher.running())
        yield bench


@given(st.binary(min_size=1, max_size=60), st.integers(1, 100))
def test_the_partition_is_the_one_that_every_producer_computes(key: bytes, partitions: int) -> None:
    """A key lies where Java's and aiokafka's default partitioner put it."""
    everything = list(range(partitions))

    assert DefaultPartitioner()(key, everything, everything) == partition_of(key, partitions)


async def test_nothing_is_told_before_the_broker_says_so(bench: Bench) -> None:
    """A delivery hears that it is stored only when its batch is acknowledged."""
    bench.publish("1")
    await bench.out(1)
    assert [] == bench.told

    assert 1 == bench.producer.acknowledge()
    await bench.until(lambda: [True] == bench.told)


async def test_what_arrives_during_a_flush_goes_out_together(bench: Bench) -> None:
    """While one batch is with the broker all others of its partition gather in the next."""
    bench.publish("1")
    await bench.out(1)
    for _ in range(20):
        bench.publish("1")
    assert 1 == len(bench.producer.sent)

    bench.producer.acknowledge()
    await bench.out(1)

    assert 20 == bench.producer.acknowledge()
    await bench.until(lambda: [True] * 21 == bench.told)


async def test_a_delivery_over_several_partitions_is_told_once(bench: Bench) -> None:
    """A delivery is stored when its last batch is."""
    bench.publish(*(str(key) for key in range(50)))
    await bench.out(PARTITIONS)

    first = bench.producer.sent.pop()
    bench.producer.acknowledge()
    await bench.until(lambda: not bench.producer.sent)
    assert [] == bench.told

    first[-1].set_result(None)
    await bench.until(lambda: [True] == bench.told)


async def test_a_full_batch_is_followed_by_another(bench: Bench) -> None:
    """What does not fit into 256 KiB waits for the next produce request of its partition."""
    bench.publish("1", "1", "1", size=150_000)
    for _ in range(3):
        await bench.out(1)
        assert 1 == bench.producer.acknowledge()
    await bench.until(lambda: [True] == bench.told)


async def test_what_is_overdue_is_not_stored_and_the_lane_takes_nothing_more(bench: Bench) -> None:
    """Past the deadline everybody who waits is told, newcomers at once; when the broker answers, all goes on."""
    bench.publish("1")
    await bench.out(1)
    bench.publish("1")

    await bench.rounds(PUBLISH_SECONDS + ROUND_SECONDS)
    assert [False, False] == bench.told
    with pytest.raises(NotStoredError):
        bench.publish("1")

    bench.producer.acknowledge()
    await asyncio.sleep(0)
    bench.publish("1")
    await bench.out(1)
    bench.producer.acknowledge()
    await bench.until(lambda: [False, False, True] == bench.told)


async def test_a_partition_that_hangs_holds_up_the_others_for_one_round(bench: Bench) -> None:
    """With one broker hanging the partitions of the others go on."""
    bench.publish("1")
    await bench.out(1)

    bench.publish(elsewhere("1"))
    await bench.rounds(ROUND_SECONDS)
    await bench.out(2)
    bench.producer.sent.pop()[-1].set_result(None)

    await bench.until(lambda: [True] == bench.told)


async def test_a_flush_that_goes_well_has_none_beside_it(bench: Bench) -> None:
    """However the look falls, what gathers beside a flush waits for it, until that has been out for a whole round."""
    bench.clock.advance(ROUND_SECONDS * 0.6)
    bench.publish("1")
    await bench.out(1)
    bench.publish(elsewhere("1"))

    await bench.rounds(ROUND_SECONDS * 0.6)
    assert 1 == len(bench.producer.sent)

    await bench.rounds(ROUND_SECONDS)
    await bench.out(2)


async def test_a_refused_batch_is_not_stored_and_the_loop_goes_on(bench: Bench) -> None:
    """What the broker refuses, and what the producer cannot take, is told; the producer is made anew."""
    bench.publish("1")
    await bench.out(1)
    bench.producer.sent.pop()[-1].set_exception(RuntimeError("refused"))
    await bench.until(lambda: [False] == bench.told)

    bench.producer.broken = True
    bench.publish("1")
    await bench.until(lambda: [False, False] == bench.told)
    assert 1 == bench.connection.renewed

    bench.producer.broken = False
    bench.publish("1")
    await bench.out(1)


async def test_without_a_producer_or_a_topic_nothing_is_taken(bench: Bench) -> None:
    """Where nothing can be stored the delivery is refused at once."""
    with pytest.raises(NotStoredError):
        bench.publish("1", kind=UNKNOWN)
    bench.connection.producer = None
    with pytest.raises(NotStoredError):
        bench.publish("1")


async def test_trouble_with_one_who_waits_is_not_the_others_trouble(bench: Bench) -> None:
    """An exception while one sender is answered keeps nobody else waiting."""

    def fails(_: bool) -> None:
        raise ValueError("gone")

    bench.publisher.publish([record("1")], fails)
    bench.publish("1")
    await bench.out(1)
    bench.producer.acknowledge()

    await bench.until(lambda: [True] == bench.told)


async def test_who_waits_at_the_end_is_told() -> None:
    """When the service stops, what was not acknowledged is told as not stored."""
    bench = Bench()
    async with bench.publisher.running():
        bench.publish("1")
        await bench.out(1)

    assert [False] == bench.told
