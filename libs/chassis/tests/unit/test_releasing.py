"""Releasing what is held: in order, each message once, and nothing forgotten before its end is durable."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis.clock import ManualClock
from chassis.consuming import Declared
from chassis.dead_letters import DeadLetters
from chassis.failures import Refusal
from chassis.inbox import HeldMessage, InMemoryHeldMessages
from chassis.outcomes import ErrorKinds
from chassis.releasing import Releases
from contracts.envelope import Event, EventData, EventType
from contracts.held import MAX_RELEASED, HeldRelease


class Note(EventData):
    """What the tests tell."""

    owner: str
    text: str


class AwayError(Exception):
    """A dependency that is away."""


NOTES = EventType("notes.told", 1, Note, lambda note: note.owner)
ORDER = HeldRelease(topic=NOTES.name, partition=0, owner="acme")


@dataclass
class Group:
    """A consumer group without Kafka beneath."""

    dead_letters: DeadLetters
    group: str = "readers"
    kinds: ErrorKinds = field(default_factory=lambda: ErrorKinds(retryable=(AwayError,)))
    held: InMemoryHeldMessages = field(default_factory=InMemoryHeldMessages)
    texts: list[str] = field(default_factory=list)

    @property
    def subscriptions(self) -> dict[str, Declared]:
        """One topic."""
        return {NOTES.name: Declared(NOTES, self.read)}

    async def handle(self, topic: str, events: Sequence[Event[EventData]]) -> None:
        """As its subscription does."""
        await self.subscriptions[topic].handle(events)

    async def read(self, events: Sequence[Event[EventData]]) -> None:
        """Keep texts; refuse what its own text says it must."""
        for event in events:
            text = event.data.text if isinstance(event.data, Note) else ""
            if text == "away":
                raise AwayError
            if text == "bad":
                raise ValueError(text)
            self.texts.append(text)


@pytest.fixture
def sink(new_sink: Any) -> Any:
    """Where dead letters go."""
    return new_sink()


@pytest.fixture
def group(sink: Any) -> Group:
    """A group that holds nothing yet."""
    return Group(DeadLetters(sink, "readers", ManualClock()))


async def hold(group: Group, new_record: Any, *texts: str) -> None:
    """Hold notes of one owner, in order."""
    for offset, text in enumerate(texts):
        one = new_record(text, offset=offset)
        place = ("readers", NOTES.name, 0, offset, "acme")
        await group.held.hold([HeldMessage(*place, one.key, tuple(one.headers), one.value, ManualClock().now())])


async def test_held_messages_are_worked_through_in_order(group: Group, new_record: Any) -> None:
    """What can be handled is handled once, and its owner is not held any more."""
    await hold(group, new_record, "a", "b", "c")

    released = await Releases(group).release(ORDER)

    assert (3, 0, 0, ["a", "b", "c"]) == (released.handled, released.dead_lettered, released.left, group.texts)
    assert () == (await Releases(group).held()).lanes


async def test_what_cannot_be_handled_becomes_a_dead_letter(group: Group, sink: Any, new_record: Any) -> None:
    """A message that is given up is a dead letter, and those behind it go on."""
    await hold(group, new_record, "a", "bad", "c")

    released = await Releases(group).release(ORDER)

    assert (2, 1, ["a", "c"]) == (released.handled, released.dead_lettered, group.texts)
    assert ["notes.told.readers.dlq"] == [topic for topic, *_ in sink.sent]


async def test_nothing_is_forgotten_while_a_dependency_is_away(group: Group, new_record: Any) -> None:
    """The message at which it stopped and those behind it stay held, and the same order goes on later."""
    await hold(group, new_record, "a", "away", "c")

    with pytest.raises(Refusal) as refused:
        await Releases(group).release(ORDER)

    assert 503 == refused.value.status
    assert [2] == [lane.messages for lane in (await Releases(group).held()).lanes]


async def test_a_dead_letter_that_cannot_be_written_keeps_its_message(group: Group, sink: Any, new_record: Any) -> None:
    """Without Kafka nothing is given up, and so nothing is lost."""
    await hold(group, new_record, "bad")
    sink.away()

    with pytest.raises(Refusal):
        await Releases(group).release(ORDER)

    assert [1] == [lane.messages for lane in (await Releases(group).held()).lanes]


async def test_much_is_released_some_of_it_at_a_time(group: Group, new_record: Any) -> None:
    """One order ends within its deadline; what is left is said, and the same order goes on."""
    await hold(group, new_record, *(str(number) for number in range(MAX_RELEASED + 1)))
    releases = Releases(group)

    assert [1, 0] == [(await releases.release(ORDER)).left for _ in range(2)]


async def test_what_would_send_is_asked_for_apart(group: Group, new_record: Any) -> None:
    """Where the handler sends, a release does nothing unless sends were asked for; a topic of others is refused."""
    await hold(group, new_record, "a")
    releases = Releases(group, sending={NOTES.name})

    with pytest.raises(Refusal) as refused:
        await releases.release(ORDER)
    with pytest.raises(Refusal) as unknown:
        await releases.release(ORDER.model_copy(update={"topic": "others"}))

    assert ("would_send", 404) == (refused.value.reason, unknown.value.status)
    assert [] == group.texts
    assert 1 == (await releases.release(ORDER.model_copy(update={"sends": True}))).handled
