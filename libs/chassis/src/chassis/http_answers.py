"""One HTTP/1.1 connection to a server: a request in one write, and its answer as it comes (RFC 9112).

httptools reads the answer; whatever ends it in the middle is an error of httpx2, as its own transport has them.
"""

import asyncio
import select
from collections import deque
from typing import Final

import httpx2
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MAX_HEAD_BYTES: Final = 100 * 1024
"""The longest head of an answer."""

MAX_WAITING_BYTES: Final = 256 * 1024
"""How much of a body may wait to be taken before the server has to."""

_FIRST_FINAL: Final = 200
"""Below are interim answers, which the answer follows (RFC 9110, section 15.2)."""


class Answer:
    """An answer while it comes in; httptools calls `on_…`."""

    def __init__(self) -> None:
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self.headers: list[tuple[bytes, bytes]] = []
        self.reason, self.version = b"", ""
        self.body: deque[bytes] = deque()
        self.status = self.waiting_bytes = self.head_bytes = 0
        self.has_head = self.is_whole = self.is_framed = self.keeps_alive = False

    def feed(self, data: bytes) -> None:
        """Read what came in.

        Raises:
            HttpParserError, HttpParserUpgrade: it cannot be read.
        """
        if self._parser is None:
            raise HttpParserError("more than one answer")
        try:
            self._parser.feed_data(data)
        finally:
            if self.is_whole:
                self._parser = None  # each knows the other; so neither waits for the garbage collector

    def on_message_begin(self) -> None:
        """One begins.

        Raises:
            HttpParserError: it is the second; nobody asked for that.
        """
        if self.is_whole:
            self.keeps_alive = False
            raise HttpParserError("more than one answer")

    def on_status(self, reason: bytes) -> None:
        """The phrase beside the status."""
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody asked for."""
        if self.has_head:
            return
        self.headers.append((name, value))
        self.is_framed = self.is_framed or name.lower() in {b"content-length", b"transfer-encoding"}

    def on_headers_complete(self) -> None:
        """The head is there; that of an interim answer is not yet the answer's."""
        if self._parser is not None:
            self.status, self.version = self._parser.get_status_code(), self._parser.get_http_version()
        self.has_head = self.status >= _FIRST_FINAL

    def on_body(self, part: bytes) -> None:
        """Some of the body."""
        self.body.append(part)
        self.waiting_bytes += len(part)

    def on_message_complete(self) -> None:
        """All of it is there; after an interim answer everything begins anew."""
        if self.has_head:
            self.is_whole, self.keeps_alive = True, self._parser is not None and self._parser.should_keep_alive()
        else:
            self.headers, self.reason, self.is_framed = [], b"", False

    def take(self) -> bytes:
        """What of the body is there and was not taken."""
        parts = b"".join(self.body)
        self.body.clear()
        self.waiting_bytes = 0
        return parts


class Connection(asyncio.Protocol):
    """One connection; whoever has it sends one request, and takes all of its answer before the next."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._failure: httpx2.TransportError | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._is_paused = False
        self.idle_since = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent: the server has not closed it, owes nothing, and is listened to."""
        if self._is_paused:
            return False
        open_still = self._transport is not None and not self._transport.is_closing() and self._failure is None
        return open_still and (self._answer is None or (self._answer.is_whole and self._answer.keeps_alive))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits at its socket, where an end that the event loop has not yet seen would be."""
        if self._transport is None:
            return False
        waiting = select.poll()
        waiting.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not waiting.poll(0)

    async def send(self, request: bytes, seconds: float | None) -> None:
        """Send a request, head and body at once.

        Args:
            request: its bytes.
            seconds: the longest that the server may keep them waiting.

        Raises:
            WriteError, WriteTimeout: it may have been sent, or not.
        """
        if self._transport is None or self._transport.is_closing():
            raise httpx2.WriteError("the connection was closed")
        self._answer = Answer()
        self._transport.write(request)
        if self._writable.is_set():
            return
        try:
            async with asyncio.timeout(seconds):
                await self._writable.wait()
        except TimeoutError:
            raise httpx2.WriteTimeout("the request was not taken in time") from None

    async def head(self, seconds: float | None) -> Answer:
        """The answer, once its head is there.

        Raises:
            ReadError, ReadTimeout, RemoteProtocolError: there is none.
        """
        answer = self._current()
        while not answer.has_head:
            await self._more(seconds)
        return answer

    async def part(self, seconds: float | None) -> bytes:
        """More of the body; nothing at its end.

        Raises:
            ReadError, ReadTimeout, RemoteProtocolError: the rest does not come.
        """
        answer = self._current()
        while not answer.body and not answer.is_whole:
            await self._more(seconds)
        part = answer.take()
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return part

    def abort(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    async def _more(self, seconds: float | None) -> None:
        """Wait until something has come."""
        if self._failure is not None:
            raise self._failure
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._waiter
        except TimeoutError:
            raise httpx2.ReadTimeout("the answer did not come in time") from None
        finally:
            self._waiter = None

    def _current(self) -> Answer:
        if self._answer is None:
            raise httpx2.LocalProtocolError("nothing was asked")
        return self._answer

    # What asyncio calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP or TLS alone
        """It is open."""
        self._transport = transport

    def pause_writing(self) -> None:
        """The server takes no more now."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Something came in; whatever was not asked for ends the connection."""
        answer = self._answer
        if answer is None or answer.is_whole:
            self._fail(httpx2.RemoteProtocolError("more came than was asked for"))
            return
        try:
            answer.feed(data)
        except (HttpParserError, HttpParserUpgrade):
            self._refuse(answer)
        self._check_size(answer, len(data))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed; a body that has no other end ends here (RFC 9112, section 6.3)."""
        self._writable.set()
        answer = self._answer
        if answer is not None and answer.has_head and not answer.is_framed and exc is None and self._failure is None:
            answer.is_whole = True
        if self._failure is None:
            self._failure = (
                httpx2.RemoteProtocolError("the server closed the connection")
                if exc is None
                else httpx2.ReadError(type(exc).__name__)
            )
        self._wake()

    def _refuse(self, answer: Answer) -> None:
        """End a connection on which something came that cannot be read; an answer before it is one all the same."""
        if answer.is_whole:
            self.abort()
        else:
            self._fail(httpx2.RemoteProtocolError("this is not an answer"))

    def _check_size(self, answer: Answer, came: int) -> None:
        if not answer.has_head:
            answer.head_bytes += came
            if answer.head_bytes > MAX_HEAD_BYTES:
                self._fail(httpx2.RemoteProtocolError("the head is too long"))
        elif answer.waiting_bytes > MAX_WAITING_BYTES and self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def _fail(self, failure: httpx2.TransportError) -> None:
        self._failure = failure
        self.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
