"""What changes of HubSpot's contacts mean for replies: who they belong to, what may be tried again, what must go.

HubSpot tells changes unordered and at least once; doing the same again does no harm.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.randomness import Randomness
from contracts.contacts import ContactErased, ContactMerged
from timeline.handlers.assignment import TICKET_BYTES
from timeline.handlers.contacts import linked
from timeline.handlers.refs import RefKeeper
from timeline.handlers.requeueing import Requeue
from timeline.models import Conversation
from timeline.ports import EntryKeeper, InboxKeeper, LinkKeeper, Retries, Unmatched, WorkLists

LOG = get_log()

_INDEXED_AFTER: Final = timedelta(seconds=15)
"""HubSpot's search lags behind its records by seconds."""

_INDEXED_BY: Final = timedelta(minutes=3)
"""When a search that still does not find a new contact is not late any more: the second and last try."""

_LIMIT: Final = 100


class ContactChanges:
    """Follows contacts."""

    def __init__(
        self,
        *,
        links: LinkKeeper,
        entries: EntryKeeper,
        inbox: InboxKeeper,
        unmatched: Unmatched,
        retries: Retries,
        refs: RefKeeper,
        lanes: WorkLists,
        requeue: Requeue,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._links, self._entries, self._inbox = links, entries, inbox
        self._unmatched, self._retries, self._lanes = unmatched, retries, lanes
        self._refs = refs
        self._requeue, self._clock, self._randomness = requeue, clock, randomness

    async def found(self, portal_ids: Collection[int]) -> None:
        """Contacts appeared, or have another number: replies without a contact may have one soon."""
        now = self._clock.now()
        waiting = [portal_id for portal_id in portal_ids if await self._unmatched.of_portal(portal_id)]
        await self._retries.schedule(waiting, now + _INDEXED_AFTER, now + _INDEXED_BY)

    async def retry_due(self) -> Collection[int]:
        """Put replies back on their lanes whose account's contacts changed a while ago; those lanes."""
        portal_ids: set[int] = set()
        for retry in await self._retries.due(self._clock.now(), _LIMIT):
            portal_ids.update(await self._requeue(await self._unmatched.of_portal(retry.portal_id)))
            await self._retries.done(retry)
        return portal_ids

    async def merged(self, merge: ContactMerged) -> Collection[int]:
        """Conversations of contacts that are gone go on with the one that lives, and what failed there is tried again.

        The result names the lanes that got work.
        """
        moved = await self._links.of_contacts(merge.portal_id, merge.merged_ids)
        now = self._clock.now()
        for conversation in moved:
            await self._links.move(conversation, merge.contact_id, linked(conversation, merge.contact_id, now))
        await self._refs.linked([(conversation, merge.contact_id) for conversation in moved])
        revived = await self._entries.revive(merge.portal_id, merge.merged_ids)
        works = [entry.work(self._randomness.token(TICKET_BYTES)) for entry in revived]
        if works:
            await self._lanes.add({merge.portal_id: works}, now)
        LOG.info("contact.followed", portal_id=merge.portal_id, contact_id=merge.contact_id, conversations=len(moved))
        return [merge.portal_id] if works else ()

    async def erased(self, erasure: ContactErased) -> dict[str, int]:
        """Forget what a contact wrote, everywhere, and leave a mark in their conversations; how much there was."""
        now = self._clock.now()
        chats = await self._links.of_contacts(erasure.portal_id, [erasure.contact_id])
        count = await self._entries.erase(erasure.portal_id, erasure.contact_id, chats, now)
        await self._refs.erased(erasure.contact_id, chats)
        for conversation in chats:  # last, for they say which conversations these were
            await self._inbox.erase(conversation.chert_tenant, [conversation.chat_id])
            await self._links.erase(conversation, now)
        await self._forget_unmatched(chats)
        LOG.info("contact.erased", portal_id=erasure.portal_id, contact_id=erasure.contact_id, entries=count)
        return {"replies": count, "conversations": len(chats)}

    async def _forget_unmatched(self, chats: Sequence[Conversation]) -> None:
        for conversation, works in (await self._unmatched.of(chats)).items():
            await self._unmatched.remove(conversation, [work.entry_id for work in works])
