"""Every row of the outcome table, single and batch, on the real Kafka."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chassis import tracing
from chassis.consuming import ErrorKinds, Policy
from contracts.envelope import MAX_EVENT_BYTES, Event, EventType
from harness.waiting import eventually

pytestmark = pytest.mark.integration

SECONDS = 30.0
FIVE = ("a", "b", "c", "d", "e")


class AwayError(Exception):
    """A dependency of the tests' own that is away."""


class HopelessError(Exception):
    """An error that the tests' table calls permanent."""


KINDS = ErrorKinds(retryable=(AwayError,), permanent=(HopelessError,))


class Handler:
    """Notes what it handled, and fails where it is told to."""

    def __init__(self, failures: dict[str, list[Exception]] | None = None, **always: Exception) -> None:
        self.failures, self.always = failures or {}, always
        self.handled: list[str] = []
        self.calls: list[list[str]] = []

    async def __call__(self, events: Sequence[Event]) -> None:
        """Handle all or none."""
        texts = [event.data.text for event in events]
        self.calls.append(texts)
        for text in texts:
            if text in self.always:
                raise self.always[text]
            if self.failures.get(text):
                raise self.failures[text].pop(0)
        self.handled.extend(texts)

    async def until(self, condition: Callable[["Handler"], bool]) -> None:
        """Wait until it has come so far."""

        async def met() -> bool:
            return condition(self)

        await eventually(met, what="the handler", seconds=SECONDS)


def headers_of(record: Any) -> dict[str, str]:
    """A dead letter's headers as text, the last of each name."""
    return {name: value.decode() for name, value in record.headers}


async def test_handled_records_are_committed_in_order(new_desk: Any, batch: bool) -> None:
    """What is handled is committed, in order, and nothing else happens."""
    desk, handler = await new_desk(), Handler()
    await desk.tell(*FIVE)
    async with desk.member(handler, batch=batch) as member:
        await desk.until_committed({0: 5})
        assert {} == await member.health.missing()
        assert {} == member.health.trouble()
    assert list(FIVE) == handler.handled
    assert [] == await desk.buried()


async def test_what_comes_from_kafka_is_live_work(new_desk: Any, batch: bool) -> None:
    """A record that comes makes a group live for a moment; what is handed past Kafka does not."""
    desk, handler = await new_desk(), Handler()
    async with desk.member(handler, batch=batch) as member:
        await member.consumers.handle(desk.type.name, [desk.event("past")])
        assert not member.consumers.live
        await desk.tell("came")
        await handler.until(lambda handler: handler.handled == ["past", "came"])
        assert member.consumers.live


async def test_a_retry_that_succeeds_is_as_good_as_a_success(new_desk: Any, batch: bool) -> None:
    """An unexpected error that goes away on a retry is handled and committed, without a dead letter."""
    desk, handler = await new_desk(), Handler({"c": [ValueError("1"), ValueError("2")]})
    await desk.tell(*FIVE)
    async with desk.member(handler, batch=batch):
        await desk.until_committed({0: 5})
    assert set(FIVE) == set(handler.handled)
    assert [] == await desk.buried()


async def test_an_outage_fills_the_lag_and_nothing_else(new_desk: Any, batch: bool) -> None:
    """While our own dependency is away nothing is committed past the failure and nothing is dead-lettered."""
    desk, handler = await new_desk(), Handler(c=AwayError())
    await desk.tell(*FIVE)
    async with desk.member(handler, batch=batch, kinds=KINDS) as member:
        await handler.until(lambda handler: sum("c" in call for call in handler.calls) >= 4)
        assert (await desk.committed()).get(0, 0) <= 2
        assert {} == member.health.trouble()
        assert "d" not in handler.handled
        handler.always.clear()
        await desk.until_committed({0: 5})
    assert list(FIVE) == list(dict.fromkeys(handler.handled))
    assert [] == await desk.buried()


async def test_a_later_success_commits_nothing_past_a_failure(new_desk: Any, batch: bool) -> None:
    """A retryable failure in one partition is not passed while other partitions succeed and commit."""
    desk, handler = await new_desk(3), Handler(b=AwayError())
    await desk.tell("a", "b", "c", partition=0)
    await desk.tell("d", "e", partition=1)
    async with desk.member(handler, batch=batch, kinds=KINDS):
        await handler.until(lambda handler: sum("b" in call for call in handler.calls) >= 2)
        await desk.tell("f", "g", partition=2)
        if not batch:  # a whole batch fails with its dependency; one by one the others go on meanwhile
            await handler.until(lambda handler: {"d", "e", "f", "g"} <= set(handler.handled))
        assert (await desk.committed()).get(0, 0) <= 1
        handler.always.clear()
        await desk.until_committed({0: 3, 1: 2, 2: 2})
    assert ["a", "b", "c"] == [text for text in dict.fromkeys(handler.handled) if text in "abc"]


