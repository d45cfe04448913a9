"""The composition root: settings in, ASGI app out."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from actions import __doc__ as description
from actions.app.background import background
from actions.app.connections import Connections, connect
from actions.app.contacts import contacts
from actions.app.outside import outside
from actions.app.routes import add_routes
from actions.app.sending import send_once
from actions.app.steps import steps_of
from actions.settings import Settings
from actions.workers import step_worker
from chassis import database_failures, kafka, mongo
from chassis.health import Health
from chassis.lifespan import Plumbing, service_app

__all__ = ["build"]


def build(settings: Settings, plumbing: Plumbing) -> FastAPI:
    """The whole service, not yet started."""
    connections = connect(settings, plumbing)
    loops = background(settings, connections, plumbing)
    send = send_once(settings, connections, loops, plumbing)
    asked = outside(connections, plumbing)
    contacts_running = contacts(settings, connections, loops, asked, send, plumbing)
    steps = steps_of(settings, connections, loops, send, plumbing)
    stepping = step_worker(steps.round, plumbing, prepare=loops.steps.ensure_indexes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        """Open everything in order, and close it in reverse."""
        async with AsyncExitStack() as opened:
            for resource in connections.resources():
                await opened.enter_async_context(resource)
            await opened.enter_async_context(contacts_running())
            broker = kafka.running(connections.broker, health=plumbing.health, clock=plumbing.clock)
            await opened.enter_async_context(broker)
            opened.push_async_callback(steps.close)
            for worker in (*loops.workers, stepping):
                await opened.enter_async_context(worker.running())
            yield

    _watch(plumbing.health, connections)
    app = service_app("actions", description or "", plumbing, lifespan)
    database_failures.install(app)
    add_routes(app, settings, connections, loops, asked, send, plumbing)
    return app


def _watch(health: Health, connections: Connections) -> None:
    """Say what this process cannot work without; Kafka and the projections say it themselves."""

    async def database_answers() -> None:
        await mongo.answers(connections.database)

    async def secrets_are_loaded() -> None:
        connections.secrets.read()

    health.depends_on("database", database_answers)
    health.depends_on("secrets", secrets_are_loaded)
