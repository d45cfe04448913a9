"""The background loops and the subscriptions, wired."""

from dataclasses import dataclass
from typing import Final

from actions.adapters.mongo import (
    MongoConversationStore,
    MongoInstallTimes,
    MongoReferenceStore,
    MongoSendOutbox,
    MongoSendStore,
    MongoStepStore,
    MongoTenantStore,
    MongoWishStore,
)
from actions.adapters.remembered_conversations import RememberedConversations
from actions.adapters.remembered_tenants import RememberedTenants
from actions.app.connections import Connections
from actions.consumers import subscribe, subscribe_to_conversations
from actions.errors import StoreAwayError
from actions.handlers.conversations import Conversations
from actions.handlers.opt_outs import OptOuts, OptOutWords
from actions.handlers.replies import Replies
from actions.settings import Settings
from actions.workers import relay_worker
from chassis.consuming import Consumers, ErrorKinds
from chassis.inbox import HeldMessages, MongoHeldMessages
from chassis.kafka import BrokerAwayError, KafkaEventPublisher
from chassis.lifespan import Plumbing
from chassis.mongo import DATABASE_AWAY, takes_no_writes
from chassis.outbox import OutboxRelay
from chassis.settings import NotLoadedError
from chassis.workers import Worker

ERROR_KINDS: Final = ErrorKinds(
    retryable=(StoreAwayError, *DATABASE_AWAY, BrokerAwayError, NotLoadedError), refused_for_now=takes_no_writes
)
"""What an error means for an event; whatever is not named is unexpected."""


@dataclass(frozen=True, slots=True)
class Background:
    """Every loop but that of steps, the subscriptions, the stores that feed them, and the loop that others wake."""

    workers: tuple[Worker, ...]
    consumers: Consumers
    sends: MongoSendStore
    relay: Worker
    steps: MongoStepStore
    tenants: RememberedTenants
    conversations: RememberedConversations


def background(settings: Settings, connections: Connections, plumbing: Plumbing) -> Background:
    """The loops; the subscriptions are declared on the way."""
    outbox = MongoSendOutbox(connections.database, plumbing.clock)
    held = MongoHeldMessages(connections.database)
    sends = MongoSendStore(connections.database, outbox.note)
    indexed = (outbox, held, sends, MongoWishStore(connections.database), MongoReferenceStore(connections.database))
    publisher = KafkaEventPublisher(connections.broker, plumbing.metrics)
    relay = relay_worker(
        OutboxRelay(outbox, publisher, plumbing.metrics, outbox.forget),
        plumbing,
        prepare=[one.ensure_indexes for one in indexed],
    )
    consumers = _consumers(connections, held, plumbing)
    database = connections.database
    tenants = RememberedTenants(MongoTenantStore(database), plumbing.clock)
    subscribe(consumers, tenants=tenants, installs=MongoInstallTimes(database))
    steps = MongoStepStore(database)
    conversations = RememberedConversations(MongoConversationStore(database, plumbing.clock), plumbing.clock)
    _remember(conversations, consumers, settings, connections, plumbing)
    return Background((relay,), consumers, sends, relay, steps, tenants, conversations)


def _remember(
    conversations: RememberedConversations,
    consumers: Consumers,
    settings: Settings,
    connections: Connections,
    plumbing: Plumbing,
) -> None:
    database, number_hash = connections.database, connections.number_hash
    opt_outs = OptOuts(
        words=OptOutWords.of(settings.stop_words, settings.start_words),
        wishes=MongoWishStore(database),
        conversations=conversations,
        number_hash=number_hash,
    )
    subscribe_to_conversations(
        consumers,
        conversations=Conversations(store=conversations, number_hash=number_hash),
        opt_outs=opt_outs,
        replies=Replies(store=MongoStepStore(database), clock=plumbing.clock),
    )


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
