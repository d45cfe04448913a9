"""All that is kept of one account, across the stores in memory."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TypeVar

from actions.adapters.in_memory.creations import InMemoryCreationQueue, InMemoryCreationRecords
from actions.adapters.in_memory.references import InMemoryReferenceStore
from actions.adapters.in_memory.sends import InMemoryAliasStore, InMemorySendStore
from actions.adapters.in_memory.steps import InMemoryStepStore
from actions.models import AccountView

V = TypeVar("V")


class InMemoryAccounts:
    """Accounts over stores in memory."""

    def __init__(
        self,
        *,
        sends: InMemorySendStore,
        aliases: InMemoryAliasStore,
        steps: InMemoryStepStore,
        queue: InMemoryCreationQueue,
        records: InMemoryCreationRecords,
        references: InMemoryReferenceStore,
    ) -> None:
        self._sends, self._aliases, self._steps, self._queue, self._records = sends, aliases, steps, queue, records
        self._references = references

    async def look(self, portal_ids: Sequence[int]) -> Mapping[int, AccountView]:
        """Those for which something is to be done, by account."""
        seen = {portal_id: self._view(portal_id) for portal_id in portal_ids}
        return {portal_id: view for portal_id, view in seen.items() if view != AccountView()}

    async def purge(self, portal_id: int, limit: int) -> Mapping[str, int]:
        """Remove it, of each kind at most so many; how many of each kind there were."""
        names = tuple(f"{kind}:{portal_id}:" for kind in ("wfx", "ccp"))
        removed = {
            "refs": self._references.purge(portal_id, limit),
            "sends": _remove(self._sends.sends, lambda _, send: send.portal_id == portal_id, limit),
            "aliases": _remove(self._aliases.keys, lambda name, _: name.startswith(names), limit),
            "steps": _remove(self._steps.steps, lambda _, step: step.portal_id == portal_id, limit),
            "finished_steps": _remove(self._steps.done, lambda _, step: step.portal_id == portal_id, limit),
            "creation_queue": _remove(self._queue.waiting, lambda _, one: one.portal_id == portal_id, limit),
            "creations": _remove(self._records.settled, lambda _, one: one.portal_id == portal_id, limit),
        }
        return {name: count for name, count in removed.items() if count}

    def _view(self, portal_id: int) -> AccountView:
        since = [
            *(one.occurred_at for one in self._queue.waiting.values() if one.portal_id == portal_id),
            *(one.opened_at for one in self._steps.steps.values() if one.portal_id == portal_id),
        ]
        working = any(
            send.portal_id == portal_id and send.answer is None and send.lease.holder is not None
            for send in self._sends.sends.values()
        )
        return AccountView(waiting=len(since), oldest_at=min(since, default=None), working=working)


def _remove(rows: MutableMapping[str, V], belongs: Callable[[str, V], bool], limit: int) -> int:
    keys = [key for key, row in rows.items() if belongs(key, row)][:limit]
    for key in keys:
        del rows[key]
    return len(keys)
