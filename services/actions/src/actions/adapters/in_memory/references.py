"""Ids of sends."""

from collections.abc import Sequence
from datetime import datetime

from actions.adapters.in_memory.sends import InMemorySendStore
from actions.models import Reference, ids_of


class InMemoryReferenceStore:
    """Ids of sends: of those in a store of sends, and what else is noted."""

    def __init__(self, sends: InMemorySendStore | None = None) -> None:
        self._sends = sends or InMemorySendStore()
        self.references: list[Reference] = []

    async def note(self, references: Sequence[Reference]) -> None:
        """Keep them; one that is known changes nothing."""
        self.references += [one for one in references if one not in self.references]

    async def keys(self, known_as: str, until: datetime) -> Sequence[str]:
        """The keys of the sends that have this id, newest first."""
        noted = [(one.at, one.key) for one in self.references if one.id == known_as and one.at <= until]
        of_sends = [(one.claimed_at, one.key) for one in self._sends.sends.values() if known_as in ids_of(one)]
        return list(dict.fromkeys(key for _, key in sorted([*noted, *of_sends], reverse=True)))

    def purge(self, portal_id: int, limit: int) -> int:
        """Forget what leads to an account's sends, of at most so many ids; how many there were."""
        ids = list(dict.fromkeys(one.id for one in self.references if one.account == str(portal_id)))[:limit]
        self.references = [one for one in self.references if one.id not in ids or one.account != str(portal_id)]
        return len(ids)
