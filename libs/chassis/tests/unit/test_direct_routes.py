"""Routes before the routers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI, Request
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, Response

from chassis.direct_routes import DirectRoute
from chassis.failures import Refusal
from chassis.lifespan import Plumbing, service_app
from contracts.failures import Code


@asynccontextmanager
async def no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Nothing to open."""
    yield


@pytest.fixture
def plumbing() -> Plumbing:
    """What the app counts with."""
    return Plumbing()


@pytest.fixture
def done() -> list[str]:
    """What was done after answers."""
    return []


@pytest.fixture
async def client(plumbing: Plumbing, done: list[str]) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an app with a route that is declared, and answered before the routers."""
    app = service_app("tests", "", plumbing, no_lifespan)

    async def after() -> None:
        done.append("after")

    async def answer(request: Request) -> Response:
        body = await request.body()
        if not body:
            raise Refusal(Code.INVALID_FIELD, "no body")
        return PlainTextResponse(body, background=BackgroundTask(after))

    @app.post("/echo")
    async def declared(request: Request) -> Response:
        raise AssertionError(f"{request.url} reached the router")

    app.router.routes.insert(0, DirectRoute("/echo", answer, "POST"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        yield client


async def test_calls_are_answered_before_the_routers(
    client: httpx2.AsyncClient, plumbing: Plumbing, done: list[str]
) -> None:
    """The answer is the plain route's, counted under the declared one; what is left is done after it."""
    assert "words" == (await client.post("/echo", content=b"words")).text
    assert ["after"] == done
    counted = b'http_request_seconds_count{method="POST",route="/echo",status="200"} 1.0'
    assert counted in plumbing.metrics.render()


async def test_what_is_raised_is_answered_as_everywhere(client: httpx2.AsyncClient) -> None:
    """A refusal has its status, its code and a trace."""
    answer = await client.post("/echo")

    assert (400, Code.INVALID_FIELD) == (answer.status_code, answer.json()["code"])
    assert answer.json()["trace_id"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/echo", 405), ("POST", "/echo/", 307)])
async def test_the_rest_is_the_routers(client: httpx2.AsyncClient, method: str, path: str, status: int) -> None:
    """Another method and another path are answered as on any route."""
    assert status == (await client.request(method, path)).status_code


async def test_the_document_has_it_once(client: httpx2.AsyncClient) -> None:
    """The OpenAPI document has the declared route, and nothing of the other."""
    assert ["post"] == list((await client.get("/openapi.json")).json()["paths"]["/echo"])
