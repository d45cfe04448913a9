"""One pooled connection to Chert's Messaging API: signed requests, deadlines, size limit, typed errors.

Every try is signed anew over the exact bytes that are sent, and carries the trace it belongs to.
Sources: chert-contract.md sections 3.4, 4.2 and 14.1.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import urlencode

import httpx2
import stamina
from opentelemetry.propagate import inject

from chert_client.answers import Answer, is_success, refusal
from chert_client.errors import (
    AnswerLostError,
    MalformedAnswerError,
    NoAnswerError,
    NotSentError,
    Refusal,
    ServerFaultError,
)
from chert_client.signatures import sign
from chert_client.tenants import TenantLimits, Tenants
from chert_client.transport import Reply, Transport, transport_of

_API: Final = "/api/v1"
_HEADERS: Final = {"accept-encoding": "identity", "user-agent": "chert-for-hubspot"}
_READ_ATTEMPTS: Final = 3

FAILURES: Final[Mapping[type[httpx2.RequestError], type[NoAnswerError]]] = {
    httpx2.ConnectError: NotSentError,
    httpx2.ConnectTimeout: NotSentError,
    httpx2.PoolTimeout: NotSentError,
    httpx2.ProxyError: NotSentError,
    httpx2.UnsupportedProtocol: NotSentError,
    httpx2.CloseError: AnswerLostError,
    httpx2.DecodingError: AnswerLostError,
    httpx2.LocalProtocolError: AnswerLostError,
    httpx2.ReadError: AnswerLostError,
    httpx2.ReadTimeout: AnswerLostError,
    httpx2.RemoteProtocolError: AnswerLostError,
    httpx2.SSEError: AnswerLostError,
    httpx2.TooManyRedirects: AnswerLostError,
    httpx2.WriteError: AnswerLostError,
    httpx2.WriteTimeout: AnswerLostError,
}
"""What a failure of the transport means for a send; one that is not listed may have sent it."""

ReturnType = TypeVar("ReturnType")


@cache
def tls() -> ssl.SSLContext:
    """The certificates that are trusted, loaded once for the process: each time takes 25 ms and most of a megabyte."""
    # Certificates from the environment would be settings that nobody set, as would proxies.
    return httpx2.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The bounds of one call, of the pool and of each tenant.

    `total_seconds` covers every try of a read. Content that is read as it comes has bounds of its own: Chert takes
    files up to 100 MB (chert-contract.md section 14.5), and a slow line may carry 3 Mbit a second.
    """

    connect_seconds: float = 2.0
    read_seconds: float = 10.0
    total_seconds: float = 15.0
    response_bytes: int = 4 * 1024 * 1024
    connections: int = 100
    content_bytes: int = 100 * 1024 * 1024
    content_seconds: float = 300.0
    tenant: TenantLimits = field(default_factory=TenantLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request on behalf of one tenant, as it will be sent."""

    method: str
    path: str
    tenant: str
    params: Mapping[str, str] | None = None
    accept: str = "application/json"
    content: bytes = field(default=b"", repr=False)


class ChertConnection:
    """Chert at one address, spoken to with one platform credential.

    Opened and closed with its transport.
    """

    def __init__(
        self,
        base_url: str,
        *,
        signing_secret: Callable[[], bytes],
        now: Callable[[], datetime],
        limits: CallLimits,
        transport: Transport | httpx2.AsyncBaseTransport | None,
    ) -> None:
        self._signing_secret = signing_secret
        self._now = now
        self._limits = limits
        self._tenants = Tenants(limits.tenant)
        self._reading = stamina.AsyncRetryingCaller(
            attempts=_READ_ATTEMPTS, timeout=limits.total_seconds, wait_jitter=0.2
        ).on(_worth_another_try)
        self._base_url = base_url.rstrip("/")
        self._transport = transport_of(
            transport
            or httpx2.AsyncHTTPTransport(
                verify=tls(), limits=httpx2.Limits(max_connections=limits.connections), trust_env=False
            )
        )
        seconds = httpx2.Timeout(limits.read_seconds, connect=limits.connect_seconds)
        self._seconds = {**seconds.as_dict(), "pool": limits.connect_seconds}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def read(self, call: Call, understand: Callable[[Answer], ReturnType]) -> ReturnType:
        """Send a call that changes nothing; up to three tries within one budget."""
        progress = _Progress()
        return await self._within_budget(self._reading(self._understood, call, understand, progress), progress)

    async def write(self, call: Call, understand: Callable[[Answer], ReturnType]) -> ReturnType:
        """Send a call once, whatever comes of it."""
        progress = _Progress()
        return await self._within_budget(self._understood(call, understand, progress), progress)

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator["Content"]:
        """Send a call that changes nothing, once; its content is read within the block, as it comes.

        The total budget is until the content begins.
        """
        progress = _Progress()
        reply = await self._within_budget(self._begun(call, progress), progress)
        async with aclosing(reply):
            yield Content(reply, self._limits)

    async def _within_budget(self, work: Awaitable[ReturnType], progress: "_Progress") -> ReturnType:
        deadline = asyncio.timeout(self._limits.total_seconds)
        try:
            async with deadline:
                return await work
        except TimeoutError:
            if not deadline.expired():
                raise
            raise progress.out_of_time() from None

    async def _understood(
        self, call: Call, understand: Callable[[Answer], ReturnType], progress: "_Progress"
    ) -> ReturnType:
        """One try; what its answer is taken for counts for the tenant's breaker."""
        async with self._tenants.entered(call.tenant):
            with _told_as_ours():
                reply = await self._sent(call, progress)
                try:
                    answer = _answer(reply, await self._body(reply))
                finally:
                    await reply.aclose()
            return understand(answer)

    async def _begun(self, call: Call, progress: "_Progress") -> Reply:
        """An answer that is a success, of which only the head was read."""
        async with self._tenants.entered(call.tenant), AsyncExitStack() as opened:
            with _told_as_ours():
                reply = await opened.enter_async_context(aclosing(await self._sent(call, progress)))
                if not is_success(reply.status):
                    raise refusal(_answer(reply, await self._body(reply)))
            opened.pop_all()
            return reply

    async def _sent(self, call: Call, progress: "_Progress") -> Reply:
        """The answer to a call, which is signed now."""
        headers = {
            **_HEADERS,
            "accept": call.accept,
            "x-chert-tenant": call.tenant,
            "x-chert-signature": sign(self._signing_secret(), call.content, int(self._now().timestamp())),
        }
        if call.content:
            headers["content-type"] = "application/json"
        inject(headers)
        query = f"?{urlencode(call.params)}" if call.params else ""
        url = f"{self._base_url}{_API}{call.path}{query}"
        progress.sending = True
        return await self._transport.send(call.method, url, headers, call.content, self._seconds)

    async def _body(self, reply: Reply) -> bytes:
        if reply.headers.get("content-encoding", "identity") != "identity":
            return b""  # nobody asked for it, and a small chunk can unfold into more than any limit
        body = bytearray()
        async for piece in reply.pieces():
            body += piece
            if len(body) > self._limits.response_bytes:
                return b""
        return bytes(body)


class Content:
    """An answer's content on its way, and what its headers say of it."""

    def __init__(self, reply: Reply, limits: CallLimits) -> None:
        self._reply, self._limits = reply, limits

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's, by name in whatever case."""
        return self._reply.headers

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content, piece by piece; each has the time of a read, all of them `content_seconds`.

        Raises:
            AnswerLostError: it broke off, or took too long.
            MalformedAnswerError: it is larger than `content_bytes`, or encoded although nobody asked for that.
        """
        if self.headers.get("content-encoding", "identity") != "identity":
            raise MalformedAnswerError(Refusal(status=self._reply.status, failure="ContentEncoded"))
        ends, received = asyncio.get_running_loop().time() + self._limits.content_seconds, 0
        with _told_as_ours():
            async for piece in self._reply.pieces():
                received += len(piece)
                if received > self._limits.content_bytes:
                    raise MalformedAnswerError(Refusal(status=self._reply.status, failure="ContentTooLarge"))
                if asyncio.get_running_loop().time() > ends:
                    raise AnswerLostError(Refusal(failure="BudgetSpent"))
                yield piece


@dataclass(slots=True)
class _Progress:
    """How far a call has come, for the moment when its time is up."""

    sending: bool = False

    def out_of_time(self) -> NoAnswerError:
        refusal = Refusal(failure="BudgetSpent")
        return AnswerLostError(refusal) if self.sending else NotSentError(refusal)


def _worth_another_try(error: Exception) -> bool:
    """Whether a read is tried again; when Chert is throttling, when to come back is the caller's affair."""
    return isinstance(error, NoAnswerError | MalformedAnswerError | ServerFaultError) and error.retryable


def _answer(reply: Reply, content: bytes) -> Answer:
    return Answer(reply.status, content, reply.headers.get("retry-after"), reply.headers.get("x-trace-id"))


@contextmanager
def _told_as_ours() -> Iterator[None]:
    """Raise failures of the transport as errors of this library."""
    try:
        yield
    except httpx2.RequestError as error:
        # Not chained: the text of a protocol error can quote a header.
        raise _no_answer(error) from None


def _no_answer(error: httpx2.RequestError) -> NoAnswerError:
    return FAILURES.get(type(error), AnswerLostError)(Refusal(failure=type(error).__name__))
