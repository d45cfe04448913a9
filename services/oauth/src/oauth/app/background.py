"""The background loops and the subscription, wired."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from chassis.consuming import Consumers, ErrorKinds
from chassis.inbox import MongoHeldMessages
from chassis.lifespan import Plumbing
from chassis.mongo import DATABASE_AWAY, takes_no_writes
from chassis.workers import Worker
from hubspot_client import DOCUMENTED_VERSION, AppTokens, JournalClient, tell_support
from oauth.adapters.hubspot import HubSpotJournal
from oauth.adapters.mongo import MongoJournalStore, MongoLeaseStore, MongoOutbox
from oauth.api.routes import Outside
from oauth.app.connections import Connections
from oauth.consumers import subscribe
from oauth.handlers.departing import Departures
from oauth.handlers.grant_checks import check_grants, note_uninstall
from oauth.handlers.journal import JournalReader
from oauth.handlers.key_rotation import SealingKey, reseal
from oauth.handlers.leases import Leases
from oauth.ports import LeaseStore
from oauth.settings import Settings
from oauth.workers import (
    departure_worker,
    grant_worker,
    history_worker,
    journal_worker,
    key_worker,
    outbox_worker,
    purge_worker,
    reseal_worker,
)

KINDS: Final = ErrorKinds(retryable=DATABASE_AWAY, refused_for_now=takes_no_writes)
"""HubSpot being away is no consumer's matter: a hint is stored, and a worker asks."""


@dataclass(frozen=True, slots=True)
class Background:
    """All loops but the relay, those that others wake, and the subscriptions."""

    all: tuple[Worker, ...]
    departures: Worker
    grants: Worker
    consumers: Consumers


def relay_of(plumbing: Plumbing, connections: Connections) -> Worker:
    """The loop that tells what was decided."""
    leases = _leases(plumbing, MongoLeaseStore(connections.database))
    return outbox_worker(MongoOutbox(connections.database), connections.publisher, leases, plumbing)


def background(
    settings: Settings, plumbing: Plumbing, connections: Connections, outside: Outside, sealing_key: SealingKey
) -> Background:
    """Every other loop; the subscription is declared on the way."""
    grants, consumers = _grants(settings, plumbing, connections, outside)
    departures = departure_worker(
        Departures(
            outside.installations,
            outside.tokens,
            outside.sealer,
            _leases(plumbing, outside.leases),
            plumbing.clock,
        ).step,
        plumbing,
    )
    resealed = partial(
        reseal, installations=outside.installations, sealer=outside.sealer, sealing_key=sealing_key.current
    )
    loops = [
        key_worker(sealing_key.step, plumbing),
        reseal_worker(resealed, plumbing),
        history_worker(outside.histories.file, plumbing),
        grants,
        departures,
        purge_worker(lambda: outside.states.purge(plumbing.clock.now()), plumbing),
    ]
    if settings.journal:
        loops.append(_journal(settings, plumbing, connections, outside, grants))
    return Background(tuple(loops), departures, grants, consumers)


def _journal(
    settings: Settings,
    plumbing: Plumbing,
    connections: Connections,
    outside: Outside,
    grants: Worker,
) -> Worker:
    tell_support(plumbing.metrics, DOCUMENTED_VERSION, use="journal")
    client = JournalClient(connections.hubspot, AppTokens(connections.oauth, now=plumbing.clock.now))
    reader = JournalReader(
        journal=HubSpotJournal(client),
        positions=MongoJournalStore(connections.database),
        checks=outside.checks,
        leases=_leases(plumbing, outside.leases),
        clock=plumbing.clock,
        app_id=settings.hubspot_app_id,
        check_soon=grants.wake,
    )
    return journal_worker(reader.step, plumbing)


def _grants(
    settings: Settings, plumbing: Plumbing, connections: Connections, outside: Outside
) -> tuple[Worker, Consumers]:
    """The loop that settles doubts about grants, and the subscription that raises them."""
    settle = partial(
        check_grants,
        checks=outside.checks,
        installations=outside.installations,
        tokens=outside.tokens,
        sealer=outside.sealer,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
    )
    worker = grant_worker(settle, plumbing)
    consumers = Consumers(
        broker=connections.broker,
        group="oauth",
        kinds=KINDS,
        held=MongoHeldMessages(connections.database),
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        health=plumbing.health,
        metrics=plumbing.metrics,
    )
    note = partial(note_uninstall, app_id=settings.hubspot_app_id, checks=outside.checks, clock=plumbing.clock)
    subscribe(consumers, note_uninstall=note, check_soon=worker.wake)
    return worker, consumers


def _leases(plumbing: Plumbing, store: LeaseStore) -> Leases:
    """Leases of one loop, under a holder's name of its own."""
    return Leases(store, clock=plumbing.clock, holder=plumbing.randomness.uuid())
