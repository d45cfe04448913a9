"""Replaying past Kafka: the same reading, the same handler, the same judgement of errors."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from chassis import failures, kafka, operating
from chassis.clock import SystemClock
from chassis.consuming import Consumers
from chassis.failures import Refusal
from chassis.health import Health
from chassis.inbox import InMemoryHeldMessages
from chassis.metrics import Metrics
from chassis.outcomes import ErrorKinds
from chassis.randomness import SeededRandomness
from chassis.releasing import Releases
from chassis.replaying import ALREADY, Look, Replays
from contracts.envelope import Event, EventData, EventType
from contracts.replays import ReplayBatch, ReplayedRecord


class Note(EventData):
    """What the tests tell."""

    owner: str
    text: str


NOTES = EventType("notes.told", 1, Note, lambda note: note.owner)


class AwayError(Exception):
    """A dependency that is away."""


class Handler:
    """Keeps texts; refuses what its own text says it must."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.calls = 0
        self.away = False

    async def __call__(self, events: Sequence[Event[Note]]) -> None:
        """Handle all or none."""
        self.calls += 1
        if self.away:
            raise AwayError
        if any(event.data.text == "bad" for event in events):
            raise ValueError("bad")
        self.texts += [event.data.text for event in events]


@pytest.fixture
def handler() -> Handler:
    """What the topic's consumer does."""
    return Handler()


@pytest.fixture
def consumers(handler: Handler) -> Consumers:
    """A group that consumes one topic, with no Kafka beneath."""
    clock, metrics = SystemClock(), Metrics()
    consumers = Consumers(
        broker=kafka.broker("localhost:1", "tests"),
        group="readers",
        kinds=ErrorKinds(retryable=(AwayError,)),
        held=InMemoryHeldMessages(),
        clock=clock,
        randomness=SeededRandomness(),
        health=Health(clock, metrics),
        metrics=metrics,
    )
    consumers.batch_subscriber(NOTES)(handler)
    return consumers


def batch(new_record: Any, *texts: str, **more: Any) -> ReplayBatch:
    """A batch of notes."""
    records = [new_record(text, offset=offset) for offset, text in enumerate(texts)]
    return ReplayBatch(topic=NOTES.name, records=tuple(replayed(record) for record in records), **more)


def replayed(record: Any) -> ReplayedRecord:
    """A record as it is handed over."""
    return ReplayedRecord(
        partition=record.partition,
        offset=record.offset,
        key=record.key.decode("latin-1"),
        headers=tuple((name, value.decode("latin-1")) for name, value in record.headers),
        value=record.value.decode("latin-1"),
    )


def looking_at(known: set[str]) -> dict[str, Look]:
    """Knows some texts."""

    async def look(events: Sequence[Event[EventData]], _: bool) -> Sequence[str | None]:
        texts = [event.data.text for event in events if isinstance(event.data, Note)]
        return [ALREADY if text in known else None for text in texts]

    return {NOTES.name: look}


async def test_a_dry_run_counts_and_changes_nothing(consumers: Consumers, handler: Handler, new_record: Any) -> None:
    """A dry run says what would be written and what is already, and the handler is not called."""
    answer = await Replays(consumers, looks=looking_at({"a"})).replay(batch(new_record, "a", "b", "ü"))

    assert (2, 1) == (answer.written, answer.already)
    assert [] == handler.texts


async def test_only_what_is_new_is_worked_through(consumers: Consumers, handler: Handler, new_record: Any) -> None:
    """A replay hands the handler what it has not done, in order and byte for byte."""
    answer = await Replays(consumers, looks=looking_at({"a"})).replay(batch(new_record, "a", "b", "ü", dry_run=False))

    assert (2, 1) == (answer.written, answer.already)
    assert ["b", "ü"] == handler.texts


async def test_one_bad_record_stops_no_other(consumers: Consumers, handler: Handler, new_record: Any) -> None:
    """What the handler gives up is named with its place in the batch, and all others are done."""
    answer = await Replays(consumers).replay(batch(new_record, "a", "b", "bad", "c", dry_run=False))

    assert ["a", "b", "c"] == handler.texts
    assert [(2, "failed")] == [(trouble.index, trouble.outcome) for trouble in answer.troubles]
    assert "bad" != answer.troubles[0].reason


