import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.types import Message

from simulators import edge_control
from simulators.background import BackgroundTasks
from simulators.clock import ManualClock
from simulators.edge import MAX_BODY_BYTES, ConnectionDroppedError, Edge
from simulators.faults import Fault, FaultKind, FaultPlan
from simulators.recording import Recorder
from simulators.server import BreakableProtocol


def _application() -> FastAPI:
    """A counter behind an edge: each POST adds one."""
    app = FastAPI()
    app.state.recorder, app.state.faults, app.state.count = Recorder(), FaultPlan(), 0
    app.include_router(edge_control.router)

    @app.post("/count")
    async def count(request: Request) -> int:
        await request.body()
        app.state.count += 1
        return int(app.state.count)

    app.state.clock, app.state.background = ManualClock(), BackgroundTasks()
    app.add_middleware(
        Edge,
        clock=app.state.clock,
        recorder=app.state.recorder,
        faults=app.state.faults,
        background=app.state.background,
    )
    return app


@pytest.fixture
def app() -> FastAPI:
    """The counter."""
    return _application()


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Calls to the counter in this process."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://sim.test") as client:
        yield client


async def test_a_status_fault_answers_as_ordered(http: httpx2.AsyncClient, app: FastAPI) -> None:
    """Status, headers and body are sent as given, so many times, and nothing is done."""
    order = {
        "path_prefix": "/count",
        "kind": "status",
        "status": 429,
        "body": "slow",
        "headers": {"Retry-After": "7"},
        "count": 2,
    }
    await http.post("/control/faults", json=order)

    answers = [await http.post("/count") for _ in range(3)]

    assert [429, 429, 200] == [answer.status_code for answer in answers]
    assert ("slow", "7") == (answers[0].text, answers[0].headers["retry-after"])
    assert 1 == app.state.count


async def test_faults_are_taken_in_order_by_those_they_mean(http: httpx2.AsyncClient) -> None:
    """Another method or path leaves a fault for later; the first that fits is taken first."""
    await http.post("/control/faults", json={"method": "GET", "path_prefix": "/", "kind": "status", "status": 501})
    await http.post("/control/faults", json={"path_prefix": "/count", "kind": "status", "status": 502})
    await http.post("/control/faults", json={"path_prefix": "/", "kind": "status", "status": 503})

    assert [502, 503, 200] == [(await http.post("/count")).status_code for _ in range(3)]
    assert 501 == (await http.get("/count")).status_code


async def test_a_fault_can_mean_one_path_alone(http: httpx2.AsyncClient) -> None:
    """An exact fault leaves paths alone that only begin with its own."""
    await http.post("/control/faults", json={"path_prefix": "/cou", "kind": "status", "exact": True})
    await http.post("/control/faults", json={"path_prefix": "/count", "kind": "status", "status": 502, "exact": True})

    assert [502, 200] == [(await http.post("/count")).status_code for _ in range(2)]


async def test_faults_can_be_called_off(http: httpx2.AsyncClient) -> None:
    """What has not happened yet does not happen."""
    await http.post("/control/faults", json={"path_prefix": "/", "kind": "drop", "count": 9})

    await http.delete("/control/faults")

    assert 200 == (await http.post("/count")).status_code


async def test_a_fault_after_the_write_hides_its_answer(http: httpx2.AsyncClient, app: FastAPI) -> None:
    """The request takes effect and its caller sees the fault."""
    await http.post(
        "/control/faults", json={"path_prefix": "/count", "kind": "status", "status": 502, "after_write": True}
    )

    assert 502 == (await http.post("/count")).status_code
    assert 1 == app.state.count


async def test_a_dropped_connection_is_an_error(http: httpx2.AsyncClient, app: FastAPI) -> None:
    """In one process a drop is an exception; the request is recorded without a status."""
    await http.post("/control/faults", json={"path_prefix": "/count", "kind": "drop"})

    with pytest.raises(ConnectionDroppedError):
        await http.post("/count")
    (request,) = (await http.get("/control/requests")).json()["requests"]
    assert request["status"] is None


async def test_a_hanging_request_never_answers(app: FastAPI) -> None:
    """Nothing is sent until the caller gives up; the request has been received and not served."""
    recorder, faults = Recorder(), FaultPlan()
    faults.order(Fault("/count", FaultKind.HANG, count=1))
    events: list[Message] = [{"type": "http.disconnect"}, {"type": "http.request", "body": b""}]
    sent: list[Message] = []

    async def receive() -> Message:
        return events.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/count", "query_string": b"", "headers": []}
    await Edge(app, clock=ManualClock(), recorder=recorder, faults=faults, background=BackgroundTasks())(
        scope, receive, send
    )

    assert ([], []) == (sent, events)
    assert [None] == [request.status for request in recorder.matching(path_prefix="/", since=0, limit=1)]
    assert 0 == app.state.count


