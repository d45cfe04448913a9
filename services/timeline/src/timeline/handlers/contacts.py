"""Finding the contact that a reply belongs to.

The link of the conversation decides. Without one, HubSpot is searched by phone number and every find is verified by
its number in E.164; of several that have it, the oldest record (the lowest id) gets the reply, and the conversation
stays with it. A later send to another contact moves the conversation there.
"""

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.tracing import current_traceparent
from contracts.envelope import Event
from contracts.messages import ContactLinked
from contracts.tenants import TenantSnapshot
from contracts.topics import CONTACT_LINKED
from timeline.handlers import phones
from timeline.models import Entry
from timeline.ports import ContactSearch, Links

LOG = get_log()


class ContactFinder:
    """Finds contacts and remembers them as links."""

    def __init__(self, *, links: Links, search: ContactSearch, clock: Clock) -> None:
        self._links, self._search, self._clock = links, search, clock

    async def linked(self, entry: Entry) -> str | None:
        """The contact that the conversation is linked to, unless it is gone."""
        contact_id = (await self._links.find([entry.conversation])).get(entry.conversation)
        return None if contact_id in entry.gone else contact_id

    async def find(self, entry: Entry, tenant: TenantSnapshot) -> str | None:
        """The contact by link, else by search; a search that finds one makes the link.

        Raises:
            AccountError: HubSpot cannot be searched now.
            ReplyRefusedError: it will not search for this.
        """
        contact_id = await self.linked(entry)
        if contact_id is not None:
            return contact_id
        owners = await self._owners(entry, tenant)
        if not owners:
            return None
        linked = await self._links.claim(
            entry.conversation, owners[0], gone=entry.gone, event=self._told(entry, owners[0])
        )
        LOG.info("contact.linked", conversation=entry.conversation.id, contact_id=linked, candidates=len(owners))
        return None if linked in entry.gone else linked

    async def _owners(self, entry: Entry, tenant: TenantSnapshot) -> list[str]:
        number = phones.national(entry.message.sender)
        if number is None:
            return []  # an e-mail address: iMessage has such senders, HubSpot's phone search does not
        candidates = await self._search.by_phone(entry.portal_id, number)
        return phones.owners(candidates, entry.message.sender, tenant.settings.default_region, entry.gone)

    def _told(self, entry: Entry, contact_id: str) -> Event[ContactLinked]:
        now = self._clock.now()
        return Event(
            type=CONTACT_LINKED,
            id=f"contact.linked:{entry.conversation.id}:{contact_id}",
            source="/timeline",
            time=now,
            subject=contact_id,
            traceparent=current_traceparent(),
            data=ContactLinked(
                portal_id=entry.portal_id,
                chert_tenant=entry.message.chert_tenant,
                chat_id=entry.message.chat_id,
                contact_id=contact_id,
                linked_at=now,
            ),
        )
