"""Traces, randomness, metrics, publishing in memory, polls, failure bodies."""

from typing import Any

import pytest
from fastapi.responses import JSONResponse
from hypothesis import given
from hypothesis import strategies as st

from chassis import tracing
from chassis.failures import Refusal, unavailable
from chassis.kafka import ACK_POLICY, BrokerAwayError, InMemoryEventPublisher, broker
from chassis.metrics import Metrics
from chassis.polling import patient_poll
from chassis.randomness import SeededRandomness, SystemRandomness
from contracts.failures import REGISTRY, Code

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_trace_goes_on_under_a_new_span() -> None:
    """Work continues its caller's trace with a span of its own, and hands that on."""
    with tracing.work(f"00-{TRACE}-00f067aa0ba902b7-01", SeededRandomness()) as here:
        assert TRACE == here.trace_id == tracing.current_trace_id()
        version, trace, span, flags = (tracing.current_traceparent() or "").split("-")
        assert ("00", TRACE, "01") == (version, trace, flags)
        assert "00f067aa0ba902b7" != span


def test_a_caller_that_does_not_sample_is_respected() -> None:
    """The sampling flag travels as it came; a trace of our own is sampled."""
    with tracing.work(f"00-{TRACE}-00f067aa0ba902b7-00", SeededRandomness()):
        assert (tracing.current_traceparent() or "").endswith("-00")
    with tracing.work(None, SeededRandomness()):
        assert (tracing.current_traceparent() or "").endswith("-01")


@given(text=st.one_of(st.none(), st.text()))
def test_no_traceparent_breaks_anything(text: str | None) -> None:
    """Whatever stands in a header, there is a trace, and outside there is none."""
    with tracing.work(text, SeededRandomness()) as here:
        assert "0" * 32 != here.trace_id
        assert 32 == len(here.trace_id)
    assert ("0" * 32, None) == (tracing.current_trace_id(), tracing.current_traceparent())


def test_traces_do_not_nest_into_each_other() -> None:
    """Work without a caller begins a trace of its own, even inside other work, and the other's comes back."""
    with tracing.work(None, SeededRandomness(1)) as outer:
        with tracing.work(None, SeededRandomness(2)) as inner:
            assert outer.trace_id != inner.trace_id
        assert outer.trace_id == tracing.current_trace_id()


def test_seeded_randomness_repeats_itself() -> None:
    """The same seed gives the same ids; another seed others."""

    def drawn(seed: int) -> tuple[str, str, bytes, float]:
        randomness = SeededRandomness(seed)
        return randomness.uuid(), randomness.token(8), randomness.bytes(4), randomness.fraction()

    assert drawn(1) == drawn(1)
    assert not set(drawn(1)) & set(drawn(2))


@pytest.mark.parametrize("randomness", [SystemRandomness(), SeededRandomness()])
def test_randomness_keeps_its_word(randomness: SystemRandomness | SeededRandomness) -> None:
    """Sizes, forms and bounds are as promised, and nothing repeats."""
    uuids = {randomness.uuid() for _ in range(100)}
    assert (100, {"4"}) == (len(uuids), {uuid[14] for uuid in uuids})
    assert len(randomness.token(32)) >= 43
    assert 16 == len(randomness.bytes(16))
    assert all(0 <= randomness.fraction() < 1 for _ in range(100))


def test_metrics_count_set_and_observe() -> None:
    """Each kind of metric moves as its kind does, by name and labels."""
    metrics = Metrics()
    metrics.count("outbox_relayed", 3)
    metrics.count("worker_failures", worker="relay")
    metrics.set("consumer_paused", 1, topic="x")
    metrics.set("timeline_oldest_pending_seconds", 7)
    metrics.observe("consumer_batch_seconds", 0.2, topic="x")
    lines = metrics.render().decode().splitlines()
    assert {
        "outbox_relayed_total 3.0",
        'worker_failures_total{worker="relay"} 1.0',
        'consumer_paused{topic="x"} 1.0',
        "timeline_oldest_pending_seconds 7.0",
        'consumer_batch_seconds_count{topic="x"} 1.0',
    } <= set(lines)


def test_two_processes_in_one_do_not_share_metrics() -> None:
    """Metrics belong to their process's plumbing: making them twice is no conflict."""
    Metrics().count("outbox_relayed")
    assert b"outbox_relayed_total 0.0" in Metrics().render()


async def test_publishing_in_memory_keeps_or_refuses() -> None:
    """The in-memory publisher keeps what it got, or says that it is away."""
    publisher = InMemoryEventPublisher()
    await publisher.publish([])
    publisher.away = True
    with pytest.raises(BrokerAwayError):
        await publisher.publish([])
    assert [] == publisher.published


def test_the_broker_has_one_policy() -> None:
    """Every subscriber inherits the only policy under which nothing is committed past a failure."""
    subscriber = broker("localhost:1", "tests").subscriber("x", group_id="y")
    assert ACK_POLICY is subscriber.ack_policy


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_body(code: Code) -> None:
    """A refusal takes status, words and retryability from the registry unless it says otherwise."""
    refusal = Refusal(code, "because")
    body = refusal.body()
    assert (REGISTRY[code].status, REGISTRY[code].retryable, False) == (refusal.status, body.retryable, body.ok)
    assert JSONResponse is type(refusal.response())
    assert 418 == Refusal(code, "because", status=418).response().status_code


def test_an_outage_says_when_to_come_back() -> None:
    """A temporary fault of ours is 503 with a Retry-After."""
    answer = unavailable("the database").response()
    assert (503, "1") == (answer.status_code, answer.headers["retry-after"])


class Reader:
    """A consumer with these records by partition; notes how it was asked."""

    def __init__(self, *found: dict[int, list[str]]) -> None:
        self._found, self.asked = iter(found), (0, 0)

    async def getmany(self, *, timeout_ms: int, max_records: int) -> Any:
        """The next records."""
        self.asked = (timeout_ms, max_records)
        return next(self._found)


async def test_a_patient_poll_waits_at_the_broker_only() -> None:
    """Records come as soon as there are some, by partition; without any the next poll follows at once."""
    reader, poll = Reader({}, {0: ["a", "b"], 3: ["c"]}), patient_poll(500, 1.5)

    assert () == await poll(reader)
    assert ("a", "b", "c") == await poll(reader)
    assert (1500, 500) == reader.asked