def test_the_longest_prefix_sets_the_latency() -> None:
    """A path has one latency, 0 ends it, and clearing ends all."""
    plan = FaultPlan()
    plan.set_latency("/", 1.0)
    plan.set_latency("/count", 2.0)

    assert (1.0, 2.0) == (plan.latency("/x"), plan.latency("/count/1"))
    plan.set_latency("/count", 0)
    assert 1.0 == plan.latency("/count/1")
    plan.clear()
    assert 0.0 == plan.latency("/")


async def test_latency_is_ordered_in_milliseconds(http: httpx2.AsyncClient, app: FastAPI) -> None:
    """The control API counts in milliseconds."""
    await http.post("/control/latency", json={"path_prefix": "/count", "milliseconds": 1})

    assert 0.001 == app.state.faults.latency("/count")
    assert 200 == (await http.post("/count")).status_code


async def test_a_body_over_the_limit_is_refused(http: httpx2.AsyncClient, app: FastAPI) -> None:
    """Ten megabytes and one byte are 413, and nothing is kept of them."""
    answer = await http.post("/count", content=b"x" * (MAX_BODY_BYTES + 1))

    assert (413, 0) == (answer.status_code, app.state.count)
    assert [] == (await http.get("/control/requests")).json()["requests"]


async def test_health_and_control_are_not_recorded(http: httpx2.AsyncClient) -> None:
    """The simulator's own routes neither fail nor show among the requests."""
    await http.post("/control/faults", json={"path_prefix": "/", "kind": "drop"})

    assert {"status": "ok"} == (await http.get("/control/health")).json()
    assert [] == (await http.get("/control/requests")).json()["requests"]


@pytest.fixture
def real_server() -> Iterator[str]:
    """The counter on a real socket, in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_application(), http=BreakableProtocol, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


async def test_a_real_connection_breaks(real_server: str) -> None:
    """On a real server a drop closes the connection without a byte, before and after the write."""
    async with httpx2.AsyncClient(base_url=real_server) as http:
        for after_write in (False, True):
            await http.post(
                "/control/faults", json={"path_prefix": "/count", "kind": "drop", "after_write": after_write}
            )
            with pytest.raises(httpx2.TransportError):
                await http.post("/count")

        assert 2 == (await http.post("/count")).json()


@pytest.mark.parametrize(("after_write", "meanwhile"), [(False, 1), (True, 2)])
async def test_a_held_request_goes_on_when_it_is_let_go(real_server: str, after_write: bool, meanwhile: int) -> None:
    """It waits before or after its effect, whatever others do meanwhile, and is answered as if nothing had been."""
    async with httpx2.AsyncClient(base_url=real_server) as http:
        await http.post("/control/faults", json={"path_prefix": "/count", "kind": "hold", "after_write": after_write})
        held = asyncio.create_task(http.post("/count"))
        while 1 != (await http.get("/control/holds")).json()["held"]:
            pass

        assert meanwhile == (await http.post("/count")).json()
        await http.delete("/control/holds")

        assert 3 - meanwhile == (await held).json()
        assert {"held": 0} == (await http.get("/control/holds")).json()


async def test_a_held_request_whose_caller_left_is_not_served(real_server: str) -> None:
    """What was given up before it took effect takes none later."""
    async with httpx2.AsyncClient(base_url=real_server) as http:
        await http.post("/control/faults", json={"path_prefix": "/count", "kind": "hold"})
        held = asyncio.create_task(http.post("/count"))
        while 1 != (await http.get("/control/holds")).json()["held"]:
            pass
        held.cancel()
        while (await http.get("/control/holds")).json()["held"]:
            pass
        await http.delete("/control/holds")

        assert 1 == (await http.post("/count")).json()


async def test_a_hold_that_hit_nothing_is_called_off(http: httpx2.AsyncClient) -> None:
    """Letting go leaves nothing behind that would hold a later request."""
    await http.post("/control/faults", json={"path_prefix": "/count", "kind": "hold"})

    await http.delete("/control/holds")

    assert 200 == (await http.post("/count")).status_code
