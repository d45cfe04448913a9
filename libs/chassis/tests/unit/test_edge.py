"""The HTTP edge: traces, limits, failure bodies, one line each."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from chassis import failures, logging
from chassis.clock import SystemClock
from chassis.edge import Edge
from chassis.failures import Refusal
from chassis.lifespan import Plumbing, service_app
from chassis.metrics import Metrics
from chassis.randomness import SeededRandomness
from chassis.settings import NotLoadedError
from contracts.failures import Code

LIMIT = 1000
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Body(BaseModel):
    """What the typed route takes."""

    name: str
    age: int


@asynccontextmanager
async def no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Nothing to open."""
    yield


def routes(app: FastAPI) -> FastAPI:
    """Routes that do what tests need."""

    @app.post("/typed")
    async def typed(body: Body) -> dict[str, str]:
        return {"name": body.name}

    @app.post("/raw/{name}")
    async def raw(request: Request, name: str) -> dict[str, int]:
        assert name
        return {"size": len(await request.body())}

    @app.get("/fails")
    async def fails() -> None:
        raise ValueError("quotes +14155550100")

    @app.get("/refuses")
    async def refuses() -> None:
        raise Refusal(Code.NOT_CONNECTED, "not connected", reason="gone", headers={"X-Why": "gone"})

    @app.get("/unavailable")
    async def unavailable() -> None:
        raise failures.unavailable("the database")

    @app.get("/not-loaded")
    async def not_loaded() -> None:
        raise NotLoadedError

    return app


@pytest.fixture
def stream() -> io.StringIO:
    """Where lines go."""
    stream = io.StringIO()
    logging.configure("tests", "info", stream)
    return stream


@pytest.fixture
def metrics() -> Metrics:
    """What is counted."""
    return Metrics()


@pytest.fixture
async def client(stream: io.StringIO, metrics: Metrics) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the app behind an edge with small limits."""
    app = routes(FastAPI())
    failures.install(app)
    app.add_middleware(
        Edge, clock=SystemClock(), randomness=SeededRandomness(), metrics=metrics, max_body_bytes=LIMIT,
        body_seconds=0.05,
    )  # fmt: skip
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        yield client


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines written so far."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """A body whose length nobody announced."""
    for part in parts:
        yield part


async def never() -> AsyncIterator[bytes]:
    """A body that begins and does not end."""
    yield b'{"name": '
    await asyncio.Event().wait()


def is_failure(answer: httpx2.Response, status: int, code: Code) -> bool:
    """Whether an answer has the contract's failure form, with the trace in body and header."""
    body = answer.json()
    return (answer.status_code, body["ok"], body["code"], body["trace_id"]) == (
        status, False, code, answer.headers["x-trace-id"]
    ) and {"error", "message", "retryable"} <= body.keys()  # fmt: skip


async def test_a_sound_request_passes(client: httpx2.AsyncClient) -> None:
    """What is within the limits is answered by the app, with a trace id."""
    answer = await client.post("/typed", json={"name": "x", "age": 1})
    assert (200, {"name": "x"}, 32) == (answer.status_code, answer.json(), len(answer.headers["x-trace-id"]))


@pytest.mark.parametrize("path", ["/typed", "/raw/x"])
async def test_a_body_may_be_so_large_and_no_larger(client: httpx2.AsyncClient, path: str) -> None:
    """The limit itself passes; one byte more is 413, by its announced length and by what came."""
    assert {"size": LIMIT} == (await client.post("/raw/x", content=b"x" * LIMIT)).json()
    assert {"size": LIMIT} == (await client.post("/raw/x", content=chunks(b"x" * LIMIT))).json()
    for content in (b"x" * (LIMIT + 1), chunks(b"x" * LIMIT, b"x"), chunks(*[b"x" * 100] * 1000)):
        assert is_failure(await client.post(path, content=content), 413, Code.INVALID_FIELD)


