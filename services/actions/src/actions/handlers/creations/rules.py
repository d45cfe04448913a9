"""Whether a created contact gets the template, and what is sent; the first rule that says no is the reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from actions.errors import InstallUnknownError
from actions.handlers.phones import find_phone
from actions.handlers.tenants import active_tenant
from actions.models import Contact, Creation, Outgoing, Send, SendRequest, SkipReason
from actions.ports import (
    AutoSendFacts,
    ContactReader,
    ConversationStore,
    InstallTimes,
    NumberHash,
    TenantAuthority,
    TenantStore,
)
from contracts.tenants import TenantSnapshot

IMPORTED: Final = "IMPORT"
"""HubSpot's `changeSource` of contacts that came by an import."""


class SkippedError(Exception):
    """This contact gets no template."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class CreationRules:
    """Decides on one created contact.

    Attributes:
        tenants: the projection.
        authority: asked before an account counts as unknown.
        installs: since when each install stands.
        contacts: HubSpot's contacts.
        conversations: whose number has a conversation.
        facts: what Chert must tell.
        number_hash: how numbers are remembered.
        max_age: what was created longer ago is left alone.
    """

    tenants: TenantStore
    authority: TenantAuthority
    installs: InstallTimes
    contacts: ContactReader
    conversations: ConversationStore
    facts: AutoSendFacts
    number_hash: NumberHash
    max_age: timedelta

    async def request(self, creation: Creation, now: datetime) -> SendRequest:
        """What to send to a contact.

        Raises:
            SkippedError: nothing, and why.
            NeverSentError: the account is not connected, or the contact cannot be had.
            PostponedError: that cannot be decided now.
        """
        tenant = await active_tenant(creation.portal_id, tenants=self.tenants, authority=self.authority)
        await self._check_event(creation, tenant, now)
        contact = await self.contacts.read(creation.portal_id, creation.contact_id)
        found = find_phone(contact, tenant.settings.default_region)
        phone = None if found is None else found[0]
        if phone is not None:
            await self._check_number(tenant.chert_tenant, phone)
        template = tenant.settings.auto_send_template or await self.facts.template(tenant.chert_tenant)
        if not template or not template.strip():
            raise SkippedError("no_template")
        return self._request(creation.key, creation.portal_id, contact, phone, template)

    async def _check_event(self, creation: Creation, tenant: TenantSnapshot, now: datetime) -> None:
        if not tenant.settings.auto_send_on_create:
            raise SkippedError("off")
        if creation.change_source == IMPORTED and not tenant.settings.auto_send_imported:
            raise SkippedError("imported")
        if now - creation.occurred_at > self.max_age:
            raise SkippedError("too_old")
        since = await self.installs.since(creation.portal_id)
        if since is None:
            raise InstallUnknownError  # the projection is behind `oauth`
        if creation.occurred_at < since:
            raise SkippedError("before_install")

    async def _check_number(self, chert_tenant: str, phone: str) -> None:
        known = await self.conversations.of_number(chert_tenant, self.number_hash(phone))
        if known is not None or await self.facts.has_conversation(chert_tenant, phone):
            raise SkippedError("has_conversation")

    def again(self, send: Send) -> SendRequest:
        """The request of a send that was begun: what it says and to whom was decided then."""
        phone = send.plan.phone if isinstance(send.plan, Outgoing) else None
        return self._request(send.key, send.portal_id, Contact(send.contact_id), phone, "")

    def _request(self, key: str, portal_id: int, contact: Contact, phone: str | None, template: str) -> SendRequest:
        """Claims the contact by its key, and the number by the alias."""
        return SendRequest(
            key=key,
            alias=None if phone is None else f"ccp:{portal_id}:{self.number_hash(phone)}",
            portal_id=portal_id,
            contact=contact,
            source="contact_creation",
            template=template,
        )
