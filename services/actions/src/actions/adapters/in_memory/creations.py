"""Created contacts in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from actions.models import Creation, SettledCreation


class InMemoryCreationQueue:
    """Created contacts that nothing final is known of, by key."""

    def __init__(self) -> None:
        self.waiting: dict[str, Creation] = {}

    async def put(self, creations: Sequence[Creation]) -> None:
        """Keep them; one that waits already stays as it is."""
        for creation in creations:
            self.waiting.setdefault(creation.key, creation)

    async def accounts_due(self, now: datetime, busy: Collection[int]) -> Sequence[int]:
        """Accounts with something due, but for those."""
        due = {creation.portal_id for creation in self.waiting.values() if creation.due_at <= now}
        return sorted(due - set(busy))

    async def take(self, portal_id: int, now: datetime, hide_until: datetime, limit: int) -> Sequence[Creation]:
        """Some of an account's that are due, oldest first; nobody else is given them until then."""
        own = [one for one in self.waiting.values() if one.portal_id == portal_id and one.due_at <= now]
        taken = sorted(own, key=lambda one: one.due_at)[:limit]
        for creation in taken:
            self.waiting[creation.key] = replace(creation, due_at=hide_until)
        return taken

    async def put_off(self, creation: Creation, until: datetime) -> None:
        """Look at it again then."""
        if creation.key in self.waiting:
            self.waiting[creation.key] = replace(creation, due_at=until, attempts=creation.attempts + 1)

    async def put_off_account(self, portal_id: int, until: datetime) -> None:
        """Look at nothing of this account before then."""
        for key, creation in self.waiting.items():
            if creation.portal_id == portal_id and creation.due_at < until:
                self.waiting[key] = replace(creation, due_at=until)

    async def remove(self, creation: Creation) -> None:
        """It is settled."""
        self.waiting.pop(creation.key, None)


class InMemoryCreationRecords:
    """What became of created contacts, by key."""

    def __init__(self) -> None:
        self.settled: dict[str, SettledCreation] = {}

    async def record(self, settled: Sequence[SettledCreation]) -> None:
        """Keep them; what is known of a contact stays as it is."""
        for one in settled:
            self.settled.setdefault(one.key, one)

    async def find(self, key: str) -> SettledCreation | None:
        """What became of a contact."""
        return self.settled.get(key)


class InMemoryInstallTimes:
    """Since when each account's current install stands."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, datetime]] = {}

    async def note(self, portal_id: int, generation: int, at: datetime) -> None:
        """Keep when a generation began, unless a later one is known."""
        known = self._known.get(portal_id)
        if known is None or generation > known[0]:
            self._known[portal_id] = generation, at

    async def since(self, portal_id: int) -> datetime | None:
        """When the newest generation known began."""
        known = self._known.get(portal_id)
        return None if known is None else known[1]
