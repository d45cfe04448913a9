"""The composition root: settings in, ASGI app out."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from chassis import database_failures, kafka, mongo, operating
from chassis.lifespan import Plumbing, service_app
from chassis.releasing import Releases
from chassis.replaying import Replays
from oauth import __doc__ as description
from oauth.adapters.mongo import MongoInstallationStore, MongoReplicaStore, Readiness
from oauth.api.routes import Choices, add_routes
from oauth.app.background import background, relay_of
from oauth.app.connections import Connections, connect
from oauth.app.outside import outside_of
from oauth.handlers.key_rotation import SealingKey
from oauth.settings import Settings

__all__ = ["assemble", "build"]


def build(settings: Settings, plumbing: Plumbing) -> FastAPI:
    """The whole service, not yet started."""
    return assemble(settings, plumbing, connect(settings, plumbing))


def assemble(settings: Settings, plumbing: Plumbing, connections: Connections) -> FastAPI:
    """The same on connections that were made already; whoever never starts it closes them."""
    ready = Readiness(connections.database)
    relay = relay_of(plumbing, connections)
    installations = MongoInstallationStore(connections.database, relay_soon=relay.wake)
    sealing_key = SealingKey(
        connections.key_ring.read,
        MongoReplicaStore(connections.database),
        plumbing.clock,
        plumbing.randomness.uuid(),
    )
    outside = outside_of(settings, plumbing, connections, installations, sealing_key)
    workers = background(settings, plumbing, connections, outside, sealing_key)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        """Open everything in order, and close it in reverse."""
        with mongo.if_it_can():
            await ready()  # where it cannot, readiness tries again
        async with AsyncExitStack() as opened:
            for resource in connections.resources():
                await opened.enter_async_context(resource)
            opened.push_async_callback(_leave, sealing_key)
            broker = kafka.running(connections.broker, health=plumbing.health, clock=plumbing.clock)
            await opened.enter_async_context(broker)
            for worker in (relay, *workers.all):
                await opened.enter_async_context(worker.running())
            yield

    plumbing.health.depends_on("database", ready)
    _watch(plumbing, connections, sealing_key)
    app = service_app("oauth", description or "", plumbing, lifespan)
    database_failures.install(app)
    choices = Choices(
        login_url=settings.login_url,
        pkce=settings.pkce,
        hubspot_origin=settings.hubspot_origin,
        depart_soon=workers.departures.wake,
        check_soon=workers.grants.wake,
    )
    add_routes(app, outside, plumbing, choices)
    replays, releases = Replays(workers.consumers), Releases(workers.consumers)
    app.include_router(operating.router(replays, releases, lambda: connections.secrets.read().service_credentials))
    return app


def _watch(plumbing: Plumbing, connections: Connections, sealing_key: SealingKey) -> None:
    """Say what this process cannot work without; Kafka and the database say it themselves."""

    async def secrets_are_loaded() -> None:
        connections.secrets.read()

    plumbing.health.depends_on("secrets", secrets_are_loaded)
    plumbing.health.depends_on("sealing key", sealing_key.make_sure)


async def _leave(sealing_key: SealingKey) -> None:
    """Tell the other processes not to wait for this one; without a database they find out by themselves."""
    with mongo.if_it_can():
        await sealing_key.leave()
