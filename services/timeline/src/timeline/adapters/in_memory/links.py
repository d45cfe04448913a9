"""Links and what waits for them, in memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from chassis.clock import milliseconds
from contracts.envelope import Event
from contracts.messages import ContactLinked, MessageSent
from timeline.adapters.in_memory.outbox import InMemoryOutbox
from timeline.models import Conversation, SentTrace, Standing, Work


class InMemoryLinks:
    """Rank, source and contact of each conversation; the greatest stays, as in `adapters.mongo.links`."""

    def __init__(self, outbox: InMemoryOutbox) -> None:
        self.links: dict[Conversation, tuple[int, str, str]] = {}
        self.erased_at: dict[Conversation, datetime] = {}
        self.traces: dict[Conversation, SentTrace] = {}
        self._outbox = outbox

    async def learn(self, sent: Sequence[MessageSent]) -> None:
        """Link each conversation to the contact of its newest send."""
        for one in sent:
            conversation = Conversation(one.portal_id, one.chert_tenant, one.chat_id)
            newest = (milliseconds(one.at), "send", one.contact_id)
            self.links[conversation] = max(newest, self.links.get(conversation, newest))

    async def trace(self, sends: Mapping[Conversation, SentTrace]) -> None:
        """Keep the traces of sends; the newest stays."""
        for conversation in sends.keys() & self.links.keys():
            kept = self.traces.get(conversation, sends[conversation])
            self.traces[conversation] = max(sends[conversation], kept)

    async def standing(self, conversations: Collection[Conversation]) -> Mapping[Conversation, Standing]:
        """What is known of these."""
        known = {one: self.links[one] for one in conversations if one in self.links}
        return {
            one: Standing(source == "send", self.erased_at.get(one), self.traces.get(one), contact_id or None)
            for one, (_, source, contact_id) in known.items()
        }

    async def find(self, conversations: Collection[Conversation]) -> Mapping[Conversation, str]:
        """The contacts that are known."""
        return {one: self.links[one][2] for one in conversations if one in self.links and self.links[one][2]}

    async def of_contacts(self, portal_id: int, contact_ids: Collection[str]) -> Sequence[Conversation]:
        """The conversations that are linked to one of these contacts."""
        own = [one for one in self.links if one.portal_id == portal_id]
        return [one for one in own if self.links[one][2] in contact_ids]

    async def move(self, conversation: Conversation, contact_id: str, event: Event[ContactLinked]) -> None:
        """Link a conversation to another contact, and tell it with the same write."""
        rank, source, _ = self.links[conversation]
        self.links[conversation] = (rank + 1, source, contact_id)
        self._outbox.put(conversation.id, [event])

    async def erase(self, conversation: Conversation, now: datetime) -> None:
        """Forget the contact, and leave a mark that what came before must not be kept."""
        rank, source, _ = self.links[conversation]
        self.links[conversation] = (rank + 1, source, "")
        self.erased_at[conversation] = now
        self._outbox.forget(conversation.id)

    async def claim(
        self, conversation: Conversation, contact_id: str, *, gone: Collection[str], event: Event[ContactLinked]
    ) -> str:
        """Link a conversation that has no link, or one to a contact that is gone; the contact it has now."""
        rank, source, linked = self.links.get(conversation, (-1, "search", None))
        if linked and linked not in gone:
            return linked
        self.links[conversation] = (rank + 1, source, contact_id)
        self._outbox.put(conversation.id, [event])
        return contact_id


class InMemoryUnmatched:
    """Replies without a contact by conversation."""

    def __init__(self) -> None:
        self.works: dict[Conversation, list[Work]] = {}

    async def add(self, conversation: Conversation, work: Work) -> None:
        """Keep a reply."""
        self.works.setdefault(conversation, []).append(work)

    async def of(self, conversations: Collection[Conversation]) -> Mapping[Conversation, Sequence[Work]]:
        """What waits in these conversations."""
        return {one: tuple(self.works[one]) for one in conversations if one in self.works}

    async def of_portal(self, portal_id: int) -> Mapping[Conversation, Sequence[Work]]:
        """What waits in all conversations of an account."""
        return await self.of([one for one in self.works if one.portal_id == portal_id])

    async def remove(self, conversation: Conversation, entry_ids: Collection[str]) -> None:
        """Forget replies, and the conversation with the last of them."""
        left = [work for work in self.works.pop(conversation, ()) if work.entry_id not in entry_ids]
        if left:
            self.works[conversation] = left
