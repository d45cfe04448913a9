"""Sent messages on the timeline, where an account's settings ask for them.

They take the way of replies: an entry, a line on the lane, one write. They come after all replies that are due, and
wait for nothing but themselves: the contact is the one that was written to.
"""

from collections.abc import Collection, Sequence

from chassis.clock import Clock
from chassis.randomness import Randomness
from contracts.envelope import Event
from contracts.messages import MessagePart, MessageReceived, MessageSent
from contracts.tenants import TenantSnapshot
from timeline.handlers.assignment import TICKET_BYTES
from timeline.models import Entry, Work
from timeline.ports import NewEntries, Tenants, WorkLists


class SentLog:
    """Takes in sent messages."""

    def __init__(
        self, *, tenants: Tenants, entries: NewEntries, lanes: WorkLists, clock: Clock, randomness: Randomness
    ) -> None:
        self._tenants, self._entries, self._lanes = tenants, entries, lanes
        self._clock, self._randomness = clock, randomness

    async def keep(self, events: Sequence[Event[MessageSent]]) -> Collection[int]:
        """Keep those whose account wants them, and name the lanes that got work; doing it again changes nothing.

        A list that is full takes none: sent messages are for reading, replies come first.
        """
        tenants = await self._tenants.active({event.data.chert_tenant for event in events})
        wanting = {one.portal_id: one for one in tenants if one.settings.log_sent_messages}
        entries = [_entry(event, wanting[event.data.portal_id]) for event in events if event.data.portal_id in wanting]
        if not entries:
            return ()
        now = self._clock.now()
        await self._entries.add(entries, now)
        works: dict[int, list[Work]] = {}
        for entry in entries:
            works.setdefault(entry.portal_id, []).append(entry.work(self._randomness.token(TICKET_BYTES)))
        return works.keys() - await self._lanes.add(works, now)


def _entry(event: Event[MessageSent], tenant: TenantSnapshot) -> Entry:
    sent = event.data
    message = MessageReceived(
        chert_tenant=sent.chert_tenant,
        chat_id=sent.chat_id,
        message_id=sent.message_id,
        event_id=sent.message_id,
        sender=sent.phone,
        parts=(MessagePart(type="text", value=sent.body),),
        received_at=sent.at,
    )
    return Entry(
        portal_id=sent.portal_id,
        project_id=tenant.project_id,
        generation=sent.generation,
        message=message,
        traceparent=event.traceparent,
        sent_to=sent.contact_id,
    )
