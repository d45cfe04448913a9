"""A small service as a process of its own, with short deadlines. Arguments: port."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from chassis import failures
from chassis.edge import Edge
from chassis.lifespan import Plumbing
from chassis.logging import configure
from chassis.server import serve


def say(word: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Tell when it is opened and closed."""
    say("opened")
    yield
    say("closed")


def build(plumbing: Plumbing) -> FastAPI:
    """The routes that the tests call."""
    app = FastAPI(lifespan=lifespan)
    app.state.health = plumbing.health
    failures.install(app)
    app.add_middleware(
        Edge,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        metrics=plumbing.metrics,
        body_seconds=0.3,
    )

    @app.get("/")
    @app.post("/unread")
    async def at_once() -> str:
        return "done"

    @app.post("/read")
    async def read(request: Request) -> int:
        return len(await request.body())

    @app.get("/large")
    async def large() -> PlainTextResponse:
        return PlainTextResponse("a" * 1024 * 1024)

    @app.get("/slow")
    async def slow() -> str:
        await plumbing.clock.sleep(0.6)
        return "done"

    @app.get("/stuck")
    async def stuck() -> None:
        say("stuck")
        await asyncio.Event().wait()

    @app.post("/trip")
    async def trip() -> None:
        plumbing.health.trip("the tests say so")

    return app


if __name__ == "__main__":
    configure("tests", "info", sys.stderr)
    serve(build(Plumbing()), host="127.0.0.1", port=int(sys.argv[1]), request_seconds=1, drain_seconds=3)
