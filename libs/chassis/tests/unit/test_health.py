"""`/livez`, `/readyz` and `/metrics`."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI

from chassis.clock import ManualClock
from chassis.health import Health, UnfitError
from chassis.metrics import Metrics


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def health(clock: ManualClock) -> Health:
    """A process that watches itself."""
    return Health(clock, Metrics())


async def get(health: Health, path: str) -> httpx2.Response:
    """Ask a health route."""
    app = FastAPI()
    app.include_router(health.router())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        return await client.get(path)


async def test_a_loop_that_moves_is_alive(health: Health, clock: ManualClock) -> None:
    """Up to twice its interval a loop may rest; one more instant is too long, and its next beat mends it."""
    heartbeat = health.heartbeat("relay", 5.0)
    clock.advance(10.0)
    assert 200 == (await get(health, "/livez")).status_code
    clock.advance(0.1)
    answer = await get(health, "/livez")
    assert (503, {"live": False, "trouble": {"relay": "has not moved for 10 s"}}) == (answer.status_code, answer.json())
    heartbeat.beat()
    assert 200 == (await get(health, "/livez")).status_code


async def test_a_loop_that_rests_may_rest_for_ever(health: Health, clock: ManualClock) -> None:
    """A loop without work says so, and is not missed until it has some."""
    heartbeat = health.heartbeat("consumer", 5.0)
    heartbeat.rest()
    clock.advance(1_000_000)
    assert {} == health.trouble()
    heartbeat.beat()
    clock.advance(11)
    assert "consumer" in health.trouble()


async def test_a_loop_that_ended_is_dead(health: Health) -> None:
    """The end of a loop's task is noticed at once, also while it rested."""
    heartbeat = health.heartbeat("relay", 5.0)
    task = asyncio.create_task(asyncio.Event().wait())
    heartbeat.attach(task)
    heartbeat.rest()
    assert {} == health.trouble()
    task.cancel()
    await asyncio.wait([task])
    assert {"relay": "ended"} == health.trouble()


async def test_a_dependency_that_is_away_is_named_and_kills_nobody(health: Health) -> None:
    """`/readyz` names what is missing by kind of error, never by its text; `/livez` does not care."""

    async def away() -> None:
        raise ConnectionRefusedError("mongodb://user:secret@host")

    async def there() -> None:
        pass

    health.depends_on("database", away)
    health.depends_on("kafka", there)
    answer = await get(health, "/readyz")
    assert (503, {"ready": False, "missing": {"database": "ConnectionRefusedError"}}) == (
        answer.status_code, answer.json()
    )  # fmt: skip
    assert 200 == (await get(health, "/livez")).status_code


async def test_a_check_that_hangs_is_cut_off(clock: ManualClock) -> None:
    """A dependency that does not answer within the deadline is missing."""
    health = Health(clock, Metrics(), check_seconds=0.01)

    async def hang() -> None:
        await asyncio.Event().wait()

    health.depends_on("kafka", hang)
    assert {"kafka": "TimeoutError"} == await health.missing()


async def test_a_process_that_stops_wants_no_work(health: Health) -> None:
    """From the moment it stops a process is not ready, whatever its dependencies say."""
    assert (200, {"ready": True, "missing": {}}) == (
        (ready := await get(health, "/readyz")).status_code, ready.json()
    )  # fmt: skip
    health.stopping()
    assert 503 == (await get(health, "/readyz")).status_code


async def test_a_trip_is_told_once_to_whoever_must_stop(health: Health) -> None:
    """A tripped process is not alive, keeps its first reason and stops its server once."""
    stops: list[bool] = []
    health.when_tripped(lambda: stops.append(True))
    health.trip("a bad deploy")
    health.trip("again")
    assert ({"process": "a bad deploy"}, [True]) == (health.trouble(), stops)
    assert 503 == (await get(health, "/livez")).status_code


async def test_metrics_are_exposed(health: Health) -> None:
    """`/metrics` is Prometheus's text form."""
    answer = await get(health, "/metrics")
    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "# TYPE http_request_seconds histogram" in answer.text


async def test_a_dependency_that_cannot_be_used_says_what_to_change(health: Health) -> None:
    """The text of an error is shown where it is meant for operators, and nowhere else."""

    async def too_old() -> None:
        raise UnfitError("MongoDB 4.4 or newer is needed")

    async def away() -> None:
        raise OSError("secret://user:password@host")

    health.depends_on("database", too_old)
    health.depends_on("kafka", away)

    assert {"database": "MongoDB 4.4 or newer is needed", "kafka": "OSError"} == await health.missing()
