"""HubSpot, and the places where tests make a process die."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from timeline.models import (
    Candidate,
    FaultPoint,
    Note,
    Written,
)


class Timeline(Protocol):
    """HubSpot's timeline of a contact."""

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

    def written(self, portal_id: int, contact_id: str) -> AsyncIterator[Written]:
        """The contact's communications, found by association.

        Raises:
            AccountError: they cannot be read now.
            ContactGoneError: there is no such contact.
            ReplyRefusedError: HubSpot will not show them.
        """
        ...


class ContactSearch(Protocol):
    """HubSpot's search for contacts."""

    async def by_phone(self, portal_id: int, national_number: str) -> Sequence[Candidate]:
        """Contacts that may have this number; verify each.

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
