"""The Kafka edge: one subscriber per topic, each a call of one handler, then a word to whoever goes on from there."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from chassis.consuming import Consumers
from contracts.contacts import (
    ContactCreated,
    ContactErased,
    ContactEvent,
    ContactMerged,
    ContactRestored,
    ContactUpdated,
)
from contracts.envelope import Event, EventType, Headers, attributes_of, decode
from contracts.messages import MessageReceived, MessageSent
from contracts.tenants import TenantInstalled, TenantSnapshot, TenantUninstalled, TenantUpdated
from contracts.topics import (
    CONTACT_CREATED,
    CONTACT_ERASED,
    CONTACT_MERGED,
    CONTACT_RESTORED,
    CONTACT_UPDATED,
    MESSAGE_RECEIVED,
    MESSAGE_SENT,
    TENANT_INSTALLED,
    TENANT_UNINSTALLED,
    TENANT_UPDATED,
)
from timeline.handlers.assembly import Handlers
from timeline.handlers.intake import Arrival
from timeline.models import glance

_BATCH: Final = 500
"""Records of one poll: enough to share the cost of an insert, few enough to be stored well within its deadline."""


def subscribe(
    consumers: Consumers,
    handlers: Handlers,
    *,
    drain_soon: Callable[[], None],
    work_soon: Callable[[Collection[int]], None],
) -> None:
    """Declare every subscription of this service.

    Args:
        consumers: where they are declared.
        handlers: what they call.
        drain_soon: says that something waits in a queue, or may go on now.
        work_soon: takes accounts in whose lane something is due.
    """
    _follow_tenants(consumers, handlers, drain_soon, work_soon)
    _follow_contacts(consumers, handlers, work_soon)

    @consumers.glancing_subscriber(MESSAGE_RECEIVED, arrival, max_records=_BATCH)
    async def on_message_received(arrivals: Sequence[Arrival]) -> None:
        await handlers.store_received(arrivals, work_soon)
        if handlers.drain.waits:
            drain_soon()

    @consumers.batch_subscriber(MESSAGE_SENT, max_records=_BATCH)
    async def on_message_sent(events: Sequence[Event[MessageSent]]) -> None:
        work_soon(await handlers.learn_links(events))


def arrival(event_type: EventType[MessageReceived], headers: Headers, value: bytes) -> Arrival:
    """A message at a glance where that is enough: what is set aside, hundreds at a time, need not be read yet.

    Raises:
        ContractError: it cannot be read.
        NewerVersionError: it is of a later release.
    """
    seen = glance(value, attributes_of(event_type, headers, value).get("traceparent"))
    return decode(event_type, headers, value) if seen is None else seen


def _follow_tenants(
    consumers: Consumers,
    handlers: Handlers,
    drain_soon: Callable[[], None],
    work_soon: Callable[[Collection[int]], None],
) -> None:
    async def project(snapshot: TenantSnapshot) -> None:
        if await handlers.tenants.project(snapshot):
            handlers.drain.look_soon()
            drain_soon()
            work_soon([snapshot.portal_id])

    @consumers.subscriber(TENANT_INSTALLED, projection=True)
    async def on_tenant_installed(event: Event[TenantInstalled]) -> None:
        await project(event.data)
        if event.data.status == "active":
            work_soon([event.data.portal_id, *await handlers.tenants.resume(event.data.portal_id)])

    @consumers.subscriber(TENANT_UPDATED, projection=True)
    async def on_tenant_updated(event: Event[TenantUpdated]) -> None:
        await project(event.data)

    @consumers.subscriber(TENANT_UNINSTALLED, projection=True)
    async def on_tenant_uninstalled(event: Event[TenantUninstalled]) -> None:
        await project(event.data)


def _follow_contacts(consumers: Consumers, handlers: Handlers, work_soon: Callable[[Collection[int]], None]) -> None:
    async def look_again(events: Sequence[Event[ContactEvent]]) -> None:
        await handlers.contacts.found({event.data.portal_id for event in events})

    @consumers.batch_subscriber(CONTACT_CREATED, max_records=_BATCH)
    async def on_contact_created(events: Sequence[Event[ContactCreated]]) -> None:
        await look_again(events)

    @consumers.batch_subscriber(CONTACT_UPDATED, max_records=_BATCH)
    async def on_contact_updated(events: Sequence[Event[ContactUpdated]]) -> None:
        await look_again(events)

    @consumers.batch_subscriber(CONTACT_RESTORED, max_records=_BATCH)
    async def on_contact_restored(events: Sequence[Event[ContactRestored]]) -> None:
        await look_again(events)

    @consumers.subscriber(CONTACT_MERGED)
    async def on_contact_merged(event: Event[ContactMerged]) -> None:
        work_soon(await handlers.contacts.merged(event.data))

    @consumers.subscriber(CONTACT_ERASED)
    async def on_contact_erased(event: Event[ContactErased]) -> None:
        await handlers.contacts.erased(event.data)
