"""Backfilling refs: replies from before there were any are found by every id too, not by their own alone."""

from typing import Final

from timeline.handlers.refs import RefKeeper
from timeline.models import ERASED, Entry, Placed, Received
from timeline.ports import EntryPages

NAME: Final = "refs of replies"
"""Never to be changed: under this name it is remembered how far the backfill is."""

LIMIT: Final = 200
"""Entries of one page."""


class RefsBackfill:
    """Keeps the refs of entries that have none, or have them already: writing one again changes nothing."""

    def __init__(self, entries: EntryPages, refs: RefKeeper) -> None:
        self._entries, self._refs = entries, refs

    async def page(self, after: str) -> str | None:
        """Keep refs of the entries that come next; the last one's key, or none."""
        entries = await self._entries.after(after, LIMIT)
        if not entries:
            return None
        await self._refs.received([_placed(entry) for entry in entries if entry.sent_to is None])
        return entries[-1].id


def _placed(entry: Entry) -> Placed:
    forgotten = entry.message.sender == ERASED
    return Placed(Received(entry.message, entry.traceparent), (entry.portal_id,), erased=forgotten)