@pytest.mark.parametrize("length", ["1001", "9" * 400, "9" * 10_000])
async def test_an_announced_length_is_believed(client: httpx2.AsyncClient, length: str) -> None:
    """A length over the limit is refused before a byte is read, however many digits it has."""
    answer = await client.post("/raw/x", content=never(), headers={"Content-Length": length})
    assert is_failure(answer, 413, Code.INVALID_FIELD)


@pytest.mark.parametrize("path", ["/typed", "/raw/x"])
async def test_a_body_that_does_not_come_is_not_waited_for(client: httpx2.AsyncClient, path: str) -> None:
    """A body that takes too long is 503, so that the sender comes again, and the connection is closed."""
    answer = await client.post(path, content=never())
    assert is_failure(answer, 503, Code.UNAVAILABLE)
    assert "close" == answer.headers["connection"]


async def test_headers_may_be_so_large_and_no_larger(client: httpx2.AsyncClient) -> None:
    """More than 64 KiB of headers are 431."""
    answer = await client.get("/refuses", headers={f"x-{number}": "x" * 1000 for number in range(70)})
    assert is_failure(answer, 431, Code.INVALID_FIELD)


async def test_routing_failures_have_our_form(client: httpx2.AsyncClient) -> None:
    """Unknown routes are 404 and wrong methods 405, in the failure form."""
    assert is_failure(await client.get("/nowhere"), 404, Code.NOT_FOUND)
    answer = await client.get("/typed")
    assert is_failure(answer, 405, Code.NOT_SUPPORTED)
    assert "POST" == answer.headers["allow"]


@pytest.mark.parametrize(
    ("content", "code", "error"),
    [
        (b"{", Code.INVALID_JSON, "broken JSON"),
        (b'{"age": 1}', Code.MISSING_FIELD, "body.name: missing"),
        (b'{"name": "x", "age": "hunter2"}', Code.INVALID_FIELD, "body.age: int_parsing"),
        (b"[" * 10_000, Code.INVALID_JSON, "broken JSON"),
        (b'"\xff"', Code.INVALID_JSON, "broken JSON"),
    ],
)
async def test_a_body_that_does_not_fit_is_named(
    client: httpx2.AsyncClient, content: bytes, code: Code, error: str
) -> None:
    """A body that breaks its form is 400 with the field and the rule, never with its content."""
    answer = await client.post("/typed", content=content[:LIMIT], headers={"Content-Type": "application/json"})
    assert is_failure(answer, 400, code)
    assert error == answer.json()["error"]
    assert "hunter2" not in answer.text


async def test_a_handler_that_fails_is_a_bug_of_ours(client: httpx2.AsyncClient, stream: io.StringIO) -> None:
    """An error that nobody expected is 500 in our form, is logged with its place, and quotes nothing."""
    answer = await client.get("/fails")
    assert is_failure(answer, 500, Code.INTERNAL)
    failed, told = lines(stream)
    assert ("http.failed", ["ValueError"]) == (failed["event"], failed["exception"])
    assert ("http.request", 500) == (told["event"], told["status"])
    assert "4155550100" not in answer.text + stream.getvalue()


async def test_a_refusal_is_answered_as_it_says(client: httpx2.AsyncClient) -> None:
    """A refusal gives its code, reason and headers; a temporary one says when to come back."""
    answer = await client.get("/refuses")
    assert is_failure(answer, 403, Code.NOT_CONNECTED)
    assert ("gone", "gone") == (answer.json()["reason"], answer.headers["x-why"])
    for path in ("/unavailable", "/not-loaded"):
        answer = await client.get(path)
        assert is_failure(answer, 503, Code.UNAVAILABLE)
        assert ("1", True) == (answer.headers["retry-after"], answer.json()["retryable"])


