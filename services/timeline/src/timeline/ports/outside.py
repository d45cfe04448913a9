"""HubSpot, and the places where tests make a process die."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Protocol

from timeline.errors import TimelineError
from timeline.models import (
    FaultPoint,
    Found,
    Note,
    Written,
)

Unread = Callable[[Mapping[str, Collection[str]]], Awaitable[Collection[str]]]
"""Asked which of these communications, each with its contacts, are worth reading."""


class CallMeter(Protocol):
    """Who wants to know of calls to HubSpot."""

    def called(self, portal_id: int) -> None:
        """A call begins that counts in the account's window."""
        ...

    def searched(self, portal_id: int) -> None:
        """A search begins; it counts by the second."""
        ...

    def told(self, portal_id: int, maximum: int, remaining: int) -> None:
        """HubSpot said how large the account's window is, and how much of it is left to everyone."""
        ...


class Timeline(Protocol):
    """HubSpot's timeline of a contact."""

    def work_under(self, portal_id: int, generation: int) -> None:
        """From here on an account is called under this install of it and under no other.

        Calls raise `AccountChangedError` while another one is connected.
        """
        ...

    async def prepare(self, portal_id: int) -> None:
        """Have at hand what a write needs, so that it can begin at once.

        Raises:
            AccountError: it cannot be had.
        """
        ...

    async def create(self, portal_id: int, note: Note, *, trace_id: str) -> str:
        """Write a note with its association in one call, once; the communication's id.

        Raises:
            AccountError: nothing was written, and the account has to wait.
            ReplyError: see its kinds; only after `WriteUnknownError` it may have been written.
        """
        ...

    async def create_batch(self, portal_id: int, notes: Mapping[str, Note]) -> Mapping[str, str | TimelineError]:
        """Write up to 100 notes by trace id, each with its association, in one call, once.

        The result has, for each, the communication's id or what happened to it alone.

        Raises:
            AccountError: nothing was written, and the account has to wait.
            ReplyError: about the batch as a whole; only after `WriteUnknownError` any of it may have been written.
        """
        ...

    async def whereabouts(self, portal_id: int, contact_id: str) -> str | None:
        """The id that a contact has now: its own, that of the one it was merged into, or none.

        Raises:
            AccountError: it cannot be asked now.
        """
        ...

    def written(self, portal_id: int, contact_ids: Collection[str], unread: Unread) -> AsyncIterator[Written]:
        """The contacts' communications as far as unread, found by association; a contact that is gone has none.

        Raises:
            AccountError: they cannot be read now.
            ReplyRefusedError: HubSpot will not show them.
        """
        ...


class ContactSearch(Protocol):
    """HubSpot's search for contacts."""

    async def by_phones(self, portal_id: int, national_numbers: Collection[str]) -> Found:
        """Contacts that may have one of these numbers, in one call; verify each.

        Raises:
            AccountError: it cannot be searched now.
            ReplyRefusedError: HubSpot will not search for this.
        """
        ...


class FaultPoints(Protocol):
    """Places where tests make a process die."""

    async def reach(self, point: FaultPoint) -> None:
        """Go on, or never return."""
        ...
