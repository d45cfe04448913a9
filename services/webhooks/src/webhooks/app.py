"""The composition root: settings in, ASGI app out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from chassis import kafka
from chassis.kafka import KafkaEventPublisher
from chassis.lifespan import Plumbing, service_app
from chassis.settings import RereadFile
from webhooks import __doc__ as description
from webhooks.adapters.signatures import ChertVerifier, HubSpotVerifier
from webhooks.api import router
from webhooks.handlers.chert import receive_chert_delivery
from webhooks.handlers.hubspot import receive_hubspot_delivery
from webhooks.settings import IngressSecrets, Settings

PUBLISH_SECONDS = 0.9
"""The broker's time to acknowledge; then the sender gets its 503, within the second it is promised."""


def build(settings: Settings, plumbing: Plumbing) -> FastAPI:
    """The whole service, not yet started."""
    secrets = RereadFile(settings.secrets_file, IngressSecrets, plumbing.clock)
    broker = kafka.broker(settings.kafka_bootstrap, "webhooks")
    publisher = KafkaEventPublisher(broker, plumbing.metrics, PUBLISH_SECONDS)
    hubspot_verifier = HubSpotVerifier(lambda: secrets.read().hubspot_client_secrets, plumbing.clock)
    chert_verifier = ChertVerifier(lambda: secrets.read().chert_webhook_secrets, plumbing.clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with kafka.running(broker, health=plumbing.health, clock=plumbing.clock):
            yield

    async def secrets_are_loaded() -> None:
        secrets.read()

    plumbing.health.depends_on("secrets", secrets_are_loaded)
    app = service_app("webhooks", description or "", plumbing, lifespan)
    app.include_router(
        router(
            partial(receive_hubspot_delivery, verifier=hubspot_verifier, publisher=publisher, clock=plumbing.clock),
            partial(receive_chert_delivery, verifier=chert_verifier, publisher=publisher, clock=plumbing.clock),
            public_base_url=settings.public_base_url,
            metrics=plumbing.metrics,
        )
    )
    return app
