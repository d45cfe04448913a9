"""The composition root: settings in, ASGI app out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import httpx2
from fastapi import FastAPI
from faststream.kafka import KafkaBroker
from pydantic import SecretStr
from pymongo.asynchronous.database import AsyncDatabase

from chassis import database_failures, kafka, mongo, operating
from chassis.backfilling import Backfill
from chassis.consuming import Consumers, ErrorKinds
from chassis.fault_points import KillOnce, NoFaultPoints
from chassis.http_transport import AiohttpTransport, HttpConnections
from chassis.inbox import HeldMessages, MongoHeldMessages
from chassis.kafka import KafkaEventPublisher
from chassis.lifespan import Plumbing, service_app
from chassis.mongo import DATABASE_AWAY, Document, takes_no_writes
from chassis.number_hash import KeyedNumberHash
from chassis.releasing import Releases
from chassis.replaying import Replays
from chassis.settings import RereadFile
from chassis.sisters import Sister
from chassis.workers import Worker
from chert_client import ChertClient
from contracts.topics import MESSAGE_RECEIVED
from hubspot_client import CallLimits, HubSpotConnection, tell_support
from timeline import __doc__ as description
from timeline import api
from timeline.adapters.chert import ChertEventLog
from timeline.adapters.hubspot import HubSpotTimeline
from timeline.adapters.metering import CountedCalls
from timeline.adapters.mongo import MongoStores
from timeline.adapters.oauth import OAuthAccessTokens
from timeline.consumers import subscribe
from timeline.handlers import backfilling
from timeline.handlers.activity import read_activity
from timeline.handlers.assembly import Handlers, Process
from timeline.handlers.budget import Budget
from timeline.handlers.catching_up import CatchUp
from timeline.handlers.leases import CALL_SECONDS
from timeline.handlers.messages import read_message
from timeline.handlers.relaying import Relay
from timeline.handlers.replaying import LookAtReceived, replay_page
from timeline.handlers.retention import Retention
from timeline.handlers.tenant_work import TenantOperations
from timeline.handlers.where import Where
from timeline.models import FaultPoint
from timeline.ports import ChertLog, NumberHash, Outside, Stores
from timeline.settings import Settings, TimelineSecrets
from timeline.workers import MAX_LANES, LaneRunner, Preparation, Workers

ERROR_KINDS: Final = ErrorKinds(retryable=DATABASE_AWAY, refused_for_now=takes_no_writes)
"""What an error means for an event: consumers only store, so the database alone can be away."""

HUBSPOT_LIMITS: Final = CallLimits(read_seconds=CALL_SECONDS, total_seconds=CALL_SECONDS, connections=MAX_LANES)
"""A call's whole budget is what a holder must have left of its lease before it calls."""

Loop = Callable[[], AbstractAsyncContextManager[Any]]
"""Starts something that runs until its block ends."""


