"""One pooled connection to Chert's Messaging API: signed requests, deadlines, size limit, typed errors.

Every try is signed anew over the exact bytes that are sent, and carries the trace it belongs to.
Sources: chert-contract.md sections 3.4, 4.2 and 14.1.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
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

from chert_client.answers import Answer, refusal
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

    Requests go to httpx2's transport without its client around it: no redirects, cookies, proxies or authentication of
    its kind are wanted here, and looking for them took longer than the call.
    """

    def __init__(
        self,
        base_url: str,
        *,
        signing_secret: Callable[[], bytes],
        now: Callable[[], datetime],
        limits: CallLimits,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self._signing_secret = signing_secret
        self._now = now
        self._limits = limits
        self._tenants = Tenants(limits.tenant)
        self._reading = stamina.AsyncRetryingCaller(
            attempts=_READ_ATTEMPTS, timeout=limits.total_seconds, wait_jitter=0.2
        ).on(_worth_another_try)
        self._base_url = base_url.rstrip("/")
        self._transport = transport or httpx2.AsyncHTTPTransport(
            verify=tls(), limits=httpx2.Limits(max_connections=limits.connections), trust_env=False
        )
        seconds = httpx2.Timeout(limits.read_seconds, connect=limits.connect_seconds)
        self._extensions = {"timeout": {**seconds.as_dict(), "pool": limits.connect_seconds}}

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    async def read(self, call: Call, understand: Callable[[Answer], ReturnType]) -> ReturnType:
        """Send a call that changes nothing; up to three tries within one budget."""
        async with self._budget() as progress:

            async def attempt() -> ReturnType:
                async with self._tenants.entered(call.tenant):
                    return understand(await self._answer(call, progress))

            return await self._reading(attempt)

    async def write(self, call: Call, understand: Callable[[Answer], ReturnType]) -> ReturnType:
        """Send a call once, whatever comes of it."""
        async with self._budget() as progress, self._tenants.entered(call.tenant):
            return understand(await self._answer(call, progress))

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator["Content"]:
        """Send a call that changes nothing, once; its content is read within the block, as it comes.

        The total budget is until the content begins.
        """
        async with AsyncExitStack() as opened:
            async with self._budget() as progress, self._tenants.entered(call.tenant):
                request = self._signed(call)
                progress.sending = True
                with _told_as_ours():
                    response = await self._transport.handle_async_request(request)
                    body = await opened.enter_async_context(aclosing(_body(response)))
                    if not response.is_success:
                        raise refusal(_answer(response, await self._content(response, body)))
            yield Content(response, body, self._limits)

    @asynccontextmanager
    async def _budget(self) -> AsyncIterator["_Progress"]:
        progress = _Progress()
        deadline = asyncio.timeout(self._limits.total_seconds)
        try:
            async with deadline:
                yield progress
        except TimeoutError:
            if not deadline.expired():
                raise
            raise progress.out_of_time() from None

    async def _answer(self, call: Call, progress: "_Progress") -> Answer:
        request = self._signed(call)
        progress.sending = True
        with _told_as_ours():
            response = await self._transport.handle_async_request(request)
            async with aclosing(_body(response)) as body:
                return _answer(response, await self._content(response, body))

    def _signed(self, call: Call) -> httpx2.Request:
        """The request, with a signature of this moment."""
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
        return httpx2.Request(call.method, url, headers=headers, content=call.content, extensions=self._extensions)

    async def _content(self, response: httpx2.Response, body: httpx2.AsyncByteStream) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            return b""  # nobody asked for it, and a small chunk can unfold into more than any limit
        content = bytearray()
        async for chunk in body:
            content += chunk
            if len(content) > self._limits.response_bytes:
                return b""
        return bytes(content)


class Content:
    """An answer's content on its way, and what its headers say of it."""

    def __init__(self, response: httpx2.Response, body: httpx2.AsyncByteStream, limits: CallLimits) -> None:
        self._response, self._body, self._limits = response, body, limits

    @property
    def headers(self) -> httpx2.Headers:
        """The answer's."""
        return self._response.headers

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content, piece by piece; each has the time of a read, all of them `content_seconds`.

        Raises:
            AnswerLostError: it broke off, or took too long.
            MalformedAnswerError: it is larger than `content_bytes`, or encoded although nobody asked for that.
        """
        if self.headers.get("content-encoding", "identity") != "identity":
            raise MalformedAnswerError(Refusal(status=self._response.status_code, failure="ContentEncoded"))
        ends, received = asyncio.get_running_loop().time() + self._limits.content_seconds, 0
        with _told_as_ours():
            async for piece in self._body:
                received += len(piece)
                if received > self._limits.content_bytes:
                    raise MalformedAnswerError(Refusal(status=self._response.status_code, failure="ContentTooLarge"))
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


def _body(response: httpx2.Response) -> httpx2.AsyncByteStream:
    """What an asynchronous transport gives."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101
    return response.stream


def _answer(response: httpx2.Response, content: bytes) -> Answer:
    headers = response.headers
    return Answer(response.status_code, content, headers.get("retry-after"), headers.get("x-trace-id"))


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
