"""The composition root: settings in, ASGI app out."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import httpx2
from fastapi import FastAPI
from faststream.kafka import KafkaBroker
from pymongo.asynchronous.database import AsyncDatabase

from chassis import kafka, mongo
from chassis.consuming import Consumers, ErrorKinds
from chassis.inbox import MongoHeldMessages
from chassis.kafka import KafkaEventPublisher
from chassis.lifespan import Plumbing, service_app
from chassis.mongo import DATABASE_AWAY, Document
from chassis.outbox import OutboxRelay
from chassis.settings import RereadFile
from chassis.workers import Worker
from hubspot_client import CallLimits, HubSpotConnection, OAuthClient
from oauth import __doc__ as description
from oauth.adapters.hubspot import HubSpotOAuth
from oauth.adapters.mongo import (
    MongoGrantCheckStore,
    MongoInstallationStore,
    MongoLeaseStore,
    MongoOutbox,
    MongoStateStore,
    Readiness,
)
from oauth.adapters.sealing import AesGcmSealer, KeyRing
from oauth.adapters.sessions import JwtSessionVerifier, KeySet
from oauth.adapters.state_cookies import JwtStateSigner
from oauth.api.pages import CALLBACK_PATH
from oauth.api.routes import Choices, Outside, add_routes
from oauth.consumers import subscribe
from oauth.handlers.access_tokens import CALL_SECONDS
from oauth.handlers.grant_checks import check_grants, note_uninstall
from oauth.settings import OAuthSecrets, Settings
from oauth.workers import grant_worker, outbox_worker, purge_worker

KINDS: Final = ErrorKinds(retryable=DATABASE_AWAY)
"""HubSpot being away is no consumer's matter: a hint is stored, and a worker asks."""


def build(settings: Settings, plumbing: Plumbing) -> FastAPI:
    """The whole service, not yet started."""
    secrets = RereadFile(settings.secrets_file, OAuthSecrets, plumbing.clock)
    key_ring = RereadFile(settings.key_ring_file, KeyRing, plumbing.clock)
    client = mongo.connect(settings.mongo_url, "oauth")
    database = client[settings.mongo_database]
    http = httpx2.AsyncClient(trust_env=False)
    connection = HubSpotConnection(
        settings.hubspot_api_url,
        version=settings.hubspot_api_version,
        limits=CallLimits(read_seconds=CALL_SECONDS, total_seconds=CALL_SECONDS),
    )
    broker = kafka.broker(settings.kafka_bootstrap, "oauth")
    ready = Readiness(database)
    publisher = KafkaEventPublisher(broker, plumbing.metrics)
    relay = outbox_worker(OutboxRelay(MongoOutbox(database), publisher, plumbing.metrics), plumbing)
    installations = MongoInstallationStore(database, relay_soon=relay.wake)
    outside = _outside(settings, plumbing, secrets, key_ring, database, installations, http, connection)
    checker = _grant_checks(settings, plumbing, outside, database, broker)
    purge = purge_worker(lambda: outside.states.purge(plumbing.clock.now()), plumbing)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        """Open everything in order, and close it in reverse."""
        with contextlib.suppress(*DATABASE_AWAY):
            await ready()  # if the database is away now, readiness tries again
        async with (
            client,
            http,
            connection,
            kafka.running(broker, health=plumbing.health, clock=plumbing.clock),
            relay.running(),
            checker.running(),
            purge.running(),
        ):
            yield

    _watch_files(plumbing, secrets, key_ring)
    plumbing.health.depends_on("database", ready)
    app = service_app("oauth", description or "", plumbing, lifespan)
    choices = Choices(login_url=settings.login_url, pkce=settings.pkce, temporary=DATABASE_AWAY)
    add_routes(app, outside, plumbing, choices)
    return app


def _outside(
    settings: Settings,
    plumbing: Plumbing,
    secrets: RereadFile[OAuthSecrets],
    key_ring: RereadFile[KeyRing],
    database: AsyncDatabase[Document],
    installations: MongoInstallationStore,
    http: httpx2.AsyncClient,
    connection: HubSpotConnection,
) -> Outside:
    """Every port with its real adapter."""

    def client_secret() -> str:
        return secrets.read().hubspot_client_secrets[0].get_secret_value()

    oauth_client = OAuthClient(
        connection,
        client_id=settings.hubspot_client_id,
        client_secret=client_secret,
        now=plumbing.clock.now,
    )
    hubspot = HubSpotOAuth(
        oauth_client,
        app_url=settings.hubspot_app_url,
        client_id=settings.hubspot_client_id,
        redirect_uri=settings.public_base_url.rstrip("/") + CALLBACK_PATH,
        metrics=plumbing.metrics,
    )
    sessions = JwtSessionVerifier(
        KeySet(settings.session_jwks_url, http, plumbing.clock),
        issuer=settings.session_issuer,
        audience=settings.session_audience,
        clock=plumbing.clock,
    )
    return Outside(
        sessions=sessions,
        signer=JwtStateSigner(lambda: secrets.read().state_secrets),
        states=MongoStateStore(database),
        authorization=hubspot,
        tokens=hubspot,
        installations=installations,
        leases=MongoLeaseStore(database),
        sealer=AesGcmSealer(key_ring.read, plumbing.randomness),
        credentials=lambda: secrets.read().service_credentials,
    )


def _grant_checks(
    settings: Settings, plumbing: Plumbing, outside: Outside, database: AsyncDatabase[Document], broker: KafkaBroker
) -> Worker:
    """The worker that settles doubts about grants, and the subscription that raises them."""
    checks = MongoGrantCheckStore(database)
    settle = partial(
        check_grants,
        checks=checks,
        installations=outside.installations,
        tokens=outside.tokens,
        sealer=outside.sealer,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
    )
    worker = grant_worker(settle, plumbing)
    consumers = Consumers(
        broker=broker,
        group="oauth",
        kinds=KINDS,
        held=MongoHeldMessages(database),
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        health=plumbing.health,
        metrics=plumbing.metrics,
    )
    note = partial(note_uninstall, app_id=settings.hubspot_app_id, checks=checks, clock=plumbing.clock)
    subscribe(consumers, note_uninstall=note, check_soon=worker.wake)
    return worker


def _watch_files(plumbing: Plumbing, secrets: RereadFile[OAuthSecrets], key_ring: RereadFile[KeyRing]) -> None:
    async def secrets_are_loaded() -> None:
        secrets.read()

    async def keys_are_loaded() -> None:
        key_ring.read()

    plumbing.health.depends_on("secrets", secrets_are_loaded)
    plumbing.health.depends_on("key ring", keys_are_loaded)
