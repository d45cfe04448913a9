"""Committing, rewinding and pausing, without Kafka."""

import asyncio
from typing import Any

from aiokafka.errors import CommitFailedError, KafkaTimeoutError, NotCoordinatorForGroupError
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from chassis import kafka, partitions
from chassis.clock import ManualClock
from chassis.metrics import Metrics
from chassis.partitions import Delivery, Partitions
from chassis.randomness import SeededRandomness

TOPIC = "notes.told"


def places(clock: Any) -> Partitions:
    """Partitions on a clock of the test's."""
    return Partitions(TOPIC, clock, SeededRandomness(), Metrics())


async def passed(steps: int = 5) -> None:
    """Let other tasks run."""
    for _ in range(steps):
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)


@given(settled=st.lists(st.booleans(), min_size=1, max_size=20), split=st.integers(0, 20))
async def test_only_the_settled_beginning_is_committed(
    new_record: Any, new_consumer: Any, settled: list[bool], split: int
) -> None:
    """Each partition is committed up to its first unsettled record and rewound to it, whatever follows."""
    records = [new_record("x", partition=int(number >= split), offset=100 + number) for number in range(len(settled))]
    consumer = new_consumer(assigned={TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)})
    delivery = Delivery(records, consumer, places(ManualClock()))
    for record, done in zip(records, settled, strict=True):
        if done:
            delivery.settle(record)
    await delivery.finish()
    for number in (0, 1):
        pairs = zip(records, settled, strict=True)
        lane = [(record.offset, done) for record, done in pairs if record.partition == number]
        first = next((offset for offset, done in lane if not done), None)
        end = first if first is not None else (lane[-1][0] + 1 if lane else None)
        expected = end if lane and end != lane[0][0] else None
        assert expected == consumer.committed.get(TopicPartition(TOPIC, number))
        assert first == consumer.sought.get(TopicPartition(TOPIC, number))


async def test_a_delivery_that_a_rebalance_overtook_touches_nothing(new_record: Any, new_consumer: Any) -> None:
    """After a rebalance an old delivery neither commits nor rewinds: the partitions start from what was committed."""
    held, consumer = places(ManualClock()), new_consumer(assigned={TopicPartition(TOPIC, 0)})
    delivery = Delivery([new_record("x"), new_record("y", offset=1)], consumer, held)
    delivery.settle(delivery.records[0])
    await held.on_partitions_revoked(consumer.assigned)
    consumer.assigned = set()
    await delivery.finish()
    assert ({}, {}) == (consumer.committed, consumer.sought)


async def test_finishing_twice_commits_once(new_record: Any, new_consumer: Any) -> None:
    """The policy finishes a delivery, and FastStream's ack finds nothing left to do."""
    consumer = new_consumer(assigned={TopicPartition(TOPIC, 0)})
    delivery = Delivery([new_record("x")], consumer, places(ManualClock()))
    await delivery.finish()
    delivery.settle(delivery.records[0])
    await delivery.finish()
    assert ({}, {TopicPartition(TOPIC, 0): 0}) == (consumer.committed, consumer.sought)


async def test_a_commit_that_fails_is_no_disaster(new_record: Any, new_consumer: Any) -> None:
    """A refused commit is told and left: the records are delivered again, no more."""
    consumer = new_consumer(assigned={TopicPartition(TOPIC, 0)}, commit_error=CommitFailedError())
    delivery = Delivery([new_record("x")], consumer, places(ManualClock()))
    delivery.settle(delivery.records[0])
    await delivery.finish()
    assert {} == consumer.committed


