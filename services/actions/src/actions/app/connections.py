"""What the service holds open to the outside, made from settings."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

import httpx2
from faststream.kafka import KafkaBroker
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

import hubspot_client
from actions.handlers.card.context import FACT_SECONDS
from actions.handlers.sending import CALL_SECONDS
from actions.settings import ActionsSecrets, Settings
from chassis import kafka, mongo
from chassis.http_transport import AiohttpTransport, HttpConnections
from chassis.lifespan import Plumbing
from chassis.mongo import Document
from chassis.number_hash import KeyedNumberHash
from chassis.settings import RereadFile
from chassis.sisters import Sister
from chert_client.client import ChertClient
from chert_client.connection import CallLimits
from hubspot_client import HubSpotConnection, tell_support

CHERT_LIMITS: Final = CallLimits(connect_seconds=2.0, read_seconds=CALL_SECONDS, total_seconds=CALL_SECONDS)
"""Bounds of one call to Chert; its budget is what a holder must have left before it calls. What reps send goes over
connections and places of its own: workflows of the same project may take all of theirs."""

FACT_LIMITS: Final = CallLimits(connect_seconds=2.0, read_seconds=FACT_SECONDS, total_seconds=FACT_SECONDS)
"""Bounds of one question to Chert; over connections of their own, so that the card's questions and sends never wait
for each other."""

HUBSPOT_LIMITS: Final = hubspot_client.CallLimits(read_seconds=4.0, total_seconds=4.0)
"""Bounds of one contact read: with a send behind it, it has to fit into the 15 s that HubSpot gives a card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Everything that is opened once for the process."""

    secrets: RereadFile[ActionsSecrets]
    client: AsyncMongoClient[Document]
    database: AsyncDatabase[Document]
    broker: KafkaBroker
    http: httpx2.AsyncClient
    chert: ChertClient
    chert_for_card: ChertClient
    facts: ChertClient
    hubspot: HubSpotConnection
    callbacks: HubSpotConnection
    oauth: Sister
    number_hash: KeyedNumberHash

    def resources(self) -> Sequence[AbstractAsyncContextManager[object]]:
        """What is opened before and closed after everything else, in order."""
        return (self.client, self.http, self.chert, self.chert_for_card, self.facts, self.hubspot, self.callbacks)


def connect(settings: Settings, plumbing: Plumbing) -> Connections:
    """Made, not yet opened."""
    secrets = RereadFile(settings.secrets_file, ActionsSecrets, plumbing.clock)
    tell_support(plumbing.metrics, settings.hubspot_api_version)
    client = mongo.connect(settings.mongo_url, "actions")
    http = httpx2.AsyncClient(transport=AiohttpTransport(), trust_env=False)
    return Connections(
        secrets=secrets,
        client=client,
        database=client[settings.mongo_database],
        broker=kafka.broker(settings.kafka_bootstrap, "actions", settings.kafka_security()),
        http=http,
        chert=_chert(settings, secrets, plumbing, CHERT_LIMITS),
        chert_for_card=_chert(settings, secrets, plumbing, CHERT_LIMITS),
        facts=_chert(settings, secrets, plumbing, FACT_LIMITS),
        hubspot=HubSpotConnection(
            settings.hubspot_api_url,
            version=settings.hubspot_api_version,
            limits=HUBSPOT_LIMITS,
            transport=HttpConnections(HUBSPOT_LIMITS.connections),
        ),
        callbacks=HubSpotConnection(
            settings.hubspot_api_url, version=settings.hubspot_api_version, transport=HttpConnections()
        ),
        oauth=Sister(settings.oauth_url, lambda: secrets.read().oauth_credential, http),
        number_hash=KeyedNumberHash(lambda: secrets.read().number_hash_key),
    )


def _chert(
    settings: Settings, secrets: RereadFile[ActionsSecrets], plumbing: Plumbing, limits: CallLimits
) -> ChertClient:
    return ChertClient(
        settings.chert_url,
        signing_secret=lambda: secrets.read().chert_signing_secret.get_secret_value().encode(),
        now=plumbing.clock.now,
        limits=limits,
        transport=HttpConnections(limits.connections),
    )
