"""The Kafka edge: the projection of tenants, created contacts, and what is remembered of conversations."""

from collections.abc import Callable, Sequence
from typing import Final

from actions.handlers.conversations import Conversations
from actions.handlers.creations.intake import TakeInCreations
from actions.handlers.opt_outs import OptOuts
from actions.handlers.privacy import EraseContact
from actions.handlers.replies import Replies
from actions.handlers.tenants import project_tenant
from actions.ports import InstallTimes, TenantStore
from chassis.consuming import Consumers
from contracts.contacts import ContactCreated, ContactErased
from contracts.envelope import Event
from contracts.messages import ContactLinked, MessageReceived
from contracts.tenants import TenantInstalled, TenantUninstalled, TenantUpdated
from contracts.topics import (
    CONTACT_CREATED,
    CONTACT_ERASED,
    CONTACT_LINKED,
    MESSAGE_RECEIVED,
    TENANT_INSTALLED,
    TENANT_UNINSTALLED,
    TENANT_UPDATED,
)

MAX_RECORDS: Final = 500
"""How many messages are remembered in one go."""

WAIT_SECONDS: Final = 0.25
"""How long a poll for them waits: what they are remembered for comes later than that."""


def subscribe(consumers: Consumers, *, tenants: TenantStore, installs: InstallTimes) -> None:
    """Say which events this service handles, and how."""

    @consumers.subscriber(TENANT_INSTALLED, projection=True)
    async def on_tenant_installed(event: Event[TenantInstalled]) -> None:
        await installs.note(event.data.portal_id, event.data.generation, event.time)
        await project_tenant(event.data, tenants=tenants)

    @consumers.subscriber(TENANT_UPDATED, projection=True)
    async def on_tenant_updated(event: Event[TenantUpdated]) -> None:
        await project_tenant(event.data, tenants=tenants)

    @consumers.subscriber(TENANT_UNINSTALLED, projection=True)
    async def on_tenant_uninstalled(event: Event[TenantUninstalled]) -> None:
        await project_tenant(event.data, tenants=tenants)


def subscribe_to_conversations(
    consumers: Consumers, *, conversations: Conversations, opt_outs: OptOuts, replies: Replies
) -> None:
    """What was answered, and whose conversations they are."""

    @consumers.batch_subscriber(MESSAGE_RECEIVED, max_records=MAX_RECORDS, wait_seconds=WAIT_SECONDS)
    async def on_message_received(events: Sequence[Event[MessageReceived]]) -> None:
        for event in events:
            await opt_outs.note(event.data)
        await conversations.received([event.data for event in events])
        await replies.note([event.data for event in events])

    @consumers.subscriber(CONTACT_LINKED)
    async def on_contact_linked(event: Event[ContactLinked]) -> None:
        await conversations.linked(event.data)


def subscribe_to_contacts(
    consumers: Consumers, *, take_in: TakeInCreations, erase: EraseContact, wake: Callable[[], None]
) -> None:
    """What happens to contacts."""

    @consumers.batch_subscriber(CONTACT_CREATED, max_records=MAX_RECORDS, wait_seconds=WAIT_SECONDS)
    async def on_contact_created(events: Sequence[Event[ContactCreated]]) -> None:
        await take_in([event.data for event in events])
        wake()

    @consumers.subscriber(CONTACT_ERASED)
    async def on_contact_erased(event: Event[ContactErased]) -> None:
        await erase(event.data)
