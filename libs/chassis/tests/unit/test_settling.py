"""The policy without Kafka: what holds for every mixture of records and failures."""

import asyncio
import io
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import model_validator

from chassis import logging, tracing
from chassis.outcomes import ErrorKinds, Kind, Policy, read
from chassis.settling import TrippedError
from contracts.envelope import ContractError, Event, EventData, EventType, NewerVersionError


class AwayError(Exception):
    """A dependency that is away."""


class HopelessError(Exception):
    """An error that the table calls permanent."""


KINDS = ErrorKinds(retryable=(AwayError,), permanent=(HopelessError,))
FATES = ("fine", "broken", "newer", "hopeless", "shaky", "bad", "away", "held")


class Handler:
    """Does to each note what its text says, all or none."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.seen: set[str] = set()

    async def __call__(self, events: Sequence[Event[Any]]) -> None:
        """Handle all or none."""
        for event in events:
            first = event.data.text not in self.seen
            self.seen.add(event.data.text)
            match event.data.text.split()[0]:
                case "hopeless":
                    raise HopelessError
                case "away":
                    raise AwayError
                case "bad":
                    raise ValueError
                case "shaky" if first:
                    raise ValueError
        self.handled.extend(event.data.text for event in events)


def record_of(new_record: Any, fate: str, partition: int, offset: int) -> Any:
    """A record whose fate its text tells; every one has another owner, so that no brake bites."""
    changes = {"broken": {"ce_type": b"x"}, "newer": {"ce_dataschema": b"urn:chert:events:notes.told:2"}}
    text = f"{fate} {partition}.{offset:03}"
    owner = "mallory" if fate == "held" else text
    return new_record(text, partition=partition, offset=offset, owner=owner, **changes.get(fate, {}))


class Store:
    """A store that holds one owner everywhere, and may be away."""

    def __init__(self, *, away: bool) -> None:
        self.held: list[str] = []
        self._away = away

    async def lanes(self, _: str, __: str) -> frozenset[Any]:
        """Who is held on which partition."""
        return frozenset((partition, "mallory") for partition in range(3))

    async def hold(self, messages: Sequence[Any]) -> None:
        """Keep them."""
        if self._away:
            raise AwayError
        self.held.extend(dict(message.headers)["ce_id"].decode() for message in messages)


mixtures = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(FATES)), min_size=1, max_size=12)


class Account:
    """A mixture that was settled, and what came of it."""

    def __init__(self, new_record: Any, mixture: Sequence[tuple[int, str]]) -> None:
        offsets: dict[int, int] = defaultdict(int)
        self.fates: dict[int, list[str]] = defaultdict(list)
        self.records = []
        for partition, fate in sorted(mixture, key=lambda pair: pair[0]):
            self.records.append(record_of(new_record, fate, partition, offsets[partition]))
            offsets[partition] += 1
            self.fates[partition].append(fate)

    def committed(self, bench: Any) -> list[str]:
        """The texts of the records below committed offsets."""
        return [
            f"{fate} {partition}.{offset:03}"
            for partition, fates in self.fates.items()
            for offset, fate in enumerate(fates[: bench.committed().get(partition, 0)])
        ]

    def buried(self, bench: Any) -> list[str]:
        """The texts of the dead letters."""
        return [dict(headers)["ce_id"].decode() for _, _, _, headers in bench.sink.sent]


@settings(max_examples=500)
@given(mixture=mixtures, in_batches=st.booleans(), letters=st.booleans(), store_away=st.booleans())
async def test_nothing_is_committed_that_is_not_done(
    new_record: Any, new_bench: Any, mixture: list[tuple[int, str]], in_batches: bool, letters: bool, store_away: bool
) -> None:
    """Whatever a delivery holds, only what was handled, dead-lettered or held is committed, and order is kept."""
    account, handler, store = Account(new_record, mixture), Handler(), Store(away=store_away)
    bench = new_bench(handler, in_batches=in_batches, kinds=KINDS, held=store)
    if not letters:
        bench.sink.away()
    failure = await bench.settle(*account.records)

    committed, buried = account.committed(bench), account.buried(bench)
    assert set(committed) <= {*handler.handled, *buried, *store.held}
    assert set(buried) <= set(committed)  # else it would be dead-lettered again at each delivery
    assert not any(text.startswith(("away", "newer")) for text in committed)
    assert not {*handler.handled} & {*buried}
    assert not any(text.startswith(("broken", "newer", "held")) for text in handler.seen)
    for partition in account.fates:
        handled = [text for text in dict.fromkeys(handler.handled) if f" {partition}." in text]
        assert handled == sorted(handled, key=lambda text: text.split()[1])
    assert (failure is None) == (len(committed) == len(account.records))
    for outcome, settled in (("handled", handler.handled), ("dead_lettered", buried), ("held", store.held)):
        told = f'consumer_events_total{{outcome="{outcome}",topic="{bench.NOTES.name}"}} {float(len(settled))}'
        assert bool(settled) == (told in bench.metrics.render().decode())


@given(mixture=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(("fine", "broken", "hopeless", "shaky", "bad")))))
async def test_what_is_not_a_dependency_never_stops_a_partition(
    new_record: Any, new_bench: Any, mixture: list[tuple[int, str]]
) -> None:
    """Poison of every kind is dead-lettered once, everything else is handled, and all is committed."""
    account, handler = Account(new_record, mixture), Handler()
    bench = new_bench(handler, kinds=KINDS)
    assert await bench.settle(*account.records) is None
    assert len(account.records) == len(account.committed(bench))
    poison = {text for text in account.committed(bench) if text.startswith(("broken", "hopeless", "bad"))}
    assert sorted(poison) == sorted(account.buried(bench))


async def test_one_culprit_costs_few_calls(new_record: Any, new_bench: Any) -> None:
    """A batch of 500 with one poison is halved down to it: a dozen failing calls, not 500."""
    handler, calls = Handler(), []

    async def count(events: Sequence[Event[Any]]) -> None:
        calls.append(len(events))
        await handler(events)

    records = [record_of(new_record, "bad" if number == 321 else "fine", 0, number) for number in range(500)]
    bench = new_bench(count)
    assert await bench.settle(*records) is None
    assert 499 == len(handler.handled)
    assert len(calls) < 30


async def test_a_mistake_of_our_own_pauses_and_loses_nothing(new_record: Any, new_bench: Any) -> None:
    """Even an error inside the policy, here a store that cannot say who is held, leaves everything uncommitted."""

    class BrokenStore:
        async def lanes(self, group: str, topic: str) -> frozenset[Any]:
            raise AwayError

    bench = new_bench(Handler(), held=BrokenStore())
    failure = await bench.settle(new_record("fine"))
    assert Kind.RETRYABLE is failure.kind
    assert {} == bench.committed()


async def test_held_messages_that_cannot_be_stored_stay_uncommitted(new_record: Any, new_bench: Any) -> None:
    """While the store of held messages is away, what should be held waits in its partition; others are committed."""

    class FullStore:
        async def lanes(self, group: str, topic: str) -> frozenset[Any]:
            return frozenset({(0, "mallory")})

        async def hold(self, messages: Sequence[Any]) -> None:
            raise AwayError

    bench = new_bench(Handler(), held=FullStore())
    failure = await bench.settle(
        new_record("fine 1", offset=0), new_record("x", offset=1, owner="mallory"), new_record("fine 2", partition=1)
    )
    assert isinstance(failure.error, AwayError)
    assert {0: 1, 1: 1} == bench.committed()


async def test_a_delivery_that_a_rebalance_overtook_is_left(new_record: Any, new_bench: Any) -> None:
    """Once its partitions have gone to another member the rest of a delivery is not begun."""
    handled: list[str] = []

    async def lose_partitions(events: Sequence[Event[Any]]) -> None:
        handled.extend(event.data.text for event in events)
        await bench.partitions.on_partitions_revoked(set())

    bench = new_bench(lose_partitions, in_batches=False)
    assert await bench.settle(new_record("a"), new_record("b", offset=1), new_record("c", partition=1)) is None
    assert (["a"], {}) == (handled, bench.committed())


async def test_nothing_is_settled_after_a_trip(new_record: Any, new_bench: Any) -> None:
    """Once the process is to stop, deliveries stay as they are."""
    bench = new_bench(Handler())
    bench.brake.tripped = True
    failure = await bench.settle(new_record("fine"))
    assert isinstance(failure.error, TrippedError)
    assert {} == bench.committed()


async def test_being_stopped_is_neither_success_nor_failure(new_record: Any, new_bench: Any) -> None:
    """A handler cut off because the process stops is not committed, not dead-lettered and not retried."""
    entered = asyncio.Event()

    async def hang(_: Sequence[Event[Any]]) -> None:
        entered.set()
        await asyncio.Event().wait()

    bench = new_bench(hang)
    task = asyncio.create_task(bench.settle(new_record("fine")))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ({}, []) == (bench.committed(), bench.sink.sent)


async def test_a_timeout_of_the_handlers_own_is_not_the_deadline(new_record: Any, new_bench: Any) -> None:
    """A TimeoutError that a handler raises by itself is an error like any other, not our deadline."""

    async def give_up(_: Sequence[Event[Any]]) -> None:
        raise TimeoutError

    bench = new_bench(give_up)
    assert await bench.settle(new_record("fine")) is None
    assert 1 == len(bench.sink.sent)


async def test_each_record_gets_one_line(new_record: Any, new_bench: Any) -> None:
    """One by one, every settled record has one canonical line with who, where, how often, how long and what came."""
    stream = io.StringIO()
    logging.configure("tests", "info", stream)
    bench = new_bench(Handler(), in_batches=False)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    await bench.settle(
        new_record("fine 1", offset=7, owner="acme:chat", traceparent=f"00-{trace}-00f067aa0ba902b7-01".encode())
    )
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {
        "event": "event.handled", "topic": "notes.told", "partition": 0, "offset": 7, "event_id": "fine 1",
        "owner": "acme", "attempt": 1, "outcome": "handled", "trace_id": trace, "delivery": 1,
    }.items() <= line.items()  # fmt: skip
    assert "milliseconds" in line


async def test_a_batch_gets_one_line_and_one_for_each_exception(new_record: Any, new_bench: Any) -> None:
    """A batch has one line; a record that did not simply succeed has one more."""
    stream = io.StringIO()
    logging.configure("tests", "info", stream)
    bench = new_bench(Handler(), kinds=KINDS)
    records = [record_of(new_record, fate, 0, number) for number, fate in enumerate(("fine", "hopeless", "fine"))]
    await bench.settle(*records)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert ["event.dead_lettered", "event.handled"] == [line["event"] for line in lines]
    assert (3, "handled") == (lines[1]["records"], lines[1]["outcome"])
    assert (1, "HopelessError") == (lines[0]["offset"], lines[0]["exception"][0])


async def test_a_batch_of_several_runs_under_a_trace_of_its_own(new_record: Any, new_bench: Any) -> None:
    """A batch that mixes traces runs under a new one; each event still carries its own."""
    seen: list[str] = []

    async def note(_: Sequence[Event[Any]]) -> None:
        seen.append(tracing.current_trace_id())

    await new_bench(note).settle(new_record("a"), new_record("b", offset=1))
    assert "0" * 32 not in seen


async def test_a_slow_handler_counts_as_away(new_record: Any, new_bench: Any) -> None:
    """A call past its deadline is retryable: nothing is committed and nothing is dead-lettered."""

    async def hang(_: Sequence[Event[Any]]) -> None:
        await asyncio.Event().wait()

    bench = new_bench(hang, policy=Policy(handler_seconds=0.01))
    failure = await bench.settle(new_record("fine"))
    assert (Kind.RETRYABLE, {}, []) == (failure.kind, bench.committed(), bench.sink.sent)


class Nested(EventData):
    """A payload that is more than the interpreter's stack can take."""

    @model_validator(mode="before")
    @classmethod
    def _give_up(cls, _: object) -> object:
        raise RecursionError


def test_reading_is_total(new_record: Any) -> None:
    """Whatever error reading meets, even one of the interpreter's own, the record breaks its contract."""
    nested = EventType("notes.told", 1, Nested, lambda _: "x")
    with pytest.raises(ContractError, match="RecursionError"):
        read(nested, new_record("x"))


def test_a_header_without_a_value_is_an_empty_one(new_record: Any, new_bench: Any) -> None:
    """Kafka allows headers without a value; one that we do not need changes nothing."""
    record = new_record("x")
    odd = replace(record, headers=(*record.headers, ("other", None)))
    assert "x" == read(new_bench.NOTES, odd).data.text


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AwayError(), Kind.RETRYABLE),
        (NewerVersionError("x", 2), Kind.RETRYABLE),
        (HopelessError(), Kind.PERMANENT),
        (ContractError("x"), Kind.PERMANENT),
        (KeyError(), Kind.UNEXPECTED),
    ],
)
def test_errors_have_a_kind(error: Exception, kind: Kind) -> None:
    """A service's table decides, a contract's errors have their own kind, anything else is unexpected."""
    assert kind is KINDS.of(error)