async def test_a_pause_is_shown_and_grows(new_desk: Any, batch: bool) -> None:
    """A consumer that waits says so in a metric, and asks its dependency ever less often."""
    desk, handler = await new_desk(), Handler(a=AwayError())
    times: list[float] = []

    async def note(events: Sequence[Event]) -> None:
        times.append(asyncio.get_running_loop().time())
        await handler(events)

    await desk.tell("a")
    policy = Policy(pause_seconds=0.02, longest_pause_seconds=10.0)
    async with desk.member(note, batch=batch, kinds=KINDS, policy=policy) as member:
        await handler.until(lambda handler: len(handler.calls) >= 6 and member.paused())
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert gaps[4] > 4 * policy.pause_seconds
        handler.always.clear()
        await desk.until_committed({0: 1})
        assert not member.paused()


async def test_a_newer_version_waits_for_the_release_that_reads_it(new_desk: Any, batch: bool) -> None:
    """A record of a newer version is neither handled nor dead-lettered; after the upgrade it is handled."""
    desk, old, new = await new_desk(2), Handler(), Handler()
    second = EventType(desk.type.name, 2, desk.type.data, desk.type.key)
    await desk.tell("a", partition=0)
    await desk.put(
        desk.event("b").value(), headers=desk.headers(ce_id=b"b", ce_dataschema=second.schema.encode()), partition=0
    )
    await desk.tell("c", partition=0)
    async with desk.member(old, batch=batch) as member:
        await desk.until_committed({0: 1})
        await desk.tell("d", partition=1)
        await desk.until_committed({0: 1, 1: 1})
        assert {} == member.health.trouble()
    async with desk.member(new, batch=batch, event_type=second):
        await desk.until_committed({0: 3, 1: 1})
    assert {"a", "d"} == set(old.handled)
    assert ["b", "c"] == new.handled
    assert [] == await desk.buried()


async def test_a_permanent_failure_is_dead_lettered_at_once(new_desk: Any, batch: bool) -> None:
    """A permanent failure is called once, dead-lettered with where and why, and committed; the rest is handled."""
    desk, handler = await new_desk(), Handler(c=HopelessError("+14155550100 said something"))
    await desk.tell(*FIVE)
    async with desk.member(handler, batch=batch, kinds=KINDS):
        await desk.until_committed({0: 5})
    assert ["a", "b", "d", "e"] == sorted(set(handler.handled))
    (letter,) = await desk.buried()
    told = headers_of(letter)
    assert (b"acme", desk.event("c").value()) == (letter.key, letter.value)
    assert [name for name, _ in desk.event("c").headers()] == [name for name, _ in letter.headers][:7]
    assert (desk.type.name, "0", "2", "HopelessError", "1") == tuple(
        told[f"dlq_{name}"] for name in ("topic", "partition", "offset", "error_type", "attempts")
    )
    assert {"dlq_reason", "dlq_time", "dlq_service_version"} <= told.keys()
    assert not any("said" in text or "+1415" in text for text in told.values())


async def test_an_unexpected_failure_is_retried_then_dead_lettered(new_desk: Any, batch: bool) -> None:
    """An error that nobody named gets few retries, then a dead letter that counts them; the rest is handled."""
    desk, handler = await new_desk(), Handler(c=ValueError("quotes a customer"))
    await desk.tell(*FIVE)
    async with desk.member(handler, batch=batch):
        await desk.until_committed({0: 5})
    assert 3 == handler.calls.count(["c"])
    assert ["a", "b", "d", "e"] == sorted(set(handler.handled))
    (letter,) = await desk.buried()
    assert ("ValueError", "3") == (headers_of(letter)["dlq_error_type"], headers_of(letter)["dlq_attempts"])
    assert "customer" not in headers_of(letter)["dlq_reason"]


