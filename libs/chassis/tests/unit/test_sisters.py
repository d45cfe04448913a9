"""Calling a sister service."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, SecretStr

from chassis import tracing
from chassis.randomness import SeededRandomness
from chassis.sisters import MAX_ANSWER_BYTES, Sister, SisterAwayError, SisterRefusedError
from contracts.failures import REGISTRY, Code, Failure

Handler = Callable[[httpx2.Request], Any]


class Answer(BaseModel):
    """What the route answers."""

    name: str


def sister(handler: Handler, seconds: float = 5.0) -> Sister:
    """A sister that answers as told."""
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(handler))
    return Sister("http://sister/", lambda: SecretStr("service-credential"), client, seconds)


def failure(code: Code, status: int | None = None) -> httpx2.Response:
    """An answer with a failure body."""
    registered = REGISTRY[code]
    body = Failure(error="no", code=code, message=registered.message, retryable=registered.retryable, trace_id="0" * 32)
    return httpx2.Response(status or registered.status, json=body.model_dump())


async def test_an_answer_is_read_as_its_model() -> None:
    """A call carries the credential and the trace, and its answer is validated."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"name": "x"})

    with tracing.work(None, SeededRandomness()) as here:
        assert "x" == (await sister(answer).call("GET", "/internal/x", Answer)).name
    assert "http://sister/internal/x" == str(seen[0].url)
    assert "Bearer service-credential" == seen[0].headers["authorization"]
    assert here.trace_id in seen[0].headers["traceparent"]


async def test_outside_a_trace_none_is_sent() -> None:
    """Without a trace no header is made up."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"name": "x"})

    await sister(answer).call("GET", "/x", Answer)
    assert "traceparent" not in seen[0].headers


def raising(error: Exception) -> Handler:
    """A sister that cannot be reached."""

    def handler(_: httpx2.Request) -> httpx2.Response:
        raise error

    return handler


@pytest.mark.parametrize(
    "handler",
    [
        raising(httpx2.ConnectError("refused")),
        raising(httpx2.ReadTimeout("slow")),
        lambda _: httpx2.Response(500, text="oops"),
        lambda _: httpx2.Response(200, json={"other": 1}),
        lambda _: httpx2.Response(200, text="not json"),
        lambda _: httpx2.Response(404, text="<html>"),
        lambda _: httpx2.Response(302, headers={"location": "http://elsewhere/"}),
        lambda _: httpx2.Response(200, content=b'{"name": "' + b"x" * MAX_ANSWER_BYTES + b'"}'),
        lambda _: failure(Code.UNAVAILABLE),
        lambda _: failure(Code.RATE_LIMITED),
        lambda _: failure(Code.NOT_CONFIGURED),
    ],
)
async def test_a_sister_that_cannot_answer_is_away(handler: Handler) -> None:
    """No answer, a 5xx, a retryable failure or an answer that does not fit: try again later."""
    with pytest.raises(SisterAwayError) as raised:
        await sister(handler).call("GET", "/x", Answer)
    assert "service-credential" not in str(raised.value)


async def test_a_call_has_one_deadline_for_all() -> None:
    """A sister that hangs is away when the deadline passes."""

    async def hang(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(SisterAwayError, match="TimeoutError"):
        await sister(hang, seconds=0.01).call("GET", "/x", Answer)


async def test_a_final_refusal_says_why() -> None:
    """A 4xx with a failure body that no retry can change is final, and carries the failure."""
    with pytest.raises(SisterRefusedError) as raised:
        await sister(lambda _: failure(Code.TENANT_NOT_FOUND)).call("GET", "/x", Answer)
    assert Code.TENANT_NOT_FOUND == raised.value.failure.code
