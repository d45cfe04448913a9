"""Which contact a conversation belongs to, and what waits until that is known."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from contracts.envelope import Event
from contracts.messages import ContactLinked, MessageSent
from timeline.models import (
    Conversation,
    Retry,
    SentTrace,
    Standing,
    Work,
)


class SentLinks(Protocol):
    """Which contact a conversation belongs to, as sends tell."""

    async def learn(self, sent: Sequence[MessageSent]) -> None:
        """Link each conversation to the contact of its newest send."""
        ...

    async def trace(self, sends: Mapping[Conversation, SentTrace]) -> None:
        """Keep the traces of sends, for the replies to them; of each conversation that is linked, the newest."""
        ...

    async def standing(self, conversations: Collection[Conversation]) -> Mapping[Conversation, Standing]:
        """What is known of these; a link that only a search made is no send of the account's."""
        ...


class Links(Protocol):
    """Which contact a conversation belongs to."""

    async def find(self, conversations: Collection[Conversation]) -> Mapping[Conversation, str]:
        """The contacts that are known."""
        ...

    async def claim(
        self, conversation: Conversation, contact_id: str, *, gone: Collection[str], event: Event[ContactLinked]
    ) -> str:
        """Link a conversation that has no link, or one to a contact that is gone, and tell it with the same write.

        The result is the contact that it is linked to now: the given one, or the one that was there already.
        """
        ...


class Unmatched(Protocol):
    """Replies without a contact, by conversation."""

    async def add(self, conversation: Conversation, work: Work) -> None:
        """Keep a reply."""
        ...

    async def of(self, conversations: Collection[Conversation]) -> Mapping[Conversation, Sequence[Work]]:
        """What waits in these conversations."""
        ...

    async def of_portal(self, portal_id: int) -> Mapping[Conversation, Sequence[Work]]:
        """What waits in all conversations of an account."""
        ...

    async def remove(self, conversation: Conversation, entry_ids: Collection[str]) -> None:
        """Forget replies that are on a work list again."""
        ...


class LinkKeeper(Protocol):
    """Links as changes of contacts concern them: rare, so they may read all links of an account."""

    async def of_contacts(self, portal_id: int, contact_ids: Collection[str]) -> Sequence[Conversation]:
        """The conversations that are linked to one of these contacts."""
        ...

    async def move(self, conversation: Conversation, contact_id: str, event: Event[ContactLinked]) -> None:
        """Link a conversation to another contact, and tell it with the same write."""
        ...

    async def erase(self, conversation: Conversation, now: datetime) -> None:
        """Forget the contact, and leave a mark that what came before must not be kept."""
        ...


class Retries(Protocol):
    """Accounts whose unmatched replies are to be tried again soon."""

    async def schedule(self, portal_ids: Collection[int], due_at: datetime, until: datetime) -> None:
        """Try them at the earlier of what is scheduled and `due_at`, the last time at the later `until`."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[Retry]:
        """Those whose time has come."""
        ...

    async def done(self, retry: Retry) -> None:
        """It was tried: again at its `until`, or never, unless it was scheduled anew in between."""
        ...


class LinkStore(SentLinks, Links, LinkKeeper, Protocol):
    """The links, whole."""
