"""Where an id leads, for operators."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from timeline.models import InboxView, Received, Ref


class Refs(Protocol):
    """Which ids lead to which conversations."""

    async def add(self, refs: Collection[Ref]) -> None:
        """Keep these; an id that leads to many keys keeps some tens of them, the newest among them."""
        ...

    async def find(self, keys: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Where those of these ids lead that are known, by `Ref.key`."""
        ...

    async def forget(self, refs: Collection[Ref]) -> None:
        """Forget that these ids lead there."""
        ...


class NumberHash(Protocol):
    """Turns a phone number into what may be kept of it."""

    def __call__(self, number: str) -> str:
        """The keyed hash of a number as it came, in hexadecimal."""
        ...


class InboxViews(Protocol):
    """The inbox as an operator sees it."""

    async def named(self, asked: str, limit: int) -> Collection[str]:
        """Keys of the newest rows whose event, trace or conversation has this id."""
        ...

    async def of_chats(self, chat_ids: Collection[str], limit: int) -> Collection[str]:
        """Keys of the newest rows of these conversations."""
        ...

    async def look_at(self, row_ids: Collection[str]) -> Sequence[InboxView]:
        """Those that exist, in no order."""
        ...


class InboxNames(Protocol):
    """The ids that rows of the inbox are found by."""

    async def in_use(self, chat_ids: Collection[str], but: Collection[str]) -> Collection[str]:
        """Those conversations of which any row but these was given to an account, or still waits to be."""
        ...

    async def keep_names(self, received: Collection[Received]) -> None:
        """Let rows that are there be found by their event, trace and conversation."""
        ...

    async def forget_names(self, row_ids: Collection[str]) -> int:
        """Let nothing but its key lead to a row any more; how many rows anything led to."""
        ...


class RecordOwners(Protocol):
    """Which replies HubSpot's records belong to, whatever the account."""

    async def owners_anywhere(self, portal_ids: Collection[int], record: str) -> Collection[str]:
        """The entries that a communication id belongs to in one of these accounts."""
        ...
