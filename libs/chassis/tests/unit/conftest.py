"""Stand-ins for Kafka's side of a consumer, and a settler around them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from chassis.brake import Brake
from chassis.clock import SystemClock
from chassis.dead_letters import DeadLetters
from chassis.health import Health
from chassis.inbox import Holds, InMemoryHeldMessages
from chassis.kafka import BrokerAwayError
from chassis.metrics import Metrics
from chassis.outcomes import ErrorKinds, Policy, read
from chassis.partitions import Delivery, Partitions
from chassis.randomness import SeededRandomness
from chassis.settling import Settler
from contracts.envelope import Event, EventData, EventType


class Note(EventData):
    """What the tests tell."""

    owner: str
    text: str


NOTES = EventType("notes.told", 1, Note, lambda note: note.owner)
COMPACTED = EventType("notes.told", 1, Note, lambda note: note.owner, compacted=True)


@dataclass(frozen=True)
class Record:
    """A record as aiokafka gives it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def record(text: str, *, partition: int = 0, offset: int = 0, owner: str = "acme", **changes: bytes | None) -> Record:
    """A sound record of a note, with headers changed; a header of none is left out."""
    event = Event(NOTES, text, "/tests", datetime(2026, 11, 22, tzinfo=UTC), Note(owner=owner, text=text))
    headers = dict(event.headers()) | changes
    return Record(
        NOTES.name,
        partition,
        offset,
        event.key(),
        event.value(),
        tuple((name, value) for name, value in headers.items() if value is not None),
    )


@dataclass
class Consumer:
    """aiokafka's consumer, as far as it is used: refuses what is not assigned, as the real one does."""

    assigned: set[TopicPartition] = field(default_factory=set)
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    sought: dict[TopicPartition, int] = field(default_factory=dict)
    paused: set[TopicPartition] = field(default_factory=set)
    commit_error: Exception | None = None

    def assignment(self) -> set[TopicPartition]:
        """The partitions held now."""
        return self.assigned

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Remember what was committed."""
        if self.commit_error is not None:
            raise self.commit_error
        self.committed |= offsets

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Remember where to read on."""
        assert partition in self.assigned
        self.sought[partition] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        """Remember what is paused."""
        assert self.assigned.issuperset(partitions)
        self.paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        """Forget what was paused."""
        assert self.assigned.issuperset(partitions)
        self.paused.difference_update(partitions)


@dataclass
class Sink:
    """Dead-letter topics in memory."""

    sent: list[tuple[str, bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = field(default_factory=list)
    refuses: Callable[[bytes | None], Exception | None] = lambda _: None

    async def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
    ) -> None:
        """Keep a record, or refuse it."""
        error = self.refuses(value)
        if error is not None:
            raise error
        self.sent.append((topic, key, value, list(headers)))

    def away(self) -> None:
        """Refuse everything, as a broker that is away does."""
        self.refuses = lambda _: BrokerAwayError("away")


class Bench:
    """A settler with everything around it in memory."""

    NOTES = NOTES

    def __init__(
        self,
        handle: Any,
        *,
        in_batches: bool = True,
        kinds: ErrorKinds | None = None,
        event_type: EventType[Note] = NOTES,
        held: Any = None,
        policy: Policy | None = None,
    ) -> None:
        self.clock, self.metrics = SystemClock(), Metrics()
        self.health = Health(self.clock, self.metrics)
        self.sink, self.held = Sink(), held or InMemoryHeldMessages()
        self.consumer = Consumer()
        self.brake = Brake(self.clock, self.health.trip)
        self.partitions = Partitions(event_type.name, self.clock, SeededRandomness(), self.metrics)
        self.holds = Holds(self.held, "readers", event_type.name, self.clock)
        self.settler = Settler(
            event_type.name,
            partial(read, event_type),
            handle,
            group="readers",
            in_batches=in_batches,
            kinds=kinds or ErrorKinds(),
            policy=policy or Policy(retry_seconds=0.0),
            dead_letters=DeadLetters(self.sink, "readers", self.clock),
            holds=self.holds,
            brake=self.brake,
            partitions=self.partitions,
            heartbeat=self.health.heartbeat("consumer", 30.0),
            clock=self.clock,
            randomness=SeededRandomness(),
            metrics=self.metrics,
        )

    def deliver(self, *records: Record) -> Delivery:
        """Records that were polled together."""
        self.consumer.assigned = {TopicPartition(record.topic, record.partition) for record in records}
        return Delivery(records, self.consumer, self.partitions)

    async def settle(self, *records: Record) -> Any:
        """Settle a delivery and finish it; the failure that stopped it, if any."""
        delivery = self.deliver(*records)
        failure = await self.settler.settle(delivery)
        await delivery.finish()
        return failure

    def committed(self) -> dict[int, int]:
        """Offsets by partition."""
        return {place.partition: offset for place, offset in self.consumer.committed.items()}


@pytest.fixture(scope="session")
def new_record() -> Callable[..., Record]:
    """Makes records of notes."""
    return record


@pytest.fixture(scope="session")
def raw_record() -> type[Record]:
    """Makes records of anything."""
    return Record


@pytest.fixture(scope="session")
def new_bench() -> type[Bench]:
    """Makes settlers."""
    return Bench


@pytest.fixture(scope="session")
def new_consumer() -> type[Consumer]:
    """Makes consumers."""
    return Consumer


@pytest.fixture(scope="session")
def new_sink() -> type[Sink]:
    """Makes dead-letter topics."""
    return Sink


@pytest.fixture(scope="session")
def compacted() -> EventType[Note]:
    """The notes' type, compacted."""
    return COMPACTED
