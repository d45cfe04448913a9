"""The signed routes one layer below ASGI: inside uvicorn's protocol, without a task per request.

A plain ASGI request is a task, an event, a scope and a dozen messages, whatever is done in it. Here the parser's
callbacks fill a body, the handler runs when it is whole, and the answer is one write when the broker has acknowledged.
Parser, connections, keep-alive, limits, deadlines and shutdown stay
uvicorn's and `chassis.server`'s; an exchange stands where uvicorn has its cycle of request and response, and has the
members that uvicorn looks at.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from chassis.server import DeadlineProtocol
from webhooks.api.answers import Answer
from webhooks.api.asgi import CLIENT_GONE
from webhooks.api.bodies import Body
from webhooks.api.reception import Reception, Route, Visit, once


class _NoEvent:
    """Stands for the event that would wake a task; there is none."""

    def set(self) -> None:
        """Wake nobody."""


_NO_EVENT: Final = _NoEvent()


class Exchange(Visit):
    """One request and its answer.

    Attributes:
        body: what has come of it.
        whole: whether all of it has come.
        keep_alive: whether the connection outlives it; uvicorn ends that when it stops.
        response_complete: whether it was answered; what still comes of the request is then thrown away.
        disconnected: whether the client is gone; set by uvicorn.
        message_event: what uvicorn sets for its own cycles.
    """

    __slots__ = ("_protocol", "body", "disconnected", "keep_alive", "message_event", "response_complete", "whole")

    def __init__(
        self, protocol: "ExchangeProtocol", reception: Reception, route: Route, headers: Mapping[bytes, bytes]
    ) -> None:
        super().__init__(reception, route, protocol.url, headers)
        self._protocol = protocol
        self.body = Body(reception.partial, self.headers.get(b"content-length"))
        self.keep_alive = protocol.parser.should_keep_alive()
        self.whole = self.response_complete = self.disconnected = False
        self.message_event = _NO_EVENT

    def give(self, answer: Answer) -> None:
        """Write the answer, if anybody is there to read it."""
        if not self.whole:
            self.body.end()
        self.response_complete = True
        transport = self._protocol.transport
        if transport.is_closing():
            return
        transport.write(answer.wire(keep_alive=self.keep_alive))
        if not self.keep_alive:
            transport.close()
        self._protocol.exchanged()


class Cycle(Protocol):
    """What uvicorn's cycle and our exchange have in common."""

    response_complete: bool


class ExchangeProtocol(DeadlineProtocol):
    """uvicorn's protocol, with the signed routes answered at once."""

    def __init__(self, *args: Any, reception: Reception, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reception = reception
        self._exchange: Exchange | None = None

    def on_message_begin(self) -> None:
        """Collect the next request; a scope is made only for what goes on to ASGI."""
        self.url, self.headers = b"", []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Begin an exchange, or leave the request to ASGI."""
        before: Cycle | None = self.cycle  # none before the first request, whatever uvicorn's annotation says
        idle = before is None or before.response_complete
        self._exchange = exchange = self._begin() if idle else None
        if exchange is None:
            self._leave_to_asgi()
            return
        self.something_came()
        self.cycle = exchange  # type: ignore[assignment]  # has what uvicorn looks at
        try:
            self._reception.check(self.parser.get_method(), exchange.headers)
        except Exception as error:  # noqa: BLE001 - refused, or it failed; `refuse` knows which
            exchange.refuse(error)

    def _leave_to_asgi(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def _begin(self) -> Exchange | None:
        route = self._reception.route(self.url.partition(b"?")[0])
        if route is None:
            return None
        headers = once(self.headers)
        if headers.get(b"expect") == b"100-continue":
            return None
        return Exchange(self, self._reception, route, headers)

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body in."""
        exchange = self._exchange
        if exchange is None:
            super().on_body(body)
            return
        self.something_came()
        if exchange.response_complete:
            return
        try:
            exchange.body.add(body)
        except Exception as error:  # noqa: BLE001 - refused, or it failed; `refuse` knows which
            exchange.refuse(error)

    def on_message_complete(self) -> None:
        """The request is whole: take it."""
        exchange = self._exchange
        if exchange is None:
            super().on_message_complete()
            return
        self.request_came()
        exchange.whole = True
        if not exchange.response_complete:
            self._reception.turns.give(exchange.take, exchange.body.end())

    def exchanged(self) -> None:
        """An exchange was answered: go on with what was pipelined behind it, or wait for what comes.

        As `on_response_complete` of uvicorn, but for its timer: the server looks for idle connections anyway.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self.wait_for_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what came of an unfinished request."""
        exchange = self._exchange
        if exchange is not None and not exchange.whole and not exchange.response_complete:
            exchange.body.end()
            exchange.gone(CLIENT_GONE)
        super().connection_lost(exc)
