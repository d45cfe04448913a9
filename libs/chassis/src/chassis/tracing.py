"""Trace context: the W3C `traceparent` that runs from a request through Kafka to whatever it causes.

Stands on OpenTelemetry's API. Where a process is told to (`recording`), the work of sampled traces is handed over as
spans; whether a trace is sampled is decided once, where it begins, and travels with it.
"""

import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Literal, NamedTuple, Protocol

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.randomness import Randomness

_PROPAGATOR = TraceContextTextMapPropagator()

# W3C Trace Context, section 3.2; ids of nothing but zeros are invalid.
_FORM: Final = "00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
_TRACEPARENT: Final = re.compile(_FORM)
_TRACEPARENT_BYTES: Final = re.compile(_FORM.encode())

_NOT_ZERO: Final = 1 << 128 | 1  # neither id may be nothing but zeros
_LOW_BITS: Final = 1 << 64

_ODD_DIGITS: Final = frozenset("13579bdf")
_ODD_BYTES: Final = frozenset(b"13579bdf")

Attribute = str | int | bool


@dataclass(slots=True)
class Span:
    """One piece of work.

    Attributes:
        name: what is done, without ids.
        kind: which side of a call it is.
        context: its ids.
        parent: the work that caused it, if any.
        attributes: ids and outcomes; never what people wrote, nor numbers or tokens.
        began: nanoseconds since the epoch, by the machine's clock: collectors compare it with others'.
        ended: likewise.
        failed: whether an error ended it.
        silent: whether nobody wants to see it.
        link: work of another trace that belongs to it.
        service: whose work it is, if not this process's own service's.
    """

    name: str
    kind: SpanKind
    context: SpanContext
    parent: SpanContext | None
    attributes: dict[str, Attribute] = field(default_factory=dict)
    began: int = field(default_factory=time.time_ns)
    ended: int = 0
    failed: bool = False
    silent: bool = False
    link: SpanContext | None = None
    service: str | None = None

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return trace.format_trace_id(self.context.trace_id)


@dataclass(frozen=True, slots=True)
class Hop:
    """A piece of work that is over, as it is told in a trace that its doer could not know of.

    Attributes:
        name: what was done.
        kind: whether it answered a request or handled a record.
        at: when, in nanoseconds since the epoch; now, if not said.
        link: the `traceparent` under which its doer did it.
        service: whose work it was, if not this process's own service's; then it is marked as `retold`.
        attributes: as of a span.
    """

    name: str
    kind: Literal["server", "consumer"]
    at: int = field(default_factory=time.time_ns)
    link: str | None = None
    service: str | None = None
    attributes: dict[str, Attribute] = field(default_factory=dict)


class Recorder(Protocol):
    """Takes spans that are over."""

    def record(self, span: Span) -> None:
        """Take one; never waits, never fails."""
        ...


class Recording:
    """What this process does with spans: as with OpenTelemetry's own providers there is one for all its parts."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.share = 1.0
        self._random = random.Random()  # noqa: S311 - ids, as OpenTelemetry draws them

    def start(self, recorder: Recorder, share: float) -> None:
        """Hand over that share of the traces that begin here, and all that were sampled elsewhere."""
        self.recorder, self.share = recorder, share

    def stop(self) -> None:
        """Hand over nothing any more."""
        self.recorder, self.share = None, 1.0

    def wants(self, context: SpanContext) -> bool:
        """Whether work of this trace is handed over."""
        return self.recorder is not None and context.is_valid and context.trace_flags.sampled

    def flags(self, trace_id: int) -> TraceFlags:
        """Whether a new trace is sampled, which every process would decide alike."""
        return TraceFlags(TraceFlags.SAMPLED if trace_id % _LOW_BITS < self.share * _LOW_BITS else TraceFlags.DEFAULT)

    def below(self, parent: SpanContext) -> SpanContext:
        """The ids of new work under other work."""
        return SpanContext(parent.trace_id, self._random.getrandbits(64) or 1, False, parent.trace_flags)

    def take(self, span: Span) -> None:
        """The work is over."""
        if self.recorder is not None and not span.silent and self.wants(span.context):
            span.ended = span.ended or time.time_ns()
            self.recorder.record(span)


recording: Final = Recording()
"""This process's."""


class Trace(NamedTuple):
    """A trace without a context around it, for paths where entering one costs more than the work.

    Attributes:
        trace_id: 32 hex digits.
        traceparent: what to hand on.
    """

    trace_id: bytes
    traceparent: bytes

    @property
    def is_sampled(self) -> bool:
        """Whether it may be handed over."""
        return self.traceparent[-1] in _ODD_BYTES


