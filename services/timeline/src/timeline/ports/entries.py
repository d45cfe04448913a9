"""Entries: one reply for one account each."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from timeline.models import (
    Entry,
    Intent,
    Settlement,
)


class NewEntries(Protocol):
    """Where assigned replies are kept."""

    async def add(self, entries: Sequence[Entry], now: datetime) -> None:
        """Keep entries that are not there yet."""
        ...


class EntryReader(Protocol):
    """Entries as a lane reads them."""

    async def read(self, entry_ids: Sequence[str]) -> Sequence[Entry]:
        """Those that exist, in the order of their ids here."""
        ...


class IntentLog(Protocol):
    """What is about to be written, noted down before it is."""

    async def intend(self, entry_id: str, intent: Intent, *, instead_of: Collection[int] = ()) -> Entry:
        """Note an intent down, drop those of earlier fences that came to nothing; the entry as it is now."""
        ...

    async def withdraw(self, entry_id: str, fence: int, *, gone: str | None = None) -> None:
        """Drop an intent: nothing was written. `gone` names a contact that does not exist any more."""
        ...


class EntryOutcomes(Protocol):
    """What became of entries."""

    async def postpone(self, entry_id: str, until: datetime, reason: str) -> None:
        """Leave an entry alone for a while."""
        ...

    async def settle(self, entry_id: str, settlement: Settlement) -> None:
        """Note down how it ended, drop its intents, keep its events for the relay, all in one write."""
        ...


class Communications(Protocol):
    """Which reply a HubSpot record belongs to."""

    async def own(self, portal_id: int, communication_id: str, entry_id: str) -> bool:
        """Claim a record for a reply; false if it is another's."""
        ...


class EntryStore(NewEntries, EntryReader, IntentLog, EntryOutcomes, Protocol):
    """The entries, whole."""
