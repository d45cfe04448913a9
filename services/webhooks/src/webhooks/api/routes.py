"""The three routes as plain ASGI: a framework's routing, request and response take longer than all the work.

Everything else, health and the document included, goes on to the app behind.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.randomness import Randomness
from chassis.tracing import Trace, trace_from
from contracts.failures import REGISTRY, Code
from webhooks.adapters.admission import InFlight
from webhooks.api.answers import Answer, accepted, failure
from webhooks.api.bodies import Bodies, ClientGoneError
from webhooks.api.counting import Counting
from webhooks.api.refusals import REFUSALS, EncodingError, MethodError, Refused
from webhooks.errors import OverloadedError
from webhooks.models.deliveries import Delivery, Receipt

LOG = get_log()

Receiver = Callable[[Delivery], Awaitable[tuple[Receipt, list[str]]]]
"""A handler with its collaborators."""

CLIENT_GONE: Final = 499
"""What the metric says of a client that left; nginx's number, nobody receives it."""

_REFUSED: Final = tuple(REFUSALS)


@dataclass(frozen=True, slots=True)
class Route:
    """One of the three: its name in logs and metrics, what takes its deliveries, what counts them."""

    name: str
    receive: Receiver
    counting: Counting


class SignedRoutes:
    """Middleware that answers the signed routes itself."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        receivers: Mapping[str, tuple[str, Receiver]],
        public_base_url: str,
        in_flight: InFlight,
        clock: Clock,
        randomness: Randomness,
        metrics: Metrics,
    ) -> None:
        """Take the given paths, each with a name and its receiver."""
        self._app, self._clock, self._randomness = app, clock, randomness
        self._base = public_base_url.rstrip("/").encode()
        self._in_flight, self._bodies = in_flight, Bodies()
        self._routes = {
            path: Route(name, receiver, Counting(metrics, route=name, path=path))
            for path, (name, receiver) in receivers.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        route = self._routes.get(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        began, status = self._clock.monotonic(), CLIENT_GONE
        headers = _once(scope["headers"])
        trace = trace_from(headers.get(b"traceparent"), self._randomness)
        try:
            answer = await self._answer(route, scope, headers, receive, trace)
            status = answer.status
            await answer.send(send)
        except ClientGoneError:
            pass
        except asyncio.CancelledError:  # the process stops and waits no longer
            await failure(Code.UNAVAILABLE, "the service is not available right now", trace).send(send)
            raise
        except Exception as error:
            LOG.exception("http.failed", error=type(error).__name__, trace_id=trace.trace_id.decode())
            status = REGISTRY[Code.INTERNAL].status
            await failure(Code.INTERNAL, "internal error", trace).send(send)
        finally:
            route.counting.answered(status, self._clock.monotonic() - began)

    async def _answer(
        self, route: Route, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, trace: Trace
    ) -> Answer:
        """Take a delivery; whatever is wrong with it, the answer says so."""
        try:
            self._check(scope, headers)
            body = await self._bodies.read(receive)
            receipt, ignored = await route.receive(Delivery(b"POST", self._url(scope), headers, body, trace))
        except _REFUSED as error:
            return _refuse(route, REFUSALS[type(error)](error), trace)
        route.counting.received(receipt, ignored)
        return accepted(receipt, trace)

    def _check(self, scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        """Return if it is worth reading the body.

        Raises:
            MethodError: it is no POST.
            EncodingError: the body is compressed.
            OverloadedError: too much is in flight.
        """
        if scope["method"] != "POST":
            raise MethodError
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise EncodingError
        if self._in_flight.is_full:
            raise OverloadedError

    def _url(self, scope: Scope) -> bytes:
        """The URL as the sender called it: what the signature covers."""
        query: bytes = scope["query_string"]
        path: bytes = scope["raw_path"]
        return b"%b%b?%b" % (self._base, path, query) if query else self._base + path


def _once(pairs: Iterable[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Headers by name, without those that came twice: they prove nothing."""
    given = list(pairs)
    headers = dict(given)
    if len(headers) == len(given):
        return headers
    times = Counter(name for name, _ in given)
    return {name: value for name, value in headers.items() if times[name] == 1}


def _refuse(route: Route, refused: Refused, trace: Trace) -> Answer:
    LOG.warning("delivery.refused", route=route.name, reason=refused.reason, trace_id=trace.trace_id.decode())
    route.counting.refused(refused.outcome)
    return refused.answer(trace)