DEEP = b"[" * 10_000 + b"]" * 10_000
BROKEN = {
    "broken JSON": (b'{"owner": ', {}),
    "bad UTF-8": (b'{"owner": "\xff\xfe", "text": "x"}', {}),
    "10,000 deep": (b'{"owner": "x", "text": ' + DEEP + b"}", {}),
    "10,000 deep in a member that nobody reads": (b'{"owner": "x", "text": "y", "z": ' + DEEP + b"}", {}),
    "wrong types": (b'{"owner": 1, "text": {}}', {}),
    "not an object": (b"[]", {}),
    "empty": (b"", {}),
    "no value": (None, {}),
    "too large": (b'{"owner": "x", "text": "' + b"x" * MAX_EVENT_BYTES + b'"}', {}),
    "unknown type": (b"{}", {"ce_type": b"something.else"}),
    "no id": (b"{}", {"ce_id": None}),
    "a header that is not UTF-8": (b"{}", {"ce_id": b"\xff\xfe"}),
    "a header without a value": (b"{}", {"ce_id": b""}),
    "nonsense schema": (b"{}", {"ce_dataschema": b"urn:chert:events:x:999999999999"}),
    "nonsense time": (b"{}", {"ce_time": b"yesterday"}),
}


async def test_broken_records_never_reach_the_handler(new_desk: Any, batch: bool, subtests: pytest.Subtests) -> None:
    """Whatever a record's bytes are, it is dead-lettered with a reason and its neighbours are handled."""
    desk, handler = await new_desk(), Handler()
    for form, (value, changes) in BROKEN.items():
        await desk.tell(f"before {form}")
        await desk.put(value, key=form.encode(), headers=desk.headers(**changes))
    await desk.tell("after all")
    async with desk.member(handler, batch=batch) as member:
        await desk.until_committed({0: 2 * len(BROKEN) + 1})
        assert {} == member.health.trouble()
    assert [*(f"before {form}" for form in BROKEN), "after all"] == handler.handled
    letters = {letter.key.decode(): letter for letter in await desk.buried()}
    for form, (value, _) in BROKEN.items():
        with subtests.test(form):
            told = headers_of_bytes(letters[form])
            assert (value, "ContractError", "0") == (
                letters[form].value, told["dlq_error_type"], told["dlq_attempts"]
            )  # fmt: skip
            assert told["dlq_reason"]


def headers_of_bytes(record: Any) -> dict[str, str]:
    """A dead letter's headers, whatever their bytes are."""
    return {name: (value or b"").decode(errors="replace") for name, value in record.headers}


async def test_a_value_too_large_for_the_dead_letter_topic_leaves_its_hash(new_desk: Any, batch: bool) -> None:
    """What does not fit into the dead-letter topic keeps its headers, its size and a hash."""
    desk, handler = await new_desk(), Handler()
    value = b"x" * (1024 * 1024 - 1024)
    await desk.put(value, headers=[*desk.headers(), ("padding", b"y" * 600)])
    async with desk.member(handler, batch=batch):
        await desk.until_committed({0: 1})
    (letter,) = await desk.buried()
    told = headers_of(letter)
    assert (b"", str(len(value)), 64) == (letter.value, told["dlq_value_bytes"], len(told["dlq_value_sha256"]))
    assert "ce_id" in told


async def test_a_tombstone_is_skipped_where_it_is_legal(new_desk: Any, batch: bool) -> None:
    """A null value on a compacted topic is committed without a call and without a dead letter."""
    desk, handler = await new_desk(compacted=True), Handler()
    await desk.tell("a")
    await desk.put(None)
    await desk.tell("b")
    async with desk.member(handler, batch=batch):
        await desk.until_committed({0: 3})
    assert ["a", "b"] == handler.handled
    assert [] == await desk.buried()


async def test_a_dead_letter_that_cannot_be_written_stops_its_partition(new_desk: Any, batch: bool) -> None:
    """Without its dead letter a failed record is not committed; once it can be written, everything goes on."""
    desk, handler = await new_desk(), Handler(b=HopelessError())
    await desk.take_dead_letters(of_bytes=10)
    await desk.tell("a", "b", "c")
    async with desk.member(handler, batch=batch, kinds=KINDS) as member:
        await handler.until(lambda handler: sum("b" in call for call in handler.calls) >= 3 and member.paused())
        await desk.until_committed({0: 1})
        assert {} == member.health.trouble()
        await desk.take_dead_letters(of_bytes=1_000_000)
        await desk.until_committed({0: 3})
    assert {"a", "c"} == set(handler.handled)
    assert {"b"} == {headers_of(letter)["ce_id"] for letter in await desk.buried()}


