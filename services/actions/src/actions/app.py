"""The composition root: settings in, ASGI app out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx2
from fastapi import FastAPI
from faststream.kafka import KafkaBroker
from pymongo.asynchronous.database import AsyncDatabase

from actions import __doc__ as description
from actions.adapters.chert import ChertMessenger
from actions.adapters.mongo import MongoAliasStore, MongoSendOutbox, MongoSendStore, MongoTenantStore
from actions.adapters.oauth import OAuthTenantAuthority
from actions.adapters.signatures import HubSpotVerifier
from actions.api import activity, workflow
from actions.consumers import subscribe
from actions.errors import StoreAwayError
from actions.handlers.activity import read_activity
from actions.handlers.claims import Claims
from actions.handlers.sending import CALL_SECONDS, SendOnce
from actions.handlers.telling import Teller
from actions.settings import ActionsSecrets, Settings
from actions.workers import relay_worker
from chassis import kafka, mongo
from chassis.clock import Clock
from chassis.consuming import Consumers, ErrorKinds
from chassis.health import Health
from chassis.inbox import HeldMessages, MongoHeldMessages
from chassis.kafka import BrokerAwayError, KafkaEventPublisher
from chassis.lifespan import Plumbing, service_app
from chassis.mongo import DATABASE_AWAY, Document
from chassis.outbox import OutboxRelay
from chassis.settings import RereadFile
from chassis.sisters import Sister
from chert_client.client import ChertClient
from chert_client.connection import CallLimits

ERROR_KINDS = ErrorKinds(retryable=(StoreAwayError, *DATABASE_AWAY, BrokerAwayError))
"""What an error means for an event; whatever is not named is unexpected."""

CHERT_LIMITS = CallLimits(connect_seconds=2.0, read_seconds=CALL_SECONDS, total_seconds=CALL_SECONDS)
"""Bounds of one call to Chert; its budget is what a holder must have left before it calls."""


def build(settings: Settings, plumbing: Plumbing) -> FastAPI:
    """The whole service, not yet started."""
    clock, metrics, health = plumbing.clock, plumbing.metrics, plumbing.health
    secrets = RereadFile(settings.secrets_file, ActionsSecrets, clock)
    client = mongo.connect(settings.mongo_url, "actions")
    database = client[settings.mongo_database]
    broker = kafka.broker(settings.kafka_bootstrap, "actions")
    http = httpx2.AsyncClient(trust_env=False)
    chert = _chert(settings, secrets, clock)
    sister = Sister(settings.oauth_url, lambda: secrets.read().oauth_credential, http)
    outbox, held = MongoSendOutbox(database, clock), MongoHeldMessages(database)
    publisher = KafkaEventPublisher(broker, metrics)
    sends = MongoSendStore(database, outbox.note)
    prepare = (outbox.ensure_indexes, held.ensure_indexes, sends.ensure_indexes)
    relay = relay_worker(OutboxRelay(outbox, publisher, metrics), plumbing, prepare=prepare)
    subscribe(_consumers(broker, held, plumbing), tenants=MongoTenantStore(database))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with client, http, chert, kafka.running(broker, health=health, clock=clock), relay.running():
            yield

    _watch(health, database, secrets)
    verifier = HubSpotVerifier(settings.public_base_url, lambda: secrets.read().hubspot_client_secrets, clock)
    send = SendOnce(
        tenants=MongoTenantStore(database),
        authority=OAuthTenantAuthority(sister, clock),
        sends=sends,
        claims=Claims(sends, MongoAliasStore(database), clock),
        messenger=ChertMessenger(chert),
        announce=relay.wake,
        teller=Teller(metrics),
        clock=clock,
        randomness=plumbing.randomness,
    )
    app = service_app("actions", description or "", plumbing, lifespan)
    app.include_router(workflow.router(verifier, send, metrics))
    app.include_router(activity.router(lambda: secrets.read().service_credentials, partial(read_activity, sends=sends)))
    return app


def _chert(settings: Settings, secrets: RereadFile[ActionsSecrets], clock: Clock) -> ChertClient:
    return ChertClient(
        settings.chert_url,
        signing_secret=lambda: secrets.read().chert_signing_secret.get_secret_value().encode(),
        now=clock.now,
        limits=CHERT_LIMITS,
    )


def _consumers(broker: KafkaBroker, held: HeldMessages, plumbing: Plumbing) -> Consumers:
    return Consumers(
        broker=broker,
        group="actions",
        kinds=ERROR_KINDS,
        held=held,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        health=plumbing.health,
        metrics=plumbing.metrics,
    )


def _watch(health: Health, database: AsyncDatabase[Document], secrets: RereadFile[ActionsSecrets]) -> None:
    """Say what this process cannot work without; Kafka and the projections say it themselves."""

    async def database_answers() -> None:
        await database.command("ping")

    async def secrets_are_loaded() -> None:
        secrets.read()

    health.depends_on("database", database_answers)
    health.depends_on("secrets", secrets_are_loaded)
