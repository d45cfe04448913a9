"""The composition root: settings in, ASGI app out."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import FastAPI

from chassis.lifespan import Plumbing, service_app
from chassis.settings import RereadFile
from contracts import topics
from webhooks import __doc__ as description
from webhooks.adapters.admission import InFlight
from webhooks.adapters.kafka.connection import Connection
from webhooks.adapters.kafka.publisher import BatchingPublisher
from webhooks.adapters.signatures import ChertVerifier, HubSpotVerifier
from webhooks.api.asgi import SignedRoutes
from webhooks.api.openapi import describe
from webhooks.api.reception import Receiver, Reception
from webhooks.api.turns import Turns
from webhooks.handlers.chert import receive_chert_delivery
from webhooks.handlers.hubspot import receive_hubspot_delivery
from webhooks.ports import Publisher
from webhooks.settings import IngressSecrets, Settings

TOLD: Final = (
    topics.APP_UNINSTALLED.name,
    topics.CONTACT_CREATED.name,
    topics.CONTACT_UPDATED.name,
    topics.CONTACT_DELETED.name,
    topics.CONTACT_MERGED.name,
    topics.CONTACT_RESTORED.name,
    topics.CONTACT_ERASED.name,
    topics.MESSAGE_RECEIVED.name,
    topics.DELIVERY_REJECTED.name,
)
"""The topics that deliveries are told on."""


def build(settings: Settings, plumbing: Plumbing) -> SignedRoutes:
    """The whole service, not yet started."""
    secrets = RereadFile(settings.secrets_file, IngressSecrets, plumbing.clock)
    connection = Connection(settings.kafka_bootstrap, plumbing.clock, settings.kafka_security(), TOLD)
    turns = Turns()
    publisher = BatchingPublisher(connection, plumbing.clock, plumbing.metrics, turns.any_waits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with connection.running(), publisher.running():
            yield

    async def secrets_are_loaded() -> None:
        secrets.read()

    plumbing.health.depends_on("secrets", secrets_are_loaded)
    plumbing.health.depends_on("kafka", connection.check)
    app = service_app("webhooks", description or "", plumbing, lifespan)
    describe(app)
    public_base_url = settings.public_base_url
    return SignedRoutes(app, reception(secrets.read, publisher, turns, plumbing, public_base_url=public_base_url))


def reception(
    secrets: Callable[[], IngressSecrets],
    publisher: Publisher,
    turns: Turns,
    plumbing: Plumbing,
    *,
    public_base_url: str,
) -> Reception:
    """The signed routes with what they need."""
    clock, in_flight = plumbing.clock, InFlight(plumbing.clock)
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
    return Reception(
        {
            "/api/hubspot/uninstall": ("uninstall", hubspot),
            "/api/hubspot/webhook": ("hubspot", hubspot),
            "/api/chert/webhook": ("chert", chert),
        },
        public_base_url=public_base_url,
        in_flight=in_flight,
        turns=turns,
        clock=clock,
        randomness=plumbing.randomness,
        metrics=plumbing.metrics,
    )