async def test_a_handler_that_hangs_counts_as_a_dependency_that_is_away(new_desk: Any, batch: bool) -> None:
    """A call past its deadline is cut off and delivered again; nothing is dead-lettered."""
    desk, handler = await new_desk(), Handler()
    hung: list[bool] = []

    async def hang_once(events: Sequence[Event]) -> None:
        if not hung:
            hung.append(True)
            await asyncio.Event().wait()
        await handler(events)

    await desk.tell("a", "b")
    async with desk.member(hang_once, batch=batch, policy=Policy(handler_seconds=0.1, pause_seconds=0.01)):
        await desk.until_committed({0: 2})
    assert ["a", "b"] == handler.handled
    assert [] == await desk.buried()


async def test_a_stray_cancellation_does_not_end_the_consumer(new_desk: Any, batch: bool) -> None:
    """A handler that awaits work which someone cancelled fails like any other; the loop goes on."""
    desk, handler = await new_desk(), Handler()
    strayed: list[bool] = []

    async def stray_once(events: Sequence[Event]) -> None:
        if not strayed:
            strayed.append(True)
            work = asyncio.ensure_future(asyncio.Event().wait())
            work.cancel()
            await work
        await handler(events)

    await desk.tell("a", "b")
    async with desk.member(stray_once, batch=batch) as member:
        await desk.until_committed({0: 2})
        assert {} == member.health.trouble()
    assert {"a", "b"} == set(handler.handled)


async def test_a_poisoned_owner_is_held_and_others_go_on(new_desk: Any, batch: bool) -> None:
    """After ten dead letters of one owner, what follows of that owner is held raw and committed; others go on."""
    desk, handler = await new_desk(), Handler()
    for number in range(15):
        await desk.put(b"poison", key=b"mallory:chat", headers=desk.headers(ce_id=f"p{number}".encode()))
        await desk.tell(f"good {number}", owner="acme")
    async with desk.member(handler, batch=batch) as member:
        await desk.until_committed({0: 30})
        held = member.held.messages
        assert 5 == len(held)
        assert {("mallory", b"poison", b"mallory:chat")} == {(one.owner, one.value, one.key) for one in held.values()}
        assert member.health.tripped is None
    assert [f"good {number}" for number in range(15)] == handler.handled
    assert 10 == len(await desk.buried())


async def test_a_held_owner_stays_held_for_the_next_member(new_desk: Any, batch: bool) -> None:
    """A member that takes over holds what its predecessor held, so that order is kept until someone releases it."""
    desk, handler = await new_desk(), Handler()
    for _ in range(11):
        await desk.put(b"poison", key=b"mallory", headers=desk.headers())
    async with desk.member(handler, batch=batch) as member:
        await desk.until_committed({0: 11})
        held = member.held
    await desk.tell("good at last", owner="mallory")
    async with desk.member(handler, batch=batch, held=held):
        await desk.until_committed({0: 12})
    assert [] == handler.handled
    assert 2 == len(held.messages)


async def test_three_poisoned_owners_trip_the_process(new_desk: Any, batch: bool) -> None:
    """Floods of dead letters from three owners are a bad deploy: consuming stops, nothing more is committed."""
    desk, handler = await new_desk(), Handler()
    for owner in (b"one", b"two", b"three"):
        for _ in range(10):
            await desk.put(b"poison", key=owner, headers=desk.headers())
    async with desk.member(handler, batch=batch) as member:

        async def tripped() -> bool:
            return member.health.tripped is not None

        await eventually(tripped, what="the trip", seconds=SECONDS)
        assert "process" in member.health.trouble()
        await desk.tell("after", owner="acme")
        await handler.until(lambda _: member.paused())
        await desk.until_committed({0: 30})
    assert [] == handler.handled
    assert 30 == len(await desk.buried())


async def test_a_handler_runs_under_the_trace_of_its_event(new_desk: Any) -> None:
    """The trace that began at the edge goes on in the handler, and new ones do not leak into it."""
    desk = await new_desk()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    seen: list[str] = []

    async def note(_: Sequence[Event]) -> None:
        seen.append(tracing.current_trace_id())

    await desk.put(
        desk.event("a").value(), headers=desk.headers(traceparent=f"00-{trace}-00f067aa0ba902b7-01".encode())
    )
    await desk.tell("b")
    async with desk.member(note, batch=False):
        await desk.until_committed({0: 2})
    assert trace == seen[0]
    assert seen[1] not in {trace, "0" * 32}
