"""Replies that this very process has just kept, so that its lanes need not read them again.

What is in here may have changed in the database since: another process worked on the lane, or the content was erased.
Whoever takes a reply from here finds that out where it counts, in the answer to the intent, before anything is written;
it is given once, and read from the database from then on.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from chassis.clock import Clock
from contracts.tenants import TenantSnapshot
from timeline.models import Entry

LIMIT: Final = 2_000
"""How many are kept at most; each has at most `MAX_CHARACTERS` of content."""

MAX_CHARACTERS: Final = 4_000
"""Longer texts are read again: they are rare."""

KEPT_SECONDS: Final = 30.0
"""How long one is kept: lanes that this process works on come to it sooner, and others are not its business."""

ACCOUNT_SECONDS: Final = 0.1
"""For how long an account's snapshot is good that was read for the sake of its replies."""

LINKED_SECONDS: Final = 1.0
"""For how long what was found of its conversation is good; a send that comes meanwhile decides about later replies."""


class FreshEntries:
    """Entries by key, the oldest first, each with when it was noted by the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[Entry, float]] = {}
        self._accounts: dict[int, tuple[TenantSnapshot, float]] = {}

    def note(self, entries: Collection[Entry]) -> None:
        """These were not there before and are durable now."""
        now = self._clock.monotonic()
        self._entries.update((entry.id, (entry, now)) for entry in entries if _characters(entry) <= MAX_CHARACTERS)
        while self._entries and (len(self._entries) > LIMIT or self._oldest() <= now - KEPT_SECONDS):
            del self._entries[next(iter(self._entries))]

    def note_accounts(self, accounts: Iterable[TenantSnapshot]) -> None:
        """These were read just now."""
        now = self._clock.monotonic()
        self._accounts.update((account.portal_id, (account, now)) for account in accounts)

    def account(self, portal_id: int) -> TenantSnapshot | None:
        """An account as it was a moment ago, if anybody looked; it is given once."""
        account, since = self._accounts.pop(portal_id, (None, 0.0))
        return account if self._clock.monotonic() - since <= ACCOUNT_SECONDS else None

    def take(self, entry_ids: Sequence[str]) -> dict[str, Entry]:
        """Those of these that are here; they are not any more."""
        taken = {entry_id: self._entries.pop(entry_id) for entry_id in entry_ids if entry_id in self._entries}
        good_since = self._clock.monotonic() - LINKED_SECONDS
        return {
            entry_id: entry if since > good_since else replace(entry, linked_to=None)
            for entry_id, (entry, since) in taken.items()
        }

    def _oldest(self) -> float:
        return next(iter(self._entries.values()))[1]


def _characters(entry: Entry) -> int:
    return sum(len(part.value or "") for part in entry.message.parts)
