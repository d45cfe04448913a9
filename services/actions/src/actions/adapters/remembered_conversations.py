"""Conversations as they were read or written a moment ago.

A card that polls asks the same of them every few seconds, and most of what events tell of conversations is known.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from actions.adapters.remembering import Latest, Remembered
from actions.models import Author, ContactChat, NumberChat, Wish
from actions.ports import AuthorStore, ConversationStore, WishStore
from chassis.clock import Clock

RECENT_SECONDS: Final = 5.0
"""How long a chat counts as it was read: what another process learns is seen so much later."""

LEARNED_SECONDS: Final = 60.0
"""How long what this process learned is not written again. Another process learns of the same conversation only after
its partition moved there."""

WISH_SECONDS: Final = 2.0
"""How long the card shows a wish as it was read; a send asks anew."""

STALE_SECONDS: Final = 60.0
"""How long chats and wishes are shown as they were read while the database is slow."""

PATIENCE_SECONDS: Final = 0.02
"""How long the card waits for one of them to be read again: several times what a database that is not busy takes."""


class RememberedWishes:
    """Reads a number's wish once in a while, for what only shows it; every method raises `StoreAwayError`.

    While the database is slow it is shown as it was, and read beside.
    """

    def __init__(self, kept: WishStore, clock: Clock) -> None:
        self._kept = kept
        self._found = Remembered(self._find, seconds=WISH_SECONDS, clock=clock)

    async def record(self, chert_tenant: str, number_hash: str, wish: Wish) -> bool:
        """Keep a wish unless a later one is known; tells whether it was kept."""
        try:
            return await self._kept.record(chert_tenant, number_hash, wish)
        finally:
            self._found.forget((chert_tenant, number_hash))

    async def opted_out_since(self, chert_tenant: str, number_hash: str) -> datetime | None:
        """Since when this number wants no messages; none while it does, as of a moment ago."""
        key = chert_tenant, number_hash
        return (await self._found.soon(key, seconds=STALE_SECONDS, patience=PATIENCE_SECONDS))[0]

    async def _find(self, key: tuple[str, str]) -> tuple[datetime | None]:
        return (await self._kept.opted_out_since(*key),)


class RememberedConversations:
    """Reads a number's chat once in a while, and writes what is new; every method raises `StoreAwayError`.

    That a chat is not known is never remembered: the next call looks again. While the database is slow a chat is told
    as it was, and read beside.
    """

    def __init__(self, kept: ConversationStore, clock: Clock) -> None:
        self._kept, self._clock = kept, clock
        self._found = Remembered(self._find, seconds=RECENT_SECONDS, clock=clock)
        self._learned: Latest[tuple[str, str], tuple[NumberChat, float]] = Latest()

    async def learn(self, chats: Sequence[NumberChat]) -> None:
        """Remember the chats of numbers that no send says; what was learned of the same number is replaced."""
        new = [chat for chat in chats if not self._is_known(chat)]
        if not new:
            return
        for chat in new:
            self._learned.forget(_number(chat))
        try:
            await self._kept.learn(new)
        finally:
            for chat in new:
                self._found.forget(_number(chat))  # also when the answer got lost: it may have been kept
        at = self._clock.monotonic()
        for chat in new:
            self._learned.set(_number(chat), (chat, at))

    async def link(self, chat: ContactChat) -> None:
        """Remember the chat of a contact; what was known of the same contact is replaced."""
        await self._kept.link(chat)

    async def of_number(self, chert_tenant: str, number_hash: str) -> NumberChat | None:
        """The chat with a number, as it was a few seconds ago; a minute at most, while the database is slow."""
        key = chert_tenant, number_hash
        return await self._found.soon(key, seconds=STALE_SECONDS, patience=PATIENCE_SECONDS)

    async def of_contact(self, portal_id: int, chert_tenant: str, contact_id: str) -> str | None:
        """The chat that was linked to a contact."""
        return await self._kept.of_contact(portal_id, chert_tenant, contact_id)

    async def number_of(self, chert_tenant: str, chat_id: str) -> str | None:
        """The hash of the number that a chat is with."""
        return await self._kept.number_of(chert_tenant, chat_id)

    async def unlink(self, portal_id: int, contact_id: str) -> None:
        """Forget which chat was linked to a contact."""
        await self._kept.unlink(portal_id, contact_id)

    async def _find(self, key: tuple[str, str]) -> NumberChat | None:
        return await self._kept.of_number(*key)

    def _is_known(self, chat: NumberChat) -> bool:
        """Whether this process wrote the same not long ago."""
        known, at = self._learned.get(_number(chat)) or (None, 0.0)
        return known is not None and known.chat_id == chat.chat_id and self._clock.monotonic() - at < LEARNED_SECONDS


class RememberedAuthors:
    """Reads each author once: who caused a message never changes. Methods raise `StoreAwayError`."""

    def __init__(self, kept: AuthorStore) -> None:
        self._kept = kept
        self._known: Latest[tuple[str, str], Author] = Latest()

    async def of(self, chert_tenant: str, message_ids: Sequence[str]) -> Mapping[str, Author]:
        """The authors of messages, by message id; a message of unknown author is absent."""
        known = {id_: author for id_ in message_ids if (author := self._known.get((chert_tenant, id_))) is not None}
        unknown = [id_ for id_ in message_ids if id_ not in known]
        if not unknown:
            return known
        read = await self._kept.of(chert_tenant, unknown)
        for id_, author in read.items():
            self._known.set((chert_tenant, id_), author)
        return {**known, **read}


def _number(chat: NumberChat) -> tuple[str, str]:
    return chat.chert_tenant, chat.number_hash
