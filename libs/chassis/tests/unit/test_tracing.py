"""Spans: which work is handed over, under which ids, and to whom."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis import tracing
from chassis.exporting import traces_exported
from chassis.randomness import SeededRandomness
from chassis.settings import ServiceSettings
from chassis.tracing import Hop, Span, Traces, recording

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED = f"00-{TRACE}-00f067aa0ba902b7-01"
UNSAMPLED = f"00-{TRACE}-00f067aa0ba902b7-00"


class Kept:
    """Keeps what it is handed."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def record(self, span: Span) -> None:
        """Keep it."""
        self.spans.append(span)


@pytest.fixture
def kept() -> Iterator[Kept]:
    """What this process hands over; every trace is sampled."""
    kept = Kept()
    recording.start(kept, 1.0)
    yield kept
    recording.stop()


def test_work_and_its_calls_hang_together(kept: Kept) -> None:
    """A call is under its work, the work under whoever caused it, all in one trace."""
    with tracing.work(SAMPLED, SeededRandomness(), "answer", SpanKind.SERVER), tracing.call("ask", portal_id=7) as said:
        said["found"] = True

    ask, answer = kept.spans
    assert ("ask", SpanKind.CLIENT, {"portal_id": 7, "found": True}) == (ask.name, ask.kind, ask.attributes)
    assert answer.context.span_id == (ask.parent.span_id if ask.parent else None)
    assert 0x00F067AA0BA902B7 == (answer.parent.span_id if answer.parent else None)
    assert {TRACE} == {ask.trace_id, answer.trace_id}
    assert answer.began <= ask.began <= ask.ended <= answer.ended


def test_what_was_not_sampled_is_not_handed_over(kept: Kept) -> None:
    """Where a trace begins it is decided, and everyone goes by that."""
    with tracing.work(UNSAMPLED, SeededRandomness()), tracing.call("ask"):
        tracing.mark(UNSAMPLED, "done")
    tracing.mark(None, "done")

    assert [] == kept.spans


@given(
    text=st.one_of(
        st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True),
        st.from_regex(r"\s?0[01]-(0{32}|[0-9a-fA-F]{32})-(0{16}|[0-9a-f]{15,16})-0[01](-x)?\s?", fullmatch=True),
    )
)
def test_a_parent_is_read_as_opentelemetry_reads_it(text: str) -> None:
    """Whatever looks like a `traceparent` is the parent of work exactly if OpenTelemetry takes it for one."""
    read = TraceContextTextMapPropagator().extract({"traceparent": text}, Context())
    theirs = get_current_span(read).get_span_context()

    with tracing.work(text, SeededRandomness()) as here:
        assert (theirs if theirs.is_valid else None) == here.parent


def test_an_error_is_seen(kept: Kept) -> None:
    """Work that an error ended says so, and the error goes on."""
    with pytest.raises(LookupError), tracing.work(SAMPLED, SeededRandomness()):
        raise LookupError

    assert [True] == [span.failed for span in kept.spans]


def test_work_done_together_is_in_each_ones_trace(kept: Kept) -> None:
    """Of a batch, each event's trace gets a span of its own, as long as the batch took."""
    tracing.mark(SAMPLED, "process", seconds=2.0, kind=SpanKind.CONSUMER, outcome="handled")

    (span,) = kept.spans
    assert (TRACE, 2_000_000_000, {"outcome": "handled"}) == (span.trace_id, span.ended - span.began, span.attributes)


def test_a_bare_trace_is_handed_over_under_its_own_ids(kept: Kept) -> None:
    """What went on to Kafka is the parent of what comes of it."""
    made = Traces(SeededRandomness()).of(SAMPLED.encode())
    tracing.mark_trace(made, SAMPLED.encode(), "POST", seconds=0.1, kind=SpanKind.SERVER)

    (span,) = kept.spans
    assert made.traceparent.decode() == f"00-{span.trace_id}-{span.context.span_id:016x}-01"
    assert 0x00F067AA0BA902B7 == (span.parent.span_id if span.parent else None)


@given(share=st.floats(0, 1), trace_id=st.integers(1, 2**128 - 1))
def test_a_share_is_decided_by_the_trace_alone(share: float, trace_id: int) -> None:
    """Every process decides alike, all of nothing is nothing, and all of all is all."""
    recording.start(Kept(), share)
    try:
        flags = {recording.flags(trace_id), recording.flags(trace_id)}
    finally:
        recording.stop()

    assert 1 == len(flags)
    if share in {0, 1}:
        assert {bool(share)} == {flag.sampled for flag in flags}


def test_a_share_of_bare_traces_is_sampled(kept: Kept) -> None:
    """The ingress samples as many as it is told."""
    recording.start(kept, 0.25)
    traces = Traces(SeededRandomness())
    sampled = sum(traces.of(None).traceparent.endswith(b"01") for _ in range(4000))

    assert 800 < sampled < 1200


def test_nothing_is_exported_without_an_address() -> None:
    """Where no collector is named, nothing is loaded and nothing is handed over."""
    settings = ServiceSettings(
        port=1, kafka_bootstrap="localhost:1", public_base_url="https://chert.example.com", secrets_file="secrets.json"
    )
    with traces_exported("tests", settings):
        assert recording.recorder is None


def test_a_collector_that_is_away_keeps_nobody_waiting() -> None:
    """Spans for a collector that does not answer are dropped, and the process ends as fast as else."""
    settings = ServiceSettings(
        port=1,
        kafka_bootstrap="localhost:1",
        public_base_url="https://chert.example.com",
        secrets_file="secrets.json",
        traces_url="http://127.0.0.1:1",
        traces_share=1.0,
    )
    with traces_exported("tests", settings):
        for _ in range(3):
            tracing.mark(SAMPLED, "done")

    assert recording.recorder is None


def test_a_trace_goes_on_through_hops_that_their_doer_could_not_place_in_it(kept: Kept) -> None:
    """Hops hang one below the other under the cause; another service's is marked, and linked to its own trace."""
    elsewhere = f"00-{'a' * 32}-{'b' * 16}-00"
    hops = (
        Hop("take", "server", at=5, link=elsewhere, service="ingress"),
        Hop("process", "consumer", attributes={"message_id": "m"}),
    )

    traceparent = tracing.joined(SAMPLED, hops)

    take, process = kept.spans
    assert {TRACE} == {take.trace_id, process.trace_id}
    assert (0x00F067AA0BA902B7, take.context.span_id) == (take.parent.span_id, process.parent.span_id)  # type: ignore[union-attr]  # fails if none
    assert ("ingress", {"retold": True}, 5) == (take.service, take.attributes, take.began)
    assert 0xBBBBBBBBBBBBBBBB == (take.link.span_id if take.link else None)
    assert (None, {"message_id": "m"}) == (process.service, process.attributes)
    assert f"00-{TRACE}-{process.context.span_id:016x}-01" == traceparent


def test_a_trace_that_is_not_sampled_goes_on_unsampled(kept: Kept) -> None:
    """Joining decides nothing anew."""
    assert tracing.joined(UNSAMPLED, [Hop("take", "server")]).endswith("-00")
    assert [] == kept.spans
