"""Entries and the owners of HubSpot's records, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from timeline.adapters.in_memory.outbox import InMemoryOutbox
from timeline.models import (
    Announced,
    Conversation,
    Entry,
    EntryState,
    Intention,
    Settlement,
    Shown,
    Withdrawal,
    without_content,
)


class InMemoryEntries:
    """Entries by key, and how each ended."""

    def __init__(self, outbox: InMemoryOutbox) -> None:
        self.entries: dict[str, Entry] = {}
        self.settlements: dict[str, Settlement] = {}
        self.reasons: dict[str, str] = {}
        self.assigned_at: dict[str, datetime] = {}
        self.purged: set[str] = set()
        self._outbox = outbox

    async def add(self, entries: Sequence[Entry], now: datetime) -> Sequence[Entry]:
        """Keep entries that are not there yet; those."""
        new = {entry.id: entry for entry in reversed(entries) if entry.id not in self.entries}
        self.entries.update({key: replace(entry, linked_to=None) for key, entry in new.items()})
        self.assigned_at.update(dict.fromkeys(new, now))
        return list(new.values())

    async def read(self, entry_ids: Sequence[str]) -> Sequence[Entry]:
        """Those that exist, in the order of their ids here."""
        return [self.entries[entry_id] for entry_id in entry_ids if entry_id in self.entries]

    async def after(self, entry_id: str, limit: int) -> Sequence[Entry]:
        """Those of all accounts that come next by their ids."""
        return [self.entries[key] for key in sorted(self.entries) if key > entry_id][:limit]

    async def latest(self, portal_id: int, since: datetime, limit: int) -> Sequence[Shown]:
        """The latest of an account, newest first."""
        own = [entry for entry in self.entries.values() if entry.portal_id == portal_id]
        recent = sorted(own, key=lambda entry: self.assigned_at[entry.id], reverse=True)
        return [self._shown(entry) for entry in recent if self.assigned_at[entry.id] >= since][:limit]

    async def look_at(self, entry_ids: Sequence[str]) -> Sequence[Shown]:
        """Those that exist, in the order of their ids here."""
        return [self._shown(self.entries[entry_id]) for entry_id in entry_ids if entry_id in self.entries]

    def _shown(self, entry: Entry) -> Shown:
        at, reason = self.assigned_at[entry.id], self.reasons.get(entry.id)
        settled = self.settlements.get(entry.id)
        if settled is None:
            return Shown(entry, at, reason=reason)
        return Shown(entry, at, settled.contact_id, reason, settled.at, settled.adopted)

    async def revive(self, portal_id: int, contact_ids: Collection[str]) -> Sequence[Entry]:
        """Make those that failed for one of these contacts pending again; those, and what was revived before."""
        revived = [
            replace(entry, state="pending")
            for entry in self.entries.values()
            if entry.portal_id == portal_id
            and entry.state in {"failed", "pending"}
            and entry.id in self.settlements
            and self.settlements[entry.id].contact_id in contact_ids
        ]
        self.entries.update({entry.id: entry for entry in revived})
        return revived

    async def expire(self, portal_id: int, before: datetime, limit: int) -> int:
        """Remove the content of an account's oldest entries from before a moment; what is open ends. Says how many."""
        old = [
            entry
            for entry in self.entries.values()
            if entry.portal_id == portal_id and self.assigned_at[entry.id] < before and entry.id not in self.purged
        ]
        oldest = sorted(old, key=lambda entry: self.assigned_at[entry.id])[:limit]
        for entry in oldest:
            self.purged.add(entry.id)
            state: EntryState = "expired" if entry.open else entry.state
            self.entries[entry.id] = replace(entry, state=state, message=without_content(entry.message))
        return len(oldest)

    async def erase(self, portal_id: int, contact_id: str, chats: Collection[Conversation], now: datetime) -> int:  # noqa: ARG002 - nothing here asks when
        """Remove the content of a contact's entries and of these conversations'; what was open ends. Says how many."""
        found = [
            entry
            for entry in self.entries.values()
            if entry.portal_id == portal_id
            and (entry.conversation in chats or self._shown(entry).contact_id == contact_id)
        ]
        for entry in found:
            state: EntryState = "erased" if entry.open or entry.state == "failed" else entry.state
            self.entries[entry.id] = replace(entry, state=state, message=without_content(entry.message), intents=())
        return len(found)

    async def intend(self, intentions: Sequence[Intention]) -> Mapping[str, Announced]:
        """Note intents down on entries that are open and have none; then how the entries stand, by id."""
        for one in intentions:
            entry = self.entries[one.entry_id]
            if entry.open and not entry.intents:
                self.entries[one.entry_id] = replace(entry, intents=(one.intent,), attempts=entry.attempts + 1)
        stand = {one.entry_id: self.entries[one.entry_id] for one in intentions}
        return {
            key: Announced(entry.open, frozenset(intent.fence for intent in entry.intents))
            for key, entry in stand.items()
        }

    async def withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        """Drop intents: nothing was written; a look that found that out has ended."""
        for one in withdrawals:
            entry = self.entries[one.entry_id]
            left = tuple(intent for intent in entry.intents if intent.fence != one.fence)
            self.entries[one.entry_id] = replace(
                entry,
                intents=left,
                gone=entry.gone if one.gone is None else (*entry.gone, one.gone),
                attempts=entry.attempts - (one.unsent and left != entry.intents),
                looks=0,
            )

    async def begin_look(self, entry_ids: Collection[str]) -> None:
        """Note that a look for entries begins; they are due until it ends, as it does when they are settled."""
        for entry_id in entry_ids:
            entry = self.entries[entry_id]
            self.entries[entry_id] = replace(entry, looks=entry.looks + 1, due_at=None)

    async def end_look(self, entry_ids: Collection[str]) -> None:
        """Note that a look ended and came to nothing; those before it count no more."""
        for entry_id in entry_ids:
            self.entries[entry_id] = replace(self.entries[entry_id], looks=0)

    async def postpone(self, entry_ids: Sequence[str], until: datetime, reason: str) -> None:
        """Leave entries alone for a while."""
        for entry_id in entry_ids:
            self.entries[entry_id] = replace(self.entries[entry_id], due_at=until)
            self.reasons[entry_id] = reason

    async def settle(self, settlements: Mapping[str, Settlement]) -> None:
        """Note down by entry how it ended, together with the events that tell it."""
        for entry_id, settlement in settlements.items():
            self._settle(entry_id, settlement)

    def _settle(self, entry_id: str, settlement: Settlement) -> None:
        self.entries[entry_id] = replace(
            self.entries[entry_id],
            state=settlement.state,
            communication_id=settlement.communication_id,
            intents=(),
            looks=0,
            due_at=None,
        )
        self.settlements[entry_id] = settlement
        self.reasons.pop(entry_id, None)
        if settlement.reason is not None:
            self.reasons[entry_id] = settlement.reason
        self._outbox.put(entry_id, settlement.events)


class InMemoryCommunications:
    """Owners of records; the first one stays."""

    def __init__(self) -> None:
        self.by_record: dict[tuple[int, str], str] = {}

    async def own(self, portal_id: int, owners: Mapping[str, str]) -> frozenset[str]:
        """Claim records for entries, `{communication id: entry id}`; those records that are another's."""
        return frozenset(
            record
            for record, entry_id in owners.items()
            if self.by_record.setdefault((portal_id, record), entry_id) != entry_id
        )

    async def owners(self, portal_id: int, records: Collection[str]) -> Mapping[str, str]:
        """Which of these records belong to entries, `{communication id: entry id}`."""
        return {
            record: self.by_record[portal_id, record] for record in records if (portal_id, record) in self.by_record
        }

    async def owners_anywhere(self, portal_ids: Collection[int], record: str) -> Collection[str]:
        """The entries that a communication id belongs to in one of these accounts."""
        return [self.by_record[one, record] for one in portal_ids if (one, record) in self.by_record]
