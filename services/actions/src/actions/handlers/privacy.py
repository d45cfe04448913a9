"""Privacy: what is kept of a person goes when HubSpot says so, and anyway after the time that the account chose."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from actions.ports import ConversationStore, SendContents, StepStore, TenantStore
from chassis.clock import Clock
from chassis.logging import get_log
from contracts.contacts import ContactErased

LOG = get_log()


class Forgetful(Protocol):
    """Whatever remembers contacts for a while."""

    def forget(self, portal_id: int, contact_id: str) -> None:
        """Do not show again what was read of this contact."""
        ...


@dataclass(frozen=True, kw_only=True)
class EraseContact:
    """Removes what is kept of a contact that was deleted for privacy.

    Claims, opt-outs and the chats of numbers stay: they hold keyed hashes and ids alone.

    Attributes:
        contents: the sends.
        steps: workflow steps, and the replies that they waited for.
        conversations: links to the contact.
        contacts: what was read of it; another process shows it for a minute at most.
    """

    contents: SendContents
    steps: StepStore
    conversations: ConversationStore
    contacts: Forgetful

    async def __call__(self, erased: ContactErased) -> int:
        """Remove it; how many sends it was in.

        Raises:
            StoreAwayError: the database does not answer.
        """
        self.contacts.forget(erased.portal_id, erased.contact_id)
        sends = await self.contents.erase(erased.portal_id, erased.contact_id)
        await self.steps.erase(erased.portal_id, erased.contact_id)
        await self.conversations.unlink(erased.portal_id, erased.contact_id)
        LOG.info("contact.erased", portal_id=erased.portal_id, contact_id=erased.contact_id, sends=sends)
        return sends


@dataclass(frozen=True, kw_only=True)
class PurgeContents:
    """Removes contents that are older than their account keeps them.

    Attributes:
        tenants: how long each account keeps contents.
        contents: the sends.
        steps: the replies that finished workflow steps had waited for.
        clock: how old they are.
    """

    tenants: TenantStore
    contents: SendContents
    steps: StepStore
    clock: Clock

    async def __call__(self) -> None:
        """One round over all accounts.

        Raises:
            StoreAwayError: the database does not answer.
        """
        now = self.clock.now()
        for portal_id, days in (await self.tenants.retention_days()).items():
            before = now - timedelta(days=days)
            sends, replies = await self.contents.purge(portal_id, before), await self.steps.purge(portal_id, before)
            if sends or replies:
                LOG.info("content.purged", portal_id=portal_id, sends=sends, replies=replies)
