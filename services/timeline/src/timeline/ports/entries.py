"""Entries: one reply for one account each."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from timeline.models import (
    Announced,
    Conversation,
    Entry,
    Intention,
    Settlement,
    Shown,
    Withdrawal,
)
from timeline.ports.refs import RecordOwners


class NewEntries(Protocol):
    """Where assigned replies are kept."""

    async def add(self, entries: Sequence[Entry], now: datetime) -> Sequence[Entry]:
        """Keep entries that are not there yet; those."""
        ...


class EntryReader(Protocol):
    """Entries as a lane reads them."""

    async def read(self, entry_ids: Sequence[str]) -> Sequence[Entry]:
        """Those that exist, in the order of their ids here."""
        ...


class IntentLog(Protocol):
    """What is about to be written, noted down before it is."""

    async def intend(self, intentions: Sequence[Intention]) -> Mapping[str, Announced]:
        """Note intents down on entries that are open and have none; then how the entries stand, by id."""
        ...

    async def withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        """Drop intents: nothing was written; a look that found that out has ended."""
        ...

    async def begin_look(self, entry_ids: Collection[str]) -> None:
        """Note that a look for entries begins; they are due until it ends, as it does when they are settled."""
        ...

    async def end_look(self, entry_ids: Collection[str]) -> None:
        """Note that a look ended and came to nothing; those before it count no more."""
        ...


class EntryOutcomes(Protocol):
    """What became of entries."""

    async def postpone(self, entry_ids: Sequence[str], until: datetime, reason: str) -> None:
        """Leave entries alone for a while."""
        ...

    async def settle(self, settlements: Mapping[str, Settlement]) -> None:
        """Note down by entry how it ended, drop its intents, keep its events for the relay, all in one write each."""
        ...


class EntryHistory(Protocol):
    """Entries as people look at them."""

    async def latest(self, portal_id: int, since: datetime, limit: int) -> Sequence[Shown]:
        """The latest of an account, newest first."""
        ...

    async def look_at(self, entry_ids: Sequence[str]) -> Sequence[Shown]:
        """Those that exist, in the order of their ids here."""
        ...


class EntryKeeper(Protocol):
    """Entries as changes of contacts concern them: rare, so they may read all entries of an account."""

    async def revive(self, portal_id: int, contact_ids: Collection[str]) -> Sequence[Entry]:
        """Make those that failed for one of these contacts pending again; those, and what was revived before."""
        ...

    async def erase(self, portal_id: int, contact_id: str, chats: Collection[Conversation], now: datetime) -> int:
        """Remove the content of a contact's entries and of these conversations'; what was open ends. Says how many."""
        ...


class EntryPages(Protocol):
    """Entries one after the other."""

    async def after(self, entry_id: str, limit: int) -> Sequence[Entry]:
        """Those of all accounts that come next by their ids."""
        ...


class EntryRetention(Protocol):
    """Entries as they grow old."""

    async def expire(self, portal_id: int, before: datetime, limit: int) -> int:
        """Remove the content of an account's oldest entries from before a moment; what is open ends. Says how many."""
        ...


class Communications(RecordOwners, Protocol):
    """Which reply a HubSpot record belongs to."""

    async def own(self, portal_id: int, owners: Mapping[str, str]) -> frozenset[str]:
        """Claim records for replies, `{communication id: entry id}`; those records that are another's."""
        ...

    async def owners(self, portal_id: int, records: Collection[str]) -> Mapping[str, str]:
        """Which of these records belong to replies, `{communication id: entry id}`."""
        ...


class EntryStore(
    NewEntries, EntryReader, IntentLog, EntryOutcomes, EntryHistory, EntryKeeper, EntryPages, EntryRetention, Protocol
):
    """The entries, whole."""
