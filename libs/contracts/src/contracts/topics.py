"""Every event type there is: one per topic. `deploy/topics.yaml` says how each topic is kept."""

from types import MappingProxyType
from typing import Final

from contracts.audits import OpsAudited
from contracts.breakers import BreakerChanged, BreakerClosed, BreakerOpened
from contracts.contacts import (
    ContactCreated,
    ContactDeleted,
    ContactErased,
    ContactEvent,
    ContactMerged,
    ContactRestored,
    ContactUpdated,
)
from contracts.deliveries import DeliveryRejected
from contracts.envelope import EventData, EventType
from contracts.messages import ContactLinked, MessageReceived, MessageRefused, MessageSent, ReplyRecorded
from contracts.tenants import AppUninstalled, TenantInstalled, TenantSnapshot, TenantUninstalled, TenantUpdated


def _account(
    data: TenantSnapshot | AppUninstalled | ReplyRecorded | ContactLinked | BreakerChanged | ContactEvent,
) -> str:
    return str(data.portal_id)


def _conversation(data: MessageReceived | MessageSent) -> str:
    return f"{data.chert_tenant}:{data.chat_id}"


def _recipient(data: MessageRefused) -> str:
    return f"{data.portal_id}:{data.contact_id}"


def _owner(data: DeliveryRejected) -> str:
    return data.owner


def _operator(data: OpsAudited) -> str:
    return data.operator


TENANT_INSTALLED: Final = EventType("tenant.installed", 1, TenantInstalled, _account, compacted=True)
TENANT_UPDATED: Final = EventType("tenant.updated", 1, TenantUpdated, _account, compacted=True)
TENANT_UNINSTALLED: Final = EventType("tenant.uninstalled", 1, TenantUninstalled, _account, compacted=True)
APP_UNINSTALLED: Final = EventType("app.uninstalled", 1, AppUninstalled, _account)
MESSAGE_RECEIVED: Final = EventType("message.received", 1, MessageReceived, _conversation)
MESSAGE_SENT: Final = EventType("message.sent", 1, MessageSent, _conversation)
MESSAGE_REFUSED: Final = EventType("message.refused", 1, MessageRefused, _recipient)
REPLY_RECORDED: Final = EventType("reply.recorded", 1, ReplyRecorded, _account)
CONTACT_LINKED: Final = EventType("contact.linked", 1, ContactLinked, _account)
BREAKER_OPENED: Final = EventType("breaker.opened", 1, BreakerOpened, _account)
BREAKER_CLOSED: Final = EventType("breaker.closed", 1, BreakerClosed, _account)
CONTACT_CREATED: Final = EventType("contact.created", 1, ContactCreated, _account)
CONTACT_UPDATED: Final = EventType("contact.updated", 1, ContactUpdated, _account)
CONTACT_DELETED: Final = EventType("contact.deleted", 1, ContactDeleted, _account)
CONTACT_MERGED: Final = EventType("contact.merged", 1, ContactMerged, _account)
CONTACT_RESTORED: Final = EventType("contact.restored", 1, ContactRestored, _account)
CONTACT_ERASED: Final = EventType("contact.erased", 1, ContactErased, _account)
OPS_AUDITED: Final = EventType("ops.audited", 1, OpsAudited, _operator)
DELIVERY_REJECTED: Final = EventType("delivery.rejected", 1, DeliveryRejected, _owner)

EVENT_TYPES: Final = MappingProxyType[str, EventType[EventData]](
    {
        event_type.name: event_type
        for event_type in (
            TENANT_INSTALLED,
            TENANT_UPDATED,
            TENANT_UNINSTALLED,
            APP_UNINSTALLED,
            MESSAGE_RECEIVED,
            MESSAGE_SENT,
            MESSAGE_REFUSED,
            REPLY_RECORDED,
            CONTACT_LINKED,
            BREAKER_OPENED,
            BREAKER_CLOSED,
            CONTACT_CREATED,
            CONTACT_UPDATED,
            CONTACT_DELETED,
            CONTACT_MERGED,
            CONTACT_RESTORED,
            CONTACT_ERASED,
            DELIVERY_REJECTED,
            OPS_AUDITED,
        )
    },
)
"""By name."""


def dead_letter_topic(topic: str, group: str) -> str:
    """Where a consumer group puts what it could not handle: failure belongs to a consumer."""
    return f"{topic}.{group}.dlq"


def owner_of(key: bytes | None) -> str:
    """Whose record this is, from its key alone, so that even an unreadable one has an owner.

    Every key begins with the account or the Chert tenant, then a colon if more follows.
    """
    if not key:
        return "unknown"
    return key.split(b":", 1)[0].decode("ascii", "replace")[:100]
