"""When a projection has caught up, without Kafka."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from chassis.partitions import Partitions
from chassis.projections import BehindError, CaughtUp
from chassis.randomness import SeededRandomness

TOPIC = "notes.told"


@dataclass
class Offsets:
    """A consumer's view of its topic: begin, end, committed and position by partition."""

    partitions: set[int] | None
    begins: dict[int, int]
    ends: dict[int, int]
    commits: dict[int, int] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)

    def partitions_for_topic(self, _: str) -> set[int] | None:
        """The partitions a topic has."""
        return self.partitions

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Offsets of the oldest records."""
        return {place: self.begins[place.partition] for place in places}

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Offsets after the newest records."""
        return {place: self.ends[place.partition] for place in places}

    async def committed(self, place: TopicPartition) -> int | None:
        """What the group committed."""
        return self.commits.get(place.partition)

    def assignment(self) -> set[TopicPartition]:
        """The partitions held now."""
        return {TopicPartition(TOPIC, number) for number in self.positions}

    async def position(self, place: TopicPartition) -> int:
        """The offset of the next record that is read."""
        return self.positions[place.partition]


def check(offsets: Any) -> tuple[CaughtUp, Partitions]:
    """The check, and the partitions it looks at."""
    partitions = Partitions(TOPIC, ManualClock(), SeededRandomness(), Metrics())
    return CaughtUp(TOPIC, lambda: offsets, partitions), partitions


async def is_behind(caught_up: CaughtUp) -> bool:
    """Whether the check fails."""
    try:
        await caught_up()
    except BehindError:
        return True
    return False


@pytest.mark.parametrize("offsets", [None, Offsets(None, {}, {}), Offsets(set(), {}, {})])
async def test_what_cannot_be_known_is_behind(offsets: Any) -> None:
    """Before the consumer started, or knows its topic, a projection is not ready."""
    assert await is_behind(check(offsets)[0])


async def test_every_partition_counts_until_it_was_reached_once() -> None:
    """Ready once each partition was seen at its first end, for good, also when more is told meanwhile."""
    offsets = Offsets({0, 1}, {0: 0, 1: 0}, {0: 5, 1: 3}, {0: 5})
    caught_up, _ = check(offsets)
    assert await is_behind(caught_up)
    offsets.ends, offsets.commits = {0: 9, 1: 9}, {1: 3}
    assert not await is_behind(caught_up)
    offsets.commits = {}
    assert not await is_behind(caught_up)


async def test_partitions_without_records_do_not_count() -> None:
    """A partition that is empty, or that retention has emptied, is caught up with."""
    assert not await is_behind(check(Offsets({0, 1}, {0: 0, 1: 7}, {0: 0, 1: 7}))[0])


async def test_a_position_counts_when_no_record_is_in_work() -> None:
    """Where compaction took the last records no commit reaches the end; the position does, once nothing is in work."""
    caught_up, partitions = check(Offsets({0}, {0: 0}, {0: 5}, {0: 3}, {0: 5}))
    with partitions.working():
        assert await is_behind(caught_up)
    assert not await is_behind(caught_up)
