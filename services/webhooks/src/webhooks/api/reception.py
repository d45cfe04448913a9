"""What happens to a delivery, whichever edge it came by: checked, handed to its handler, answered, counted."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opentelemetry.trace import SpanKind

from chassis.clock import Clock
from chassis.edge import MAX_BODY_BYTES
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.randomness import Randomness
from chassis.tracing import Traces, mark_trace, recording
from contracts.failures import Code
from webhooks.adapters.admission import InFlight
from webhooks.api.answers import Answer, accepted, failure
from webhooks.api.bodies import BodyTooLargeError, PartialBytes
from webhooks.api.counting import Counting
from webhooks.api.refusals import REFUSALS, EncodingError, MethodError, RefusalLog
from webhooks.api.turns import Turns
from webhooks.errors import NotStoredError, OverloadedError
from webhooks.models.deliveries import Delivery, Taken
from webhooks.ports import Done

LOG = get_log()

Receiver = Callable[[Delivery, Done], None]
"""A handler with its collaborators."""


@dataclass(frozen=True, slots=True)
class Route:
    """One of the signed routes: its name in logs and metrics, what takes its deliveries, what counts and logs them."""

    name: str
    receive: Receiver
    counting: Counting
    log: RefusalLog


class Visit(ABC):
    """One request from its headers to its answer; each edge has its own way to give that.

    Attributes:
        headers: by lower-case name, those that came once.
        trace: the work that it is.
    """

    __slots__ = ("_began", "_clock", "_url", "headers", "route", "trace")

    def __init__(self, reception: "Reception", route: Route, target: bytes, headers: Mapping[bytes, bytes]) -> None:
        """A request whose headers have come; `target` is path and query as they stand in the request."""
        self.route, self.headers = route, headers
        self.trace = reception.traces.of(headers.get(b"traceparent"))
        self._url, self._clock = reception.base + target, reception.clock
        self._began = reception.clock.monotonic()

    @abstractmethod
    def give(self, answer: Answer) -> None:
        """Let the client have its answer; called once, if the client has not left."""

    def take(self, body: bytes) -> None:
        """The body is whole: hand the delivery to its handler; the answer comes now or later."""
        try:
            self.route.receive(Delivery(b"POST", self._url, self.headers, body, self.trace), self._done)
        except Exception as error:  # noqa: BLE001 - whatever it is, the sender gets an answer
            self.refuse(error)

    def refuse(self, error: Exception) -> None:
        """Answer that it is not taken, and why."""
        known = REFUSALS.get(type(error))
        if known is None:
            LOG.error("http.failed", error=type(error).__name__, trace_id=self.trace.trace_id.decode(), exc_info=error)
            self.answer(failure(Code.INTERNAL, "internal error", self.trace))
            return
        refused = known(error)
        self.route.log.tell(self.route.name, refused, self.trace)
        self.route.counting.refused(refused.outcome)
        self.answer(refused.answer(self.trace))

    def _done(self, outcome: Taken | NotStoredError) -> None:
        if isinstance(outcome, NotStoredError):
            self.refuse(outcome)
            return
        self.route.counting.received(outcome.receipt, outcome.ignored)
        self.answer(accepted(outcome.receipt, self.trace))

    def answer(self, answer: Answer) -> None:
        """Give the answer."""
        self.gone(answer.status)
        self.give(answer)

    def gone(self, status: int) -> None:
        """Count how it ended."""
        seconds = self._clock.monotonic() - self._began
        self.route.counting.answered(status, seconds)
        if recording.recorder is not None and self.trace.is_sampled:
            self._trace(status, seconds)

    def _trace(self, status: int, seconds: float) -> None:
        mark_trace(
            self.trace,
            self.headers.get(b"traceparent"),
            f"POST {self.route.name}",
            seconds=seconds,
            kind=SpanKind.SERVER,
            **{"http.response.status_code": status},
        )


class Reception:
    """The signed routes, for either edge.

    Attributes:
        base: what our addresses begin with.
        clock: tells how long a request takes.
        traces: begins and continues them.
        partial: bodies that have begun and not ended.
        turns: whole bodies that wait to be taken.
    """

    def __init__(
        self,
        receivers: Mapping[str, tuple[str, Receiver]],
        *,
        public_base_url: str,
        in_flight: InFlight,
        turns: Turns,
        clock: Clock,
        randomness: Randomness,
        metrics: Metrics,
    ) -> None:
        """Take the given paths, each with a name and its receiver."""
        self.base: Final = public_base_url.rstrip("/").encode()
        self.clock, self.traces, self.partial = clock, Traces(randomness), PartialBytes()
        self.turns, self._in_flight = turns, in_flight
        log = RefusalLog(clock)
        self._routes = {
            path.encode(): Route(name, receiver, Counting(metrics, route=name, path=path), log)
            for path, (name, receiver) in receivers.items()
        }

    def route(self, path: bytes) -> Route | None:
        """The signed route at a path, as it stands in the request."""
        return self._routes.get(path)

    def check(self, method: bytes, headers: Mapping[bytes, bytes]) -> None:
        """Return if the body is worth reading.

        Raises:
            MethodError: it is no POST.
            EncodingError: the body is compressed.
            BodyTooLargeError: it says that it is over 1 MiB.
            OverloadedError: too much is in flight.
        """
        if method != b"POST":
            raise MethodError
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise EncodingError
        length = headers.get(b"content-length", b"0")
        if len(length) > _LENGTH_DIGITS or (length.isdigit() and int(length) > MAX_BODY_BYTES):
            raise BodyTooLargeError
        if self._in_flight.is_full:
            raise OverloadedError


_LENGTH_DIGITS: Final = len(str(MAX_BODY_BYTES))


def once(pairs: Sequence[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Headers by name, without those that came twice: they prove nothing."""
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    times = Counter(name for name, _ in pairs)
    return {name: value for name, value in headers.items() if times[name] == 1}
