"""One pooled connection to HubSpot's API: deadlines, size limit, retries of reads, typed errors.

A call's budget covers all of it: the access token, the wait for a free connection, every try, the whole answer.
So whoever holds a lease for `limits.total_seconds` when a call begins still holds it when the call ends.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar
from urllib.parse import urlencode

import httpx2
import stamina

from hubspot_client.answers import Answer
from hubspot_client.errors import (
    AnswerLostError,
    MalformedAnswerError,
    NoAnswerError,
    NotSentError,
    Refusal,
    ServerFaultError,
)
from hubspot_client.paths import DEFAULT_API_VERSION, PATHS, ApiVersion
from hubspot_client.rate_limits import RateLimitObserver, rate_limit_of
from hubspot_client.transport import Reply, Transport, transport_of

_READ_ATTEMPTS: Final = 3
_RETRIED: Final = (NoAnswerError, MalformedAnswerError, ServerFaultError)
"""What a read is tried again after. Being throttled is not among them: the budget is the caller's."""

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
"""What a failure of the transport means for a write; one that is not listed may have sent it."""

_HEADERS: Final = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "chert-for-hubspot"}

ReturnType = TypeVar("ReturnType")


class AccessTokens(Protocol):
    """Where the access token of an installed account comes from; asked before every try."""

    async def __call__(self, portal_id: int) -> str:
        """The account's access token; exceptions reach the caller unchanged, and nothing was sent then."""
        ...


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The bounds of one call and of the pool."""

    connect_seconds: float = 2.0
    read_seconds: float = 10.0
    total_seconds: float = 15.0
    response_bytes: int = 4 * 1024 * 1024
    connections: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, as it will be sent; `json` and `form` exclude each other.

    `path` is one of the API's, or a whole address that HubSpot gave.
    `portal_id` is the account on whose limit it counts.
    """

    method: str
    path: str
    params: Mapping[str, str] | None = None
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    access_token: Callable[[], Awaitable[str]] | None = None
    portal_id: int | None = None


class HubSpotConnection:
    """HubSpot's API at one address and version; opened once per process, `async with`.

    Opened and closed with its transport.
    """

    def __init__(
        self,
        base_url: str,
        *,
        version: ApiVersion = DEFAULT_API_VERSION,
        limits: CallLimits | None = None,
        transport: Transport | httpx2.AsyncBaseTransport | None = None,
        observe_rate_limit: RateLimitObserver | None = None,
    ) -> None:
        self._observe_rate_limit = observe_rate_limit
        self.limits = limits or CallLimits()
        self.paths = PATHS[version]
        self._reading = stamina.AsyncRetryingCaller(
            attempts=_READ_ATTEMPTS, timeout=self.limits.total_seconds, wait_jitter=0.2
        ).on(_RETRIED)
        self._base_url = base_url.rstrip("/")
        # Proxies and certificates from the environment would be settings that nobody set.
        self._transport = transport_of(
            transport
            or httpx2.AsyncHTTPTransport(
                verify=httpx2.create_ssl_context(trust_env=False),
                limits=httpx2.Limits(max_connections=self.limits.connections),
                trust_env=False,
            )
        )
        seconds = httpx2.Timeout(self.limits.read_seconds, connect=self.limits.connect_seconds)
        self._seconds = {**seconds.as_dict(), "pool": self.limits.connect_seconds}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def read(self, call: Call, understand: Callable[[Answer], ReturnType]) -> ReturnType:
        """Send a call that changes nothing; up to three tries within one budget.

        Raises:
            HubSpotError: what the last try ended with, or what `understand` made of its answer.
        """
        progress = _Progress()

        async def attempt() -> ReturnType:
            return understand(await self._answer(call, progress))

        return await self._within_budget(self._reading(attempt), progress)

    async def write(self, call: Call, understand: Callable[[Answer], ReturnType]) -> ReturnType:
        """Send a call once, whatever comes of it.

        Raises:
            HubSpotError: `may_have_happened` says whether HubSpot may have carried it out all the same.
        """
        progress = _Progress()
        return understand(await self._within_budget(self._answer(call, progress), progress))

    async def _within_budget(self, work: Awaitable[ReturnType], progress: "_Progress") -> ReturnType:
        deadline = asyncio.timeout(self.limits.total_seconds)
        try:
            async with deadline:
                return await work
        except TimeoutError:
            if not deadline.expired():
                raise
            raise progress.out_of_time() from None

    async def _answer(self, call: Call, progress: "_Progress") -> Answer:
        headers = dict(_HEADERS)
        if call.access_token is not None:
            headers["authorization"] = f"Bearer {await call.access_token()}"
        content, content_type = _content(call)
        if content_type:
            headers["content-type"] = content_type
        progress.sending = True
        try:
            reply = await self._transport.send(call.method, self._url(call), headers, content, self._seconds)
            try:
                self._observe(call, reply)
                return Answer(reply.status, await self._body(reply), reply.headers.get("retry-after"))
            finally:
                await reply.aclose()
        except httpx2.RequestError as error:
            # Not chained: the text of a protocol error can quote a header.
            raise _no_answer(error) from None

    def _observe(self, call: Call, reply: Reply) -> None:
        if self._observe_rate_limit is None or call.portal_id is None:
            return
        told = rate_limit_of(reply.headers)
        if told is not None:
            self._observe_rate_limit(call.portal_id, told)

    def _url(self, call: Call) -> str:
        address = f"{self._base_url}{call.path}" if call.path.startswith("/") else call.path
        return f"{address}?{urlencode(call.params)}" if call.params else address

    async def _body(self, reply: Reply) -> bytes:
        if reply.headers.get("content-encoding", "identity") != "identity":
            return b""  # nobody asked for it, and a small chunk can unfold into more than any limit
        body = bytearray()
        async for piece in reply.pieces():
            body += piece
            if len(body) > self.limits.response_bytes:
                return b""
        return bytes(body)


def _content(call: Call) -> tuple[bytes, str]:
    """A call's body, and of which type it is."""
    if call.json is not None:
        # Escaped to ASCII, so that half a surrogate pair is HubSpot's to refuse and never an error here.
        return json.dumps(call.json).encode("ascii"), "application/json"
    if call.form is not None:
        return urlencode(call.form).encode("ascii"), "application/x-www-form-urlencoded"
    return b"", ""


@dataclass(slots=True)
class _Progress:
    """How far a call has come, for the moment when its time is up."""

    sending: bool = False

    def out_of_time(self) -> NoAnswerError:
        refusal = Refusal(category="BudgetSpent")
        return AnswerLostError(refusal) if self.sending else NotSentError(refusal)


def _no_answer(error: httpx2.RequestError) -> NoAnswerError:
    return FAILURES.get(type(error), AnswerLostError)(Refusal(category=type(error).__name__))
