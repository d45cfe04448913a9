"""Conversations as this service remembers them; every method raises `StoreAwayError` when the database does not answer.

Numbers come as keyed hashes: what is remembered here outlives the content of messages.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from actions.models import Author, ContactChat, NumberChat, Wish


class NumberHash(Protocol):
    """A number's keyed hash: the same for the same number, and of no use without the key."""

    def __call__(self, number: str) -> str:
        """The hash of a number in E.164, as text."""
        ...


class ConversationStore(Protocol):
    """Which chat belongs to which number and contact: a send says it itself, the rest is learned."""

    async def learn(self, chats: Sequence[NumberChat]) -> None:
        """Remember the chats of numbers that no send says; what was learned of the same number is replaced."""
        ...

    async def link(self, chat: ContactChat) -> None:
        """Remember the chat of a contact; what was known of the same contact is replaced."""
        ...

    async def of_number(self, chert_tenant: str, number_hash: str) -> NumberChat | None:
        """The chat with a number: that of the last message that went out to it, else the one that was learned."""
        ...

    async def of_contact(self, portal_id: int, chert_tenant: str, contact_id: str) -> str | None:
        """The chat that was linked to a contact."""
        ...

    async def number_of(self, chert_tenant: str, chat_id: str) -> str | None:
        """The hash of the number that a chat is with."""
        ...

    async def unlink(self, portal_id: int, contact_id: str) -> None:
        """Forget which chat was linked to a contact."""
        ...


class AuthorStore(Protocol):
    """Who caused which outbound message."""

    async def of(self, chert_tenant: str, message_ids: Sequence[str]) -> Mapping[str, Author]:
        """The authors of messages, by message id; a message of unknown author is absent."""
        ...


class WishStore(Protocol):
    """Who wants no messages, per project and number."""

    async def record(self, chert_tenant: str, number_hash: str, wish: Wish) -> bool:
        """Keep a wish unless a later one is known; tells whether it was kept."""
        ...

    async def opted_out_since(self, chert_tenant: str, number_hash: str) -> datetime | None:
        """Since when this number wants no messages; none while it does."""
        ...
