"""The composition root: settings in, ASGI app out."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from chassis.lifespan import Plumbing, service_app
from chassis.settings import RereadFile
from webhooks import __doc__ as description
from webhooks.adapters.admission import InFlight
from webhooks.adapters.kafka.connection import Connection
from webhooks.adapters.kafka.publisher import BatchingPublisher
from webhooks.adapters.signatures import ChertVerifier, HubSpotVerifier
from webhooks.api.openapi import describe
from webhooks.api.routes import Receiver, SignedRoutes
from webhooks.handlers.chert import receive_chert_delivery
from webhooks.handlers.hubspot import receive_hubspot_delivery
from webhooks.ports import Publisher
from webhooks.settings import IngressSecrets, Settings


def build(settings: Settings, plumbing: Plumbing) -> FastAPI:
    """The whole service, not yet started."""
    secrets = RereadFile(settings.secrets_file, IngressSecrets, plumbing.clock)
    connection = Connection(settings.kafka_bootstrap, plumbing.clock)
    publisher = BatchingPublisher(connection, plumbing.clock, plumbing.metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with connection.running(), publisher.running():
            yield

    async def secrets_are_loaded() -> None:
        secrets.read()

    plumbing.health.depends_on("secrets", secrets_are_loaded)
    plumbing.health.depends_on("kafka", connection.check)
    app = service_app("webhooks", description or "", plumbing, lifespan)
    add_signed_routes(app, secrets.read, publisher, plumbing, public_base_url=settings.public_base_url)
    return app


def add_signed_routes(
    app: FastAPI, secrets: Callable[[], IngressSecrets], publisher: Publisher, plumbing: Plumbing, *, public_base_url: str
) -> None:
    """Put the signed routes in front of an app, and into its document."""
    clock, in_flight = plumbing.clock, InFlight()
    hubspot: Receiver = partial(
        receive_hubspot_delivery,
        verifier=HubSpotVerifier(lambda: secrets().hubspot_client_secrets, clock),
        publisher=publisher,
        admission=in_flight,
        clock=clock,
    )
    chert: Receiver = partial(
        receive_chert_delivery,
        verifier=ChertVerifier(
            lambda: secrets().chert_webhook_secrets, lambda: secrets().chert_tenant_webhook_secrets, clock
        ),
        publisher=publisher,
        admission=in_flight,
        clock=clock,
    )
    app.add_middleware(
        SignedRoutes,
        receivers={
            "/api/hubspot/uninstall": ("uninstall", hubspot),
            "/api/hubspot/webhook": ("hubspot", hubspot),
            "/api/chert/webhook": ("chert", chert),
        },
        public_base_url=public_base_url,
        in_flight=in_flight,
        clock=clock,
        randomness=plumbing.randomness,
        metrics=plumbing.metrics,
    )
    describe(app)
