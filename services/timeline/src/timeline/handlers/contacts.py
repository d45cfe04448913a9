"""Finding the contacts that replies belong to.

The link of the conversation decides. Without one, HubSpot is searched by phone number and every find is verified by
its number in E.164; of several that have it, the oldest record (the lowest id) gets the reply, and the conversation
stays with it. A later send to another contact moves the conversation there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.tracing import current_traceparent
from contracts.envelope import Event
from contracts.messages import ContactLinked
from contracts.tenants import TenantSnapshot
from contracts.topics import CONTACT_LINKED
from timeline.errors import BudgetSpentError
from timeline.handlers import phones
from timeline.handlers.budget import Budget
from timeline.handlers.refs import RefKeeper
from timeline.models import Candidate, Conversation, Entry
from timeline.ports import ContactSearch, Links

LOG = get_log()

NUMBERS: Final = 50
"""How many numbers go into one search; HubSpot's 3,000 characters hold a few more."""


@dataclass
class Searched:
    """What searches came to.

    Attributes:
        contacts: by entry, whose contact was found.
        unsearched: entries for which the account took no more searches now.
        wait_seconds: for how long it takes none.
    """

    contacts: dict[str, str] = field(default_factory=dict)
    unsearched: list[Entry] = field(default_factory=list)
    wait_seconds: float = 0.0


class ContactFinder:
    """Finds contacts and remembers them as links."""

    def __init__(self, *, links: Links, refs: RefKeeper, search: ContactSearch, budget: Budget, clock: Clock) -> None:
        self._links, self._refs, self._search = links, refs, search
        self._budget, self._clock = budget, clock

    async def linked(self, entries: Collection[Entry]) -> Mapping[str, str]:
        """By entry, the contact that it was sent to, or that its conversation is linked to, unless that is gone."""
        unknown = {entry.conversation for entry in entries if not (entry.sent_to or entry.linked_to)}
        found = await self._links.find(unknown) if unknown else {}
        return {
            entry.id: contact_id
            for entry in entries
            if (contact_id := entry.sent_to or entry.linked_to or found.get(entry.conversation)) is not None
            and contact_id not in entry.gone
        }

    async def search(self, entries: Sequence[Entry], tenant: TenantSnapshot) -> Searched:
        """Search for the contacts of these entries; each find becomes the link of its conversation.

        Raises:
            AccountError: HubSpot cannot be searched now.
            ReplyRefusedError: it will not search for this.
        """
        by_number = _by_number(entries)
        numbers = sorted(by_number)
        groups = [numbers[start : start + NUMBERS] for start in range(0, len(numbers), NUMBERS)]
        searched = Searched()
        while groups:
            group = groups.pop()
            try:
                self._budget.require_search(tenant.portal_id)
            except BudgetSpentError as error:
                left = [number for one in (*groups, group) for number in one]
                searched.unsearched = [entry for number in left for entry in by_number[number]]
                searched.wait_seconds = error.retry_after_seconds or 0.0
                break
            found = await self._search.by_phones(tenant.portal_id, group)
            if not found.whole and len(group) > 1:
                half = len(group) // 2
                groups += [group[:half], group[half:]]
                continue
            for entry in (entry for number in group for entry in by_number[number]):
                await self._link(entry, found.candidates, tenant, searched)
        return searched

    async def _link(
        self, entry: Entry, candidates: Sequence[Candidate], tenant: TenantSnapshot, searched: Searched
    ) -> None:
        owners = phones.owners(candidates, entry.message.sender, tenant.settings.default_region, entry.gone)
        if not owners:
            return
        contact_id = await self._links.claim(
            entry.conversation,
            owners[0],
            gone=entry.gone,
            event=linked(entry.conversation, owners[0], self._clock.now()),
        )
        await self._refs.linked([(entry.conversation, contact_id)])
        LOG.info("contact.linked", conversation=entry.conversation.id, contact_id=contact_id, candidates=len(owners))
        if contact_id not in entry.gone:
            searched.contacts[entry.id] = contact_id


def linked(conversation: Conversation, contact_id: str, now: datetime) -> Event[ContactLinked]:
    """What the world is told of a link."""
    return Event(
        type=CONTACT_LINKED,
        id=f"contact.linked:{conversation.id}:{contact_id}",
        source="/timeline",
        time=now,
        subject=contact_id,
        traceparent=current_traceparent(),
        data=ContactLinked(
            portal_id=conversation.portal_id,
            chert_tenant=conversation.chert_tenant,
            chat_id=conversation.chat_id,
            contact_id=contact_id,
            linked_at=now,
        ),
    )


def _by_number(entries: Sequence[Entry]) -> Mapping[str, Sequence[Entry]]:
    """Entries by what HubSpot's search takes; those from e-mail addresses are left out."""
    by_number: dict[str, list[Entry]] = {}
    for entry in entries:
        number = phones.national(entry.message.sender)
        if number is not None:
            by_number.setdefault(number, []).append(entry)
    return by_number
