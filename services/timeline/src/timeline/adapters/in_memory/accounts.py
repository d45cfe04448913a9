"""All that is kept of one account, across the stores in memory: as an operator sees its lane, and forgetting it."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TypeVar

from timeline.adapters.in_memory.entries import InMemoryCommunications, InMemoryEntries
from timeline.adapters.in_memory.lanes import InMemoryLanes, LaneRow
from timeline.adapters.in_memory.links import InMemoryLinks, InMemoryUnmatched
from timeline.adapters.in_memory.retries import InMemoryRetries
from timeline.models import LaneView, Leaving

K = TypeVar("K")
V = TypeVar("V")


class InMemoryAccounts:
    """Accounts in memory."""

    def __init__(
        self,
        *,
        lanes: InMemoryLanes,
        entries: InMemoryEntries,
        links: InMemoryLinks,
        unmatched: InMemoryUnmatched,
        retries: InMemoryRetries,
        communications: InMemoryCommunications,
    ) -> None:
        self._lanes, self._entries, self._links, self._unmatched = lanes, entries, links, unmatched
        self._retries, self._communications = retries, communications

    async def look(self, portal_ids: Sequence[int]) -> Mapping[int, LaneView]:
        """Those lanes that exist, by account."""
        return {one: _view(self._lanes.lanes[one]) for one in portal_ids if one in self._lanes.lanes}

    async def leaving(self, portal_id: int, limit: int) -> Leaving:
        """What `purge` with the same limit would remove next."""
        own = [entry for entry in self._entries.entries.values() if entry.portal_id == portal_id][:limit]
        links = [(key, link[2]) for key, link in self._links.links.items() if key.portal_id == portal_id][:limit]
        others = {entry.row_id for entry in self._entries.entries.values() if entry.portal_id != portal_id}
        return Leaving(
            entries=[(one.entry, one.contact_id) for one in await self._entries.look_at([entry.id for entry in own])],
            links=links,
            elsewhere=frozenset(entry.row_id for entry in own) & others,
        )

    async def purge(self, portal_id: int, limit: int) -> Mapping[str, int]:
        """Remove it, of each kind at most so many; how many of each kind there were."""
        removed = {
            "entries": _remove(self._entries.entries, lambda _, entry: entry.portal_id == portal_id, limit),
            "links": _remove(self._links.links, lambda key, _: key.portal_id == portal_id, limit),
            "unmatched": _remove(self._unmatched.works, lambda key, _: key.portal_id == portal_id, limit),
            "communications": _remove(self._communications.by_record, lambda key, _: key[0] == portal_id, limit),
            "lanes": _remove(self._lanes.lanes, lambda key, _: key == portal_id, limit),
            "retries": _remove(self._retries.retries, lambda key, _: key == portal_id, limit),
        }
        return {name: count for name, count in removed.items() if count}


def _remove(rows: MutableMapping[K, V], belongs: Callable[[K, V], bool], limit: int) -> int:
    keys = [key for key, row in rows.items() if belongs(key, row)][:limit]
    for key in keys:
        del rows[key]
    return len(keys)


def _view(lane: LaneRow) -> LaneView:
    return LaneView(
        pending=len(lane.pending),
        oldest_at=min((work.received_at for work in lane.pending), default=None),
        held=lane.holder is not None,
        paused_until=lane.paused_until,
        breaker=lane.breaker,
    )
