"""Which contact a conversation belongs to, and what waits until that is known."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from contracts.envelope import Event
from contracts.messages import ContactLinked, MessageSent
from timeline.models import (
    Conversation,
    Work,
)


class SentLinks(Protocol):
    """Which contact a conversation belongs to, as sends tell."""

    async def learn(self, sent: Sequence[MessageSent]) -> None:
        """Link each conversation to the contact of its newest send."""
        ...

    async def begun(self, conversations: Collection[Conversation]) -> Collection[Conversation]:
        """Those among these in which the account has sent something; what a search linked is not among them."""
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


class LinkStore(SentLinks, Links, Protocol):
    """The links, whole."""