async def test_what_breaks_its_contract_is_skipped(consumers: Consumers, handler: Handler, new_record: Any) -> None:
    """A record that is not what its topic promises is skipped with the reason, whatever its bytes are."""
    broken = replayed(new_record("x")).model_copy(update={"value": '{"owner":1}'})
    newer = replayed(new_record("y", ce_dataschema=b"urn:chert:events:notes.told:2"))
    question = ReplayBatch(topic=NOTES.name, records=(broken, newer), dry_run=False)

    answer = await Replays(consumers).replay(question)

    assert [] == handler.texts
    assert ["breaks its contract: owner: string_type", "newer than this release"] == [
        trouble.reason for trouble in answer.troubles
    ]


async def test_sends_are_asked_for_apart(consumers: Consumers, handler: Handler, new_record: Any) -> None:
    """Where the handler sends, a replay does nothing unless sends were asked for."""
    replays = Replays(consumers, sending={NOTES.name})

    quiet = await replays.replay(batch(new_record, "a", dry_run=False))
    loud = await replays.replay(batch(new_record, "a", dry_run=False, sends=True))

    assert ["would send"] == [trouble.reason for trouble in quiet.troubles]
    assert 1 == loud.written
    assert ["a"] == handler.texts


async def test_a_dependency_that_is_away_is_no_verdict(consumers: Consumers, handler: Handler, new_record: Any) -> None:
    """While a dependency is away the batch is refused as a whole, to be handed over again."""
    handler.away = True

    with pytest.raises(Refusal) as refused:
        await Replays(consumers).replay(batch(new_record, "a", dry_run=False))

    assert 503 == refused.value.status


class RestedClock(SystemClock):
    """A clock that goes on by itself when it is asked, and remembers who rested."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.rests: list[float] = []

    def monotonic(self) -> float:
        """A hundredth of a second after the last time."""
        self.seconds += 0.01
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Remember it."""
        self.rests.append(round(seconds, 3))


class LiveConsumers(Consumers):
    """Something comes from Kafka all the time."""

    @property
    def live(self) -> bool:
        """It does."""
        return True


@pytest.mark.parametrize(("consumers_of", "rest"), [(LiveConsumers, 0.04), (Consumers, 0.01)])
async def test_a_replay_lets_live_work_pass(
    handler: Handler, new_record: Any, consumers_of: type[Consumers], rest: float
) -> None:
    """What is new is worked through one by one, in order, with a rest after each: four times as long beside others."""
    clock, metrics = RestedClock(), Metrics()
    consumers = consumers_of(
        broker=kafka.broker("localhost:1", "tests"),
        group="readers",
        kinds=ErrorKinds(),
        held=InMemoryHeldMessages(),
        clock=clock,
        randomness=SeededRandomness(),
        health=Health(clock, metrics),
        metrics=metrics,
    )
    consumers.batch_subscriber(NOTES)(handler)
    texts = ["a", "b", "c"]

    answer = await Replays(consumers).replay(batch(new_record, *texts, dry_run=False))

    assert (3, texts, 3) == (answer.written, handler.texts, handler.calls)
    assert [rest] * 3 == clock.rests


@pytest.fixture
async def http(consumers: Consumers) -> AsyncIterator[httpx2.AsyncClient]:
    """The route over HTTP."""
    app = FastAPI()
    failures.install(app)
    credentials = {"ops": SecretStr("operator"), "oauth": SecretStr("sister")}
    app.include_router(operating.router(Replays(consumers), Releases(consumers), lambda: credentials))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://service") as client:
        yield client


@pytest.mark.parametrize(
    ("credential", "status"), [(None, 401), ("Bearer wrong", 401), ("Bearer sister", 401), ("Bearer operator", 200)]
)
async def test_operators_alone_may_ask(
    http: httpx2.AsyncClient, new_record: Any, credential: str | None, status: int
) -> None:
    """The operators' credential opens the route, and no sister's does."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": credential} if credential else {})

    answer = await http.post("/ops/replay", content=batch(new_record, "a").model_dump_json(), headers=headers)

    assert status == answer.status_code


async def test_a_topic_of_others_is_refused(http: httpx2.AsyncClient) -> None:
    """A group does not work through what it does not consume, and says so."""
    answer = await http.post(
        "/ops/replay", json={"topic": "others", "records": []}, headers={"Authorization": "Bearer operator"}
    )

    assert 404 == answer.status_code
    assert "readers does not consume this topic" == answer.json()["error"]