class Traces:
    """Begins and continues traces; ids are drawn from a generator that is seeded once, for they are no secrets."""

    def __init__(self, randomness: Randomness) -> None:
        self._random = random.Random(randomness.bytes(32))  # noqa: S311 - ids, as OpenTelemetry draws them

    def of(self, traceparent: bytes | None) -> Trace:
        """Continue the trace of a `traceparent`, or begin one."""
        bits = self._random.getrandbits(192) | _NOT_ZERO
        drawn = b"%048x" % bits
        came = _TRACEPARENT_BYTES.fullmatch(traceparent) if traceparent else None
        if came:
            trace_id, _, flags = came.groups()
        else:
            sampled = bits % _LOW_BITS < recording.share * _LOW_BITS
            trace_id, flags = drawn[16:], b"01" if sampled else b"00"
        return Trace(trace_id, b"00-%b-%b-%b" % (trace_id, drawn[:16], flags))


def work(
    traceparent: str | None, randomness: Randomness, name: str = "work", kind: SpanKind = SpanKind.INTERNAL
) -> "_Within":
    """Work under the trace of `traceparent`, or under a new one; `with` gives its span."""
    came = _context(traceparent)
    trace_id = came.trace_id or int.from_bytes(randomness.bytes(16)) or 1
    here = SpanContext(
        trace_id=trace_id,
        span_id=int.from_bytes(randomness.bytes(8)) or 1,
        is_remote=False,
        trace_flags=came.trace_flags if came.is_valid else recording.flags(trace_id),
    )
    return _Within(Span(name, kind, here, came if came.is_valid else None))


@contextmanager
def call(name: str, **attributes: Attribute) -> Iterator[dict[str, Attribute]]:
    """A call to the outside under the work that makes it; gives the attributes, for what is known only afterwards."""
    here = trace.get_current_span().get_span_context()
    if not recording.wants(here):
        yield attributes
        return
    with _Within(Span(name, SpanKind.CLIENT, recording.below(here), here, attributes)) as span:
        yield span.attributes


def mark(
    traceparent: str | None,
    name: str,
    *,
    seconds: float = 0.0,
    kind: SpanKind = SpanKind.INTERNAL,
    **attributes: Attribute,
) -> None:
    """Say of work that was done together with others' that it is over; it took so many seconds."""
    if recording.recorder is None or not is_sampled(traceparent):  # most are not, and reading one takes longer
        return
    came = _context(traceparent)
    if recording.wants(came):
        span = Span(name, kind, recording.below(came), came, attributes, ended=time.time_ns())
        span.began = span.ended - int(seconds * 1e9)
        recording.take(span)


def mark_trace(
    made: Trace, traceparent: bytes | None, name: str, *, seconds: float, kind: SpanKind, **attributes: Attribute
) -> None:
    """The same of a `Trace`, whose ids are handed on already."""
    if recording.recorder is None or not made.is_sampled:
        return
    came = _context(traceparent.decode("latin-1") if traceparent else None)
    context = _context(made.traceparent.decode())
    span = Span(name, kind, context, came if came.is_valid else None, attributes, ended=time.time_ns())
    span.began = span.ended - int(seconds * 1e9)
    recording.take(span)


def joined(cause: str, hops: Sequence[Hop]) -> str:
    """Go on with the trace of a cause through these hops, one below the other; the `traceparent` to go on with."""
    here = _context(cause)
    for hop in hops:
        parent, here = here, recording.below(here)
        link = None if hop.link is None else _context(hop.link)
        attributes = hop.attributes if hop.service is None else {**hop.attributes, "retold": True}
        kind = SpanKind[hop.kind.upper()]
        recording.take(Span(hop.name, kind, here, parent, attributes, hop.at, hop.at, link=link, service=hop.service))
    return f"00-{trace.format_trace_id(here.trace_id)}-{trace.format_span_id(here.span_id)}-{here.trace_flags:02x}"


def is_sampled(traceparent: str | None) -> bool:
    """Whether a trace may be handed over, as was decided where it began: the last bit of its flags."""
    return traceparent is not None and traceparent[-1:] in _ODD_DIGITS


class _Within:
    """A span around a block. A class: each request has one, and generators cost it three times as much."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> Span:
        here = trace.NonRecordingSpan(self._span.context)
        self._token = otel_context.attach(trace.set_span_in_context(here))
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        otel_context.detach(self._token)
        self._span.failed = self._span.failed or error is not None
        recording.take(self._span)


def _context(traceparent: str | None) -> SpanContext:
    """The ids in a `traceparent`. OpenTelemetry reads what is not written as ours are; it takes three times as long."""
    if traceparent is None:
        return trace.INVALID_SPAN_CONTEXT
    ours = _TRACEPARENT.fullmatch(traceparent)
    if ours is None:
        came = _PROPAGATOR.extract({"traceparent": traceparent}, otel_context.Context())
        return trace.get_current_span(came).get_span_context()
    trace_id, span_id, flags = ours.groups()
    return SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))


def current_traceparent() -> str | None:
    """The `traceparent` to hand on, or none outside any trace."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def current_trace_id() -> str:
    """The trace id, 32 hex digits; all zero outside any trace."""
    return trace.format_trace_id(trace.get_current_span().get_span_context().trace_id)
