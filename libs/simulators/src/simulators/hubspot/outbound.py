"""Signed calls from HubSpot to the app."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass, field

import httpx2

from simulators.clock import Clock
from simulators.hubspot.signing import SignatureVersion, signature_headers

# What an app answers is read up to here; the contract's largest answer is a card's, 1 MB (contract 7.2).
MAX_ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long HubSpot waits, in seconds: to connect, and for the whole call."""

    connect: float
    total: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status with its headers and text, or nothing and the reason."""

    status: int | None
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    error: str | None = None


class SignedCaller:
    """Calls the app with JSON, signed with its client secret at the moment of the call."""

    def __init__(
        self, client: httpx2.AsyncClient, clock: Clock, *, secret: str, target_base_url: str, public_base_url: str
    ) -> None:
        self._client = client
        self._clock = clock
        self._secret = secret
        self._target_base_url, self._public_base_url = target_base_url, public_base_url

    async def post(self, url: str, body: bytes, versions: Collection[SignatureVersion], patience: Patience) -> Answer:
        """Post once."""
        return await self.call("POST", url, body, versions, patience)

    async def call(
        self, method: str, url: str, body: bytes, versions: Collection[SignatureVersion], patience: Patience
    ) -> Answer:
        """Call once; redirects are not followed. Whatever goes wrong on the way is an answer without a status."""
        timeout = httpx2.Timeout(patience.total, connect=patience.connect)
        request = self._client.build_request(method, url, content=body or None, timeout=timeout)
        if body:
            request.headers["Content-Type"] = "application/json"
        request.headers.update(
            signature_headers(
                versions,
                secret=self._secret,
                method=request.method,
                uri=self._public_base_url + str(request.url).removeprefix(self._target_base_url),
                body=body,
                now=self._clock.now(),
            )
        )
        try:
            async with asyncio.timeout(patience.total):
                return await self._send(request)
        except (httpx2.HTTPError, TimeoutError) as error:
            return Answer(None, error=type(error).__name__)

    async def _send(self, request: httpx2.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = await _read(response)
        finally:
            await response.aclose()
        return Answer(response.status_code, body.decode("utf-8", errors="replace"), dict(response.headers))


async def _read(response: httpx2.Response) -> bytes:
    read = bytearray()
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > MAX_ANSWER_BYTES:
            break
    return bytes(read[:MAX_ANSWER_BYTES])


def json_object(text: str) -> dict[str, object]:
    """The text as a JSON object; empty when it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
