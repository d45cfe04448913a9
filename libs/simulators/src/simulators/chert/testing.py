"""What tests of the simulated Chert stand on: a client that signs, and a receiver of webhooks."""

import json
from dataclasses import dataclass, field

import httpx2

from simulators.chert.models import JsonObject
from simulators.chert.signatures import digest
from simulators.clock import Clock


@dataclass
class Receiver:
    """Takes webhooks and answers each with the next of the given statuses, then 200; status 0 means no answer.

    It is the handler of an `httpx2.MockTransport`.
    """

    statuses: list[int] = field(default_factory=list)
    requests: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Takes one delivery; raises ConnectError where no answer is ordered."""
        self.requests.append(request)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            raise httpx2.ConnectError("nobody listens", request=request)
        return httpx2.Response(status)

    @property
    def bodies(self) -> list[JsonObject]:
        """What was delivered, parsed."""
        return [json.loads(request.content) for request in self.requests]


@dataclass
class ApiClient:
    """Calls the Messaging API for one tenant, signing every call."""

    http: httpx2.AsyncClient
    clock: Clock
    secret: str
    tenant: str

    async def call(self, method: str, path: str, body: object = None, **params: str | int) -> httpx2.Response:
        """One call under `/api/v1` with a JSON body, or none."""
        return await self.raw(method, path, b"" if body is None else json.dumps(body).encode(), **params)

    async def raw(self, method: str, path: str, content: bytes, **params: str | int) -> httpx2.Response:
        """One call under `/api/v1` with exactly these bytes as its body."""
        headers = {"x-chert-signature": self.sign(content), "x-chert-tenant": self.tenant}
        return await self.http.request(method, f"/api/v1{path}", content=content, params=params, headers=headers)

    def sign(self, content: bytes) -> str:
        """The signature header as of now."""
        timestamp = str(int(self.clock.now()))
        return f"v1,{timestamp},{digest(self.secret, timestamp, content)}"
