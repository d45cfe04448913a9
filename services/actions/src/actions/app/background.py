"""The background loops and the subscriptions, wired."""

from dataclasses import dataclass
from typing import Final

from actions.adapters.mongo import MongoSendOutbox, MongoSendStore, MongoTenantStore
from actions.app.connections import Connections
from actions.consumers import subscribe
from actions.errors import StoreAwayError
from actions.workers import relay_worker
from chassis.consuming import Consumers, ErrorKinds
from chassis.inbox import HeldMessages, MongoHeldMessages
from chassis.kafka import BrokerAwayError, KafkaEventPublisher
from chassis.lifespan import Plumbing
from chassis.mongo import DATABASE_AWAY
from chassis.outbox import OutboxRelay
from chassis.workers import Worker

ERROR_KINDS: Final = ErrorKinds(retryable=(StoreAwayError, *DATABASE_AWAY, BrokerAwayError))
"""What an error means for an event; whatever is not named is unexpected."""


@dataclass(frozen=True, slots=True)
class Background:
    """Every loop, the store of sends that feeds them, and the loop that others wake."""

    workers: tuple[Worker, ...]
    sends: MongoSendStore
    relay: Worker


def background(connections: Connections, plumbing: Plumbing) -> Background:
    """The loops; the subscriptions are declared on the way."""
    outbox = MongoSendOutbox(connections.database, plumbing.clock)
    held = MongoHeldMessages(connections.database)
    sends = MongoSendStore(connections.database, outbox.note)
    prepare = (outbox.ensure_indexes, held.ensure_indexes, sends.ensure_indexes)
    publisher = KafkaEventPublisher(connections.broker, plumbing.metrics)
    relay = relay_worker(OutboxRelay(outbox, publisher, plumbing.metrics), plumbing, prepare=prepare)
    subscribe(_consumers(connections, held, plumbing), tenants=MongoTenantStore(connections.database))
    return Background((relay,), sends, relay)


def _consumers(connections: Connections, held: HeldMessages, plumbing: Plumbing) -> Consumers:
    return Consumers(
        broker=connections.broker,
        group="actions",
        kinds=ERROR_KINDS,
        held=held,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        health=plumbing.health,
        metrics=plumbing.metrics,
    )