async def test_a_commit_that_failed_is_made_again(new_record: Any, new_consumer: Any) -> None:
    """What was handled while the group's coordinator was away is committed once it is there, without another record."""
    clock, place, other = ManualClock(), TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)
    held = places(clock)
    consumer = new_consumer(assigned={place, other}, commit_error=NotCoordinatorForGroupError())
    for partition in (0, 1):
        delivery = Delivery([new_record("x", partition=partition)], consumer, held)
        delivery.settle(delivery.records[0])
        await delivery.finish()
    for _ in range(3):
        await passed()
        clock.advance(partitions.COMMIT_AGAIN_SECONDS)
    await passed()
    assert {} == consumer.committed

    consumer.commit_error = None
    clock.advance(partitions.COMMIT_AGAIN_SECONDS)
    await passed()

    assert {place: 1, other: 1} == consumer.committed


async def test_what_was_not_committed_goes_with_the_next(new_record: Any, new_consumer: Any) -> None:
    """The next record's commit carries what is owed, and a later offset stands in the place of an earlier one."""
    place, other = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)
    held, consumer = places(ManualClock()), new_consumer(assigned={place, other}, commit_error=KafkaTimeoutError())
    for record in (new_record("x"), new_record("y", partition=1)):
        delivery = Delivery([record], consumer, held)
        delivery.settle(record)
        await delivery.finish()
    consumer.commit_error = None
    delivery = Delivery([record := new_record("z", offset=1)], consumer, held)
    delivery.settle(record)
    await delivery.finish()

    assert {place: 2, other: 1} == consumer.committed


async def test_nothing_is_owed_after_a_rebalance(new_record: Any, new_consumer: Any) -> None:
    """Whoever has the partitions now commits for them: what the assignment before owed is forgotten."""
    clock, place = ManualClock(), TopicPartition(TOPIC, 0)
    held, consumer = places(clock), new_consumer(assigned={place}, commit_error=NotCoordinatorForGroupError())
    delivery = Delivery([new_record("x")], consumer, held)
    delivery.settle(delivery.records[0])
    await delivery.finish()
    await held.on_partitions_revoked({place})
    consumer.commit_error = None
    await passed()
    clock.advance(10)
    await passed()

    assert {} == consumer.committed


async def test_a_pause_grows_to_its_limit_and_ends(new_consumer: Any) -> None:
    """At one offset each pause is about twice the last, up to the longest; then reading goes on."""
    clock, place = ManualClock(), TopicPartition(TOPIC, 0)
    held, consumer = places(clock), new_consumer(assigned={place})
    waits = []
    for _ in range(8):
        waits.append(held.pause(consumer, {place: 7}, 0.1, 5.0))
        assert {place} == consumer.paused
        await passed()
        clock.advance(waits[-1])
        await passed()
        assert set() == consumer.paused
    assert all(
        0.8 * whole <= wait <= whole for wait, whole in zip(waits, (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5), strict=True)
    )
    assert (9, 1) == (held.attempt(place, 7), held.attempt(place, 8))


async def test_a_rebalance_ends_pauses(new_consumer: Any) -> None:
    """A pause dies with its assignment, and never touches a partition that is gone."""
    clock, place = ManualClock(), TopicPartition(TOPIC, 0)
    held, consumer = places(clock), new_consumer(assigned={place})
    held.pause(consumer, {place: 7}, 0.1, 5.0)
    await held.on_partitions_revoked({place})
    consumer.assigned = set()
    clock.advance(10)
    await passed()
    assert {place} == consumer.paused  # untouched: the real one forgets it with the assignment


async def test_a_rebalance_waits_for_work_that_ends_soon() -> None:
    """Revoking waits until the records in work are done."""
    held = places(ManualClock())
    with held.working():
        revoking = asyncio.create_task(held.on_partitions_revoked(set()))
        await passed()
        assert (False, 0) == (revoking.done(), held.epoch)
    await revoking
    assert 1 == held.epoch


def test_the_waits_of_a_rebalance_fit_into_each_other() -> None:
    """Handover and heartbeat fit into what the group gives a member, and that into one request."""
    assert partitions.HANDOVER_SECONDS + partitions.HEARTBEAT_SECONDS < partitions.REBALANCE_SECONDS
    assert partitions.REBALANCE_SECONDS < kafka.REQUEST_SECONDS
