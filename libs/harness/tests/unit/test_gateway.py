"""The gateway passes everything through unchanged, and only what the outside may reach."""

import json
from collections.abc import AsyncIterator, Sequence

import httpx2
import pytest
from starlette.types import Message, Scope

from harness.gateway import MAX_BODY_BYTES, Gateway, Route, routes

ROUTES = routes(
    {
        "GATEWAY_OAUTH_URL": "http://localhost:1001",
        "GATEWAY_WEBHOOKS_URL": "http://localhost:1002",
        "GATEWAY_ACTIONS_URL": "http://localhost:1003",
        "GATEWAY_CHERT_URL": "http://localhost:1004",
    }
)


class Services(httpx2.AsyncBaseTransport):
    """All services in one: remembers what reached it, and answers as told."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.requests: list[httpx2.Request] = []
        self.bodies: list[bytes] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Take one request."""
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        self.bodies.append(b"".join([chunk async for chunk in request.stream]))
        self.requests.append(request)
        if self.trouble is not None:
            raise self.trouble
        return httpx2.Response(201, headers=[("set-cookie", "a=1"), ("set-cookie", "b=2")], stream=Pieces())


class Pieces(httpx2.AsyncByteStream):
    """An answer in two pieces."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        yield b"one "
        yield b"two"


class Answer:
    """What came back to the client."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []

    async def take(self, message: Message) -> None:
        """The ASGI send channel."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.pieces.append(message.get("body", b""))

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces)


async def call(
    services: Services,
    path: bytes,
    *,
    method: str = "POST",
    query: bytes = b"",
    headers: list[tuple[bytes, bytes]] | None = None,
    body: tuple[bytes, ...] = (b"",),
    reachable: Sequence[Route] = ROUTES,
) -> Answer:
    """One request through the gateway, with its raw bytes as a server would hand them over."""
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": headers or [],
    }
    left = list(body)

    async def receive() -> Message:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    answer = Answer()
    await Gateway(reachable, services)(scope, receive, answer.take)
    return answer


@pytest.mark.parametrize(
    ("path", "port"),
    [
        (b"/api/hubspot/oauth/install", 1001),
        (b"/api/hubspot/oauth/callback", 1001),
        (b"/console", 1001),
        (b"/console/accounts/1", 1001),
        (b"/api/hubspot/uninstall", 1002),
        (b"/api/hubspot/webhook", 1002),
        (b"/api/chert/webhook", 1002),
        (b"/api/hubspot/send", 1003),
        (b"/api/hubspot/options/phone-lines", 1003),
        (b"/api/hubspot/widget/context", 1003),
        (b"/login", 1004),
        (b"/logout", 1004),
        (b"/.well-known/jwks.json", 1004),
    ],
)
async def test_each_public_path_has_its_service(path: bytes, port: int) -> None:
    """Every path of the contract reaches the service that owns it."""
    services = Services()
    await call(services, path)

    assert [port] == [request.url.port for request in services.requests]


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"/internal/tenants/1",
        b"/ops/tenants",
        b"/metrics",
        b"/livez",
        b"/readyz",
        b"/consolex",
        b"/api/hubspot/sendx",
        b"/api/hubspot",
        b"//console",
        b"/%63onsole",
    ],
)
async def test_what_the_outside_may_not_reach_is_not_found(path: bytes) -> None:
    """Internal and unknown paths are answered with 404 in the contract's form and reach nobody."""
    services = Services()
    answer = await call(services, path)

    assert 404 == answer.status
    assert (False, 2011) == (json.loads(answer.body)["ok"], json.loads(answer.body)["code"])
    assert not services.requests


async def test_path_query_headers_and_body_pass_unchanged() -> None:
    """What a signature covers arrives byte for byte: nothing is decoded, normalised, joined or reordered."""
    services = Services()
    headers = [(b"host", b"localhost:8080"), (b"x-twice", b"1"), (b"x-twice", b"2"), (b"content-length", b"7")]
    await call(
        services,
        b"/api/hubspot/widget/./a%2Fb/../%7e",
        method="PUT",
        query=b"e=a%40b.test&e=%zz&&x",
        headers=headers,
        body=(b"\x00\xff{", b"raw}"),
    )
    (request,) = services.requests

    assert "PUT" == request.method
    assert b"/api/hubspot/widget/./a%2Fb/../%7e?e=a%40b.test&e=%zz&&x" == request.extensions["target"]
    assert headers == request.headers.raw
    assert [b"\x00\xff{raw}"] == services.bodies


async def test_headers_of_one_connection_stay_on_it() -> None:
    """Hop-by-hop headers are not passed on."""
    services = Services()
    await call(services, b"/console", method="GET", headers=[(b"connection", b"close"), (b"te", b"x"), (b"a", b"b")])

    assert b"connection" not in {name.lower() for name, _ in services.requests[0].headers.raw}


async def test_the_answer_passes_unchanged() -> None:
    """Status, repeated headers and the body's pieces come back as the service gave them."""
    answer = await call(Services(), b"/console")

    assert 201 == answer.status
    assert [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")] == answer.headers
    assert [b"one ", b"two", b""] == answer.pieces


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(httpx2.ConnectError("refused"), 502), (httpx2.ReadError("reset"), 502), (httpx2.ReadTimeout("slow"), 504)],
)
async def test_a_service_that_is_away_is_said_so(trouble: Exception, status: int) -> None:
    """A service that does not answer becomes 502 or 504 in the contract's form, worth a retry, with a trace id."""
    answer = await call(Services(trouble), b"/api/hubspot/send")
    failure = json.loads(answer.body)

    assert status == answer.status
    assert (False, True, 3004) == (failure["ok"], failure["retryable"], failure["code"])
    assert (b"x-trace-id", failure["trace_id"].encode()) in answer.headers


async def test_a_body_over_a_service_s_limit_still_reaches_it() -> None:
    """The services answer 413 themselves, so the gateway lets more than their 1 MiB through."""
    services = Services()
    await call(services, b"/api/hubspot/send", body=(b"x" * 1024 * 1024, b"x"))

    assert 1024 * 1024 + 1 == len(services.bodies[0])


async def test_a_body_without_end_is_refused() -> None:
    """Past its own bound the gateway answers 413 instead of passing more on."""
    answer = await call(Services(), b"/api/hubspot/send", body=(b"x" * MAX_BODY_BYTES, b"x"))

    assert 413 == answer.status


class OneAway(Services):
    """Services of which the first process of each is away."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Refuse the connection, or take the request."""
        if request.url.port == 1001:
            raise httpx2.ConnectError("refused")
        return await super().handle_async_request(request)


async def test_another_process_takes_over_for_one_that_cannot_be_reached() -> None:
    """With two processes of a service, each request reaches the one that is there, its body whole."""
    names = ("OAUTH", "WEBHOOKS", "ACTIONS", "CHERT")
    twice = routes({f"GATEWAY_{name}_URL": "http://localhost:1001,http://localhost:1002" for name in names})
    services = OneAway()

    for _ in range(2):
        await call(services, b"/api/hubspot/webhook", body=(b"[", b"]"), reachable=twice)

    assert [1002, 1002] == [request.url.port for request in services.requests]
    assert [b"[]", b"[]"] == services.bodies