def build(settings: Settings, plumbing: Plumbing) -> FastAPI:
    """The whole service, not yet started."""
    secrets = RereadFile(settings.secrets_file, TimelineSecrets, plumbing.clock)
    client = mongo.connect(settings.mongo_url, "timeline")
    database = client[settings.mongo_database]
    broker = kafka.broker(settings.kafka_bootstrap, "timeline", settings.kafka_security())
    http = httpx2.AsyncClient(transport=AiohttpTransport(), trust_env=False)
    budget = Budget(plumbing.clock)
    tell_support(plumbing.metrics, settings.hubspot_api_version)
    hubspot = HubSpotConnection(
        settings.hubspot_api_url,
        version=settings.hubspot_api_version,
        limits=HUBSPOT_LIMITS,
        transport=HttpConnections(HUBSPOT_LIMITS.connections),
        observe_rate_limit=lambda portal_id, limit: budget.told(portal_id, limit.maximum, limit.remaining),
    )
    chert = ChertClient(
        settings.chert_url,
        signing_secret=lambda: secrets.read().chert_signing_secret.get_secret_value().encode(),
        now=plumbing.clock.now,
        transport=HttpConnections(),
    )
    sister = Sister(settings.oauth_url, lambda: secrets.read().oauth_credential, http)
    meter = CountedCalls(budget, plumbing.metrics)
    timeline = HubSpotTimeline(hubspot, OAuthAccessTokens(sister, plumbing.clock), meter)
    faults = NoFaultPoints() if settings.fault_point is None else KillOnce(settings.fault_point, FaultPoint, database)
    stores = MongoStores(database, plumbing.clock)
    held = MongoHeldMessages(database)
    consumers = _consumers(broker, held, plumbing)
    event_log = ChertEventLog(chert)
    hash_number = KeyedNumberHash(lambda: secrets.read().number_hash_key)
    running = _running(
        settings,
        plumbing,
        stores,
        broker,
        held,
        consumers,
        Outside(timeline, timeline, faults),
        budget,
        event_log,
        hash_number,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in (client, http, hubspot, chert):
                await stack.enter_async_context(part)
            for loop in running.loops:
                await stack.enter_async_context(loop())
            await stack.enter_async_context(kafka.running(broker, health=plumbing.health, clock=plumbing.clock))
            yield

    _watch(plumbing, database, secrets)
    app = service_app("timeline", description or "", plumbing, lifespan)
    database_failures.install(app)
    read = partial(read_activity, entries=stores.stores.entries, breakers=stores.stores.lanes)
    look = partial(read_message, receivers=stores.stores.inbox, entries=stores.stores.entries)

    def credentials() -> Mapping[str, SecretStr]:
        return secrets.read().service_credentials

    app.include_router(api.router(credentials, read, look, DATABASE_AWAY))
    app.include_router(api.tenants.router(credentials, running.operations, DATABASE_AWAY))
    inbox = stores.stores.inbox
    replays = Replays(consumers, looks={MESSAGE_RECEIVED.name: LookAtReceived(inbox, plumbing.clock)})
    app.include_router(operating.router(replays, Releases(consumers), credentials))
    replay_log = partial(replay_page, log=event_log, replay=partial(replays.replay_events, MESSAGE_RECEIVED.name))
    app.include_router(api.operators_router(credentials, replay_log))
    app.include_router(api.where.router(credentials, _where(stores, hash_number), DATABASE_AWAY))
    return app


def _where(mongo_stores: MongoStores, hash_number: NumberHash) -> Where:
    stores = mongo_stores.stores
    return Where(
        refs=stores.refs,
        inbox=stores.inbox,
        entries=stores.entries,
        owners=stores.communications,
        tenants=stores.tenants,
        lanes=mongo_stores.accounts,
        hash_number=hash_number,
    )


@dataclass(frozen=True, slots=True)
class _Running:
    """What runs, and what operators can do about it."""

    loops: Sequence[Loop]
    operations: TenantOperations


def _running(
    settings: Settings,
    plumbing: Plumbing,
    mongo_stores: MongoStores,
    broker: KafkaBroker,
    held: MongoHeldMessages,
    consumers: Consumers,
    outside: Outside,
    budget: Budget,
    chert_log: ChertLog,
    hash_number: NumberHash,
) -> _Running:
    """Use cases, subscriptions and loops over the database; loops in order, those first that others lean on."""
    stores, stopping = mongo_stores.stores, asyncio.Event()
    handlers = Handlers(
        stores,
        outside,
        Process(plumbing.randomness.uuid(), stopping.is_set, settings.public_base_url, settings.batch),
        hash_number=hash_number,
        budget=budget,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        metrics=plumbing.metrics,
    )
    workers = Workers(plumbing, Preparation(mongo_stores.ensure_indexes, held.ensure_indexes))
    publisher = KafkaEventPublisher(broker, plumbing.metrics)
    relays = [
        workers.relay(name, Relay(outbox, publisher, plumbing.metrics))
        for name, outbox in (
            ("entry relay", mongo_stores.entry_outbox),
            ("link relay", mongo_stores.link_outbox),
            ("breaker relay", mongo_stores.lane_outbox),
        )
    ]

    def relay_soon() -> None:
        for relay in relays:
            relay.wake()

    lanes = LaneRunner(
        handlers.lanes.turn,
        handlers.lanes.tell,
        handlers.finder.find,
        after_turn=relay_soon,
        stopping=stopping,
        plumbing=plumbing,
    )
    drain = workers.drain(handlers.drain, lanes)
    subscribe(
        consumers,
        handlers,
        drain_soon=drain.wake,
        work_soon=lanes.work_soon,
    )
    catch_up = CatchUp(
        log=chert_log,
        cursors=stores.cursors,
        known=stores.inbox,
        projects=stores.tenants,
        publisher=publisher,
        clock=plumbing.clock,
        metrics=plumbing.metrics,
    )
    loops: tuple[Worker | LaneRunner, ...] = (
        *relays,
        workers.gauge(stores.lanes, stores.queues),
        workers.catch_up(catch_up),
        workers.retention(_retention(stores, plumbing)),
        workers.backfill(Backfill(backfilling.NAME, handlers.refs_backfill.page, mongo_stores.places)),
        workers.retries(handlers.contacts, work_soon=lanes.work_soon),
        workers.sweep(lanes),
        lanes,
        drain,
    )
    operations = TenantOperations(
        tenants=stores.tenants,
        lanes=mongo_stores.accounts,
        work_lists=stores.lanes,
        queues=stores.queues,
        data=mongo_stores.accounts,
        refs=stores.refs,
        names=stores.inbox,
        contacts=handlers.contacts,
        work_soon=lanes.work_soon,
        clock=plumbing.clock,
    )
    return _Running([loop.running for loop in loops], operations)


def _retention(stores: Stores, plumbing: Plumbing) -> Retention:
    return Retention(
        tenants=stores.tenants,
        entries=stores.entries,
        inbox=stores.inbox,
        clock=plumbing.clock,
        metrics=plumbing.metrics,
    )


def _consumers(broker: KafkaBroker, held: HeldMessages, plumbing: Plumbing) -> Consumers:
    return Consumers(
        broker=broker,
        group="timeline",
        kinds=ERROR_KINDS,
        held=held,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        health=plumbing.health,
        metrics=plumbing.metrics,
    )


def _watch(plumbing: Plumbing, database: AsyncDatabase[Document], secrets: RereadFile[TimelineSecrets]) -> None:
    """Say what this process cannot work without; Kafka and the projections say it themselves."""

    async def database_answers() -> None:
        await mongo.answers(database)

    async def secrets_are_loaded() -> None:
        secrets.read()

    plumbing.health.depends_on("database", database_answers)
    plumbing.health.depends_on("secrets", secrets_are_loaded)