async def test_a_trace_goes_on_and_a_broken_one_begins_anew(client: httpx2.AsyncClient) -> None:
    """A caller's trace is continued; without one, or with nonsense, a new one begins."""
    answer = await client.get("/refuses", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    assert TRACE == answer.headers["x-trace-id"] == answer.json()["trace_id"]
    for nonsense in ("", "x", f"00-{'0' * 32}-00f067aa0ba902b7-01", "00-" + "z" * 32):
        answer = await client.get("/refuses", headers={"traceparent": nonsense})
        assert answer.headers["x-trace-id"] not in {TRACE, "0" * 32}


async def test_a_request_has_one_line_with_its_route(
    client: httpx2.AsyncClient, stream: io.StringIO, metrics: Metrics
) -> None:
    """One canonical line and one observation per request, by route and never by path: paths hold ids."""
    answer = await client.post("/raw/secret-name", content=b"x")
    (line,) = lines(stream)
    assert {
        "event": "http.request", "route": "/raw/{name}", "method": "POST", "status": 200,
        "trace_id": answer.headers["x-trace-id"],
    }.items() <= line.items()  # fmt: skip
    assert "secret-name" not in stream.getvalue()
    assert b'http_request_seconds_count{method="POST",route="/raw/{name}",status="200"} 1.0' in metrics.render()


async def test_unknown_paths_and_methods_make_no_new_series(client: httpx2.AsyncClient, metrics: Metrics) -> None:
    """A scanner cannot fill our metrics: unknown routes and methods share one label each."""
    await client.request("BREW", "/coffee/1")
    await client.request("PROPFIND", "/coffee/2")
    assert b'http_request_seconds_count{method="OTHER",route="unmatched",status="404"} 2.0' in metrics.render()


async def call(app: Any, messages: Iterable[Message]) -> list[Message]:
    """Call an app behind an edge as a server does."""
    edge = Edge(app, clock=SystemClock(), randomness=SeededRandomness(), metrics=Metrics())
    waiting, sent = list(messages), list[Message]()

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await edge({"type": "http", "method": "POST", "path": "/x", "headers": []}, receive, send)
    return sent


async def test_a_client_that_leaves_is_no_error(stream: io.StringIO) -> None:
    """A client that goes in the middle of its body is told as 499, and nobody is woken for it."""

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    assert [] == await call(app, [{"type": "http.request", "more_body": True}, {"type": "http.disconnect"}])
    assert ["http.request"] == [line["event"] for line in lines(stream)]
    assert 499 == lines(stream)[0]["status"]


async def test_a_request_cut_off_by_the_stop_may_be_retried(stream: io.StringIO) -> None:
    """A request that is cancelled because the process stops is 503, so that the caller comes again."""
    sent: list[Message] = []
    entered = asyncio.Event()

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        entered.set()
        await asyncio.Event().wait()

    async def send(message: Message) -> None:
        sent.append(message)

    edge = Edge(app, clock=SystemClock(), randomness=SeededRandomness(), metrics=Metrics())
    task = asyncio.create_task(edge({"type": "http", "method": "POST", "path": "/x", "headers": []}, never, send))
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])
    assert (True, 503) == (task.cancelled(), sent[0]["status"])


async def test_a_failure_after_the_answer_began_is_only_told(stream: io.StringIO) -> None:
    """Once an answer has begun there is no second one: the failure is logged."""

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    assert [200] == [message["status"] for message in await call(app, [])]
    assert ["http.failed", "http.request"] == [line["event"] for line in lines(stream)]


async def test_every_service_has_health_and_failures(stream: io.StringIO) -> None:
    """An app of ours has its health routes, which write no lines, and hides its documentation."""
    plumbing = Plumbing()
    app = service_app("Tests", "For tests.", plumbing, no_lifespan)
    assert plumbing.health is app.state.health
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        for path in ("/livez", "/readyz", "/metrics"):
            assert 200 == (await client.get(path)).status_code
        assert "" == stream.getvalue()
        assert is_failure(await client.get("/docs"), 404, Code.NOT_FOUND)
