"""A consuming service as a process of its own, served as services are. Arguments: port, bootstrap, topic."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis import kafka
from chassis.consuming import Consumers, ErrorKinds
from chassis.inbox import InMemoryHeldMessages
from chassis.lifespan import Plumbing, service_app
from chassis.logging import configure
from chassis.server import serve
from contracts.envelope import Event, EventData, EventType


class Note(EventData):
    """What the tests tell."""

    owner: str
    text: str


def build(plumbing: Plumbing, bootstrap: str, topic: str) -> FastAPI:
    """An app that consumes notes and is bad at it: it cannot handle any."""
    broker = kafka.broker(bootstrap, "reader")
    consumers = Consumers(
        broker=broker,
        group="reader",
        kinds=ErrorKinds(permanent=(ValueError,)),
        held=InMemoryHeldMessages(),
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        health=plumbing.health,
        metrics=plumbing.metrics,
    )

    @consumers.subscriber(EventType(topic, 1, Note, lambda note: note.owner), projection=True)
    async def on_note(_: Event[Note]) -> None:
        raise ValueError

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with kafka.running(broker, health=plumbing.health, clock=plumbing.clock):
            yield

    return service_app("Reader", "For tests.", plumbing, lifespan)


if __name__ == "__main__":
    configure("reader", "info")
    serve(build(Plumbing(), *sys.argv[2:]), host="127.0.0.1", port=int(sys.argv[1]))
