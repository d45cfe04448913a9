"""Trace context: the W3C `traceparent` that runs from a request through Kafka to whatever it causes.

Stands on OpenTelemetry's API; an SDK, where one is installed, exports what is named here.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.randomness import Randomness

_PROPAGATOR = TraceContextTextMapPropagator()

# W3C Trace Context, section 3.2; ids of nothing but zeros are invalid.
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


class Trace(NamedTuple):
    """A trace without a context around it, for paths where entering one costs more than the work.

    Attributes:
        trace_id: 32 hex digits.
        traceparent: what to hand on.
    """

    trace_id: bytes
    traceparent: bytes


class Traces:
    """Begins and continues traces; ids are drawn from a generator that is seeded once, for they are no secrets."""

    def __init__(self, randomness: Randomness) -> None:
        self._random = random.Random(randomness.bytes(32))  # noqa: S311 - ids, as OpenTelemetry draws them

    def of(self, traceparent: bytes | None) -> Trace:
        """Continue the trace of a `traceparent`, or begin one."""
        drawn = b"%048x" % (self._random.getrandbits(192) | _NOT_ZERO)
        came = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        trace_id, flags = came.groups() if came else (drawn[16:], b"01")
        return Trace(trace_id, b"00-%b-%b-%b" % (trace_id, drawn[:16], flags))


_NOT_ZERO: Final = 1 << 128 | 1  # neither id may be nothing but zeros


@contextmanager
def continued(traceparent: str | None, randomness: Randomness) -> Iterator[str]:
    """Work under the trace of `traceparent`, or under a new one; gives the trace id, 32 hex digits."""
    carrier = {} if traceparent is None else {"traceparent": traceparent}
    came = trace.get_current_span(_PROPAGATOR.extract(carrier, otel_context.Context())).get_span_context()
    here = trace.SpanContext(
        trace_id=came.trace_id or int.from_bytes(randomness.bytes(16)) or 1,
        span_id=int.from_bytes(randomness.bytes(8)) or 1,
        is_remote=False,
        trace_flags=came.trace_flags if came.is_valid else trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    with trace.use_span(trace.NonRecordingSpan(here)):
        yield trace.format_trace_id(here.trace_id)


def current_traceparent() -> str | None:
    """The `traceparent` to hand on, or none outside any trace."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str:
    """The trace id, 32 hex digits; all zero outside any trace."""
    return trace.format_trace_id(trace.get_current_span().get_span_context().trace_id)
