"""Entries and the owners of HubSpot's records, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from timeline.adapters.in_memory.outbox import InMemoryOutbox
from timeline.models import Entry, Intent, Settlement


class InMemoryEntries:
    """Entries by key, and how each ended."""

    def __init__(self, outbox: InMemoryOutbox) -> None:
        self.entries: dict[str, Entry] = {}
        self.settlements: dict[str, Settlement] = {}
        self._outbox = outbox

    async def add(self, entries: Sequence[Entry], now: datetime) -> None:  # noqa: ARG002 - nothing here asks when
        """Keep entries that are not there yet."""
        for entry in entries:
            self.entries.setdefault(entry.id, entry)

    async def read(self, entry_ids: Sequence[str]) -> Sequence[Entry]:
        """Those that exist, in the order of their ids here."""
        return [self.entries[entry_id] for entry_id in entry_ids if entry_id in self.entries]

    async def intend(self, entry_id: str, intent: Intent, *, instead_of: Collection[int] = ()) -> Entry:
        """Note an intent down, drop those of earlier fences that came to nothing; the entry as it is now."""
        entry = self.entries[entry_id]
        standing = [one for one in entry.intents if one.fence not in {*instead_of, intent.fence}]
        self.entries[entry_id] = replace(entry, intents=(*standing, intent), attempts=entry.attempts + 1)
        return self.entries[entry_id]

    async def withdraw(self, entry_id: str, fence: int, *, gone: str | None = None) -> None:
        """Drop an intent: nothing was written."""
        entry = self.entries[entry_id]
        self.entries[entry_id] = replace(
            entry,
            intents=tuple(one for one in entry.intents if one.fence != fence),
            gone=entry.gone if gone is None else (*entry.gone, gone),
        )

    async def postpone(self, entry_id: str, until: datetime, reason: str) -> None:  # noqa: ARG002 - for people to read
        """Leave an entry alone for a while."""
        self.entries[entry_id] = replace(self.entries[entry_id], due_at=until)

    async def settle(self, entry_id: str, settlement: Settlement) -> None:
        """Note down how it ended, together with the events that tell it."""
        self.entries[entry_id] = replace(
            self.entries[entry_id],
            state=settlement.state,
            communication_id=settlement.communication_id,
            intents=(),
            due_at=None,
        )
        self.settlements[entry_id] = settlement
        self._outbox.put(entry_id, settlement.events)


class InMemoryCommunications:
    """Owners of records; the first one stays."""

    def __init__(self) -> None:
        self.owners: dict[tuple[int, str], str] = {}

    async def own(self, portal_id: int, communication_id: str, entry_id: str) -> bool:
        """Claim a record for an entry; false if it is another's."""
        return self.owners.setdefault((portal_id, communication_id), entry_id) == entry_id
