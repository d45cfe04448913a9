"""Created contacts: those that wait, and what became of the others.

Every method but those of `AutoSendFacts` raises `StoreAwayError` when the database does not answer.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from actions.models import Creation, SettledCreation


class CreationQueue(Protocol):
    """Created contacts that nothing final is known of."""

    async def put(self, creations: Sequence[Creation]) -> None:
        """Keep them; one that waits already stays as it is."""
        ...

    async def accounts_due(self, now: datetime, busy: Collection[int]) -> Sequence[int]:
        """Accounts with something due, but for those."""
        ...

    async def take(self, portal_id: int, now: datetime, hide_until: datetime, limit: int) -> Sequence[Creation]:
        """Some of an account's that are due, oldest first; nobody else is given them until then."""
        ...

    async def put_off(self, creation: Creation, until: datetime) -> None:
        """Look at it again then."""
        ...

    async def put_off_account(self, portal_id: int, until: datetime) -> None:
        """Look at nothing of this account before then."""
        ...

    async def remove(self, creation: Creation) -> None:
        """It is settled."""
        ...


class CreationRecords(Protocol):
    """What became of created contacts; kept for the life of the account."""

    async def record(self, settled: Sequence[SettledCreation]) -> None:
        """Keep them; what is known of a contact stays as it is."""
        ...

    async def find(self, key: str) -> SettledCreation | None:
        """What became of a contact."""
        ...


class InstallTimes(Protocol):
    """Since when each account's current install stands."""

    async def note(self, portal_id: int, generation: int, at: datetime) -> None:
        """Keep when a generation began, unless a later one is known."""
        ...

    async def since(self, portal_id: int) -> datetime | None:
        """When the newest generation known began."""
        ...


class AutoSendFacts(Protocol):
    """What Chert must tell before a template goes out; both raise `ChertAwayError` when it cannot be asked."""

    async def template(self, chert_tenant: str) -> str | None:
        """The project's template; none where Chert does not tell it."""
        ...

    async def has_conversation(self, chert_tenant: str, phone: str) -> bool:
        """Whether Chert says that messages were exchanged with a number in E.164."""
        ...
