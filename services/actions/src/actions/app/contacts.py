"""What happens to contacts: the template for a created one, and forgetting an erased one, wired."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from actions.adapters.mongo import (
    MongoConversationStore,
    MongoCreationQueue,
    MongoCreationRecords,
    MongoInstallTimes,
    MongoSendContents,
)
from actions.app.background import Background
from actions.app.connections import Connections
from actions.app.outside import Outside
from actions.consumers import subscribe_to_contacts
from actions.handlers.creations.dispatching import DispatchCreations
from actions.handlers.creations.intake import TakeInCreations
from actions.handlers.creations.rules import CreationRules
from actions.handlers.privacy import EraseContact, PurgeContents
from actions.handlers.sending import SendOnce
from actions.settings import Settings
from actions.workers import AccountLanes, creation_worker, purge_worker
from chassis.lifespan import Plumbing


def contacts(
    settings: Settings,
    connections: Connections,
    background: Background,
    outside: Outside,
    send: SendOnce,
    plumbing: Plumbing,
) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Subscribes to what happens to contacts; what runs beside is opened by the result."""
    queue, records = MongoCreationQueue(connections.database), MongoCreationRecords(connections.database)
    contents = MongoSendContents(connections.database)
    dispatch = DispatchCreations(
        queue=queue,
        records=records,
        rules=_rules(settings, connections, outside, send),
        sends=background.sends,
        send=send,
        clock=plumbing.clock,
    )
    lanes = AccountLanes(dispatch.turn, plumbing.metrics)
    creations = creation_worker(queue, lanes, plumbing)
    purging = PurgeContents(tenants=send.tenants, contents=contents, steps=background.steps, clock=plumbing.clock)
    purge = purge_worker(purging, contents.ensure_indexes, plumbing)
    subscribe_to_contacts(
        background.consumers,
        take_in=TakeInCreations(tenants=send.tenants, queue=queue, records=records, clock=plumbing.clock),
        erase=erase_contact(connections, background, outside),
        wake=creations.wake,
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with lanes.running(), creations.running(), purge.running():
            yield

    return running


def erase_contact(connections: Connections, background: Background, outside: Outside) -> EraseContact:
    """Forgets a person."""
    return EraseContact(
        contents=MongoSendContents(connections.database),
        steps=background.steps,
        conversations=MongoConversationStore(connections.database),
        contacts=outside.contacts,
    )


def _rules(settings: Settings, connections: Connections, outside: Outside, send: SendOnce) -> CreationRules:
    return CreationRules(
        tenants=send.tenants,
        authority=send.authority,
        installs=MongoInstallTimes(connections.database),
        contacts=outside.contacts,
        conversations=MongoConversationStore(connections.database),
        facts=outside.facts,
        number_hash=connections.number_hash,
        max_age=timedelta(hours=settings.creation_max_age_hours),
    )
