"""What this process reads and is connected to: files, the database, Kafka, HubSpot, Chert."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import httpx2
from faststream.kafka import KafkaBroker
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from chassis import kafka, mongo
from chassis.http_transport import AiohttpTransport, HttpConnections
from chassis.lifespan import Plumbing
from chassis.mongo import Document
from chassis.settings import RereadFile
from chert_client import CallLimits as ChertCallLimits
from chert_client import ChertClient
from hubspot_client import CallLimits, HubSpotConnection, OAuthClient, tell_support
from oauth.adapters.kafka import FencedPublisher
from oauth.adapters.sealing import KeyRing
from oauth.handlers.access_tokens import CALL_SECONDS
from oauth.handlers.asking import ANSWER_SECONDS
from oauth.settings import OAuthSecrets, Settings


@dataclass(frozen=True, slots=True)
class Connections:
    """All of them; each is opened when the process starts, and connects when it is first used."""

    secrets: RereadFile[OAuthSecrets]
    key_ring: RereadFile[KeyRing]
    client: AsyncMongoClient[Document]
    database: AsyncDatabase[Document]
    http: httpx2.AsyncClient
    hubspot: HubSpotConnection
    oauth: OAuthClient
    chert: ChertClient
    chert_files: ChertClient
    broker: KafkaBroker
    publisher: FencedPublisher

    def resources(self) -> Iterator[AbstractAsyncContextManager[object]]:
        """What has to be closed, in the order of opening; Kafka aside."""
        yield self.client
        yield self.http
        yield self.hubspot
        yield self.chert
        yield self.chert_files
        yield self.publisher


def connect(settings: Settings, plumbing: Plumbing) -> Connections:
    """Everything that the settings name, not yet opened."""
    secrets = RereadFile(settings.secrets_file, OAuthSecrets, plumbing.clock)

    def client_secret() -> str:
        return secrets.read().hubspot_client_secrets[0].get_secret_value()

    def signing_secret() -> bytes:
        return secrets.read().chert_signing_secret.get_secret_value().encode()

    tell_support(plumbing.metrics, settings.hubspot_api_version)
    client = mongo.connect(settings.mongo_url, "oauth")
    security = settings.kafka_security()
    hubspot = HubSpotConnection(
        settings.hubspot_api_url,
        version=settings.hubspot_api_version,
        limits=CallLimits(read_seconds=CALL_SECONDS, total_seconds=CALL_SECONDS),
        transport=HttpConnections(),
    )
    return Connections(
        secrets=secrets,
        key_ring=RereadFile(settings.key_ring_file, KeyRing, plumbing.clock),
        client=client,
        database=client[settings.mongo_database],
        http=httpx2.AsyncClient(transport=AiohttpTransport(), trust_env=False),
        hubspot=hubspot,
        oauth=OAuthClient(
            hubspot,
            client_id=settings.hubspot_client_id,
            client_secret=client_secret,
            now=plumbing.clock.now,
        ),
        chert=ChertClient(
            settings.chert_url,
            signing_secret=signing_secret,
            now=plumbing.clock.now,
            limits=ChertCallLimits(read_seconds=ANSWER_SECONDS, total_seconds=ANSWER_SECONDS),
            transport=HttpConnections(),
        ),
        # Connections of their own: browsers that fetch large files slowly keep no page from asking Chert.
        chert_files=ChertClient(
            settings.chert_url,
            signing_secret=signing_secret,
            now=plumbing.clock.now,
            transport=HttpConnections(),
        ),
        broker=kafka.broker(settings.kafka_bootstrap, "oauth", security),
        publisher=FencedPublisher(
            settings.kafka_bootstrap,
            f"oauth.outbox.{settings.mongo_database}",
            plumbing.metrics,
            security=security,
        ),
    )
