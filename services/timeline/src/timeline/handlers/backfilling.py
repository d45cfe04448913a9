"""Backfilling: replies from before ids led to them are found by every id too, not by their own alone."""

from typing import Final

from timeline.handlers.refs import RefKeeper
from timeline.models import ERASED, Entry, Placed, Received
from timeline.ports import EntryPages, InboxNames

NAME: Final = "refs of replies"
"""Never to be changed: under this name it is remembered how far the backfill is."""

LIMIT: Final = 200
"""Entries of one page."""


class RefsBackfill:
    """Keeps what leads to entries, whether or not it is kept already: keeping it again changes nothing."""

    def __init__(self, entries: EntryPages, refs: RefKeeper, names: InboxNames) -> None:
        self._entries, self._refs, self._names = entries, refs, names

    async def page(self, after: str) -> str | None:
        """Keep refs of the entries that come next; the last one's key, or none."""
        entries = await self._entries.after(after, LIMIT)
        if not entries:
            return None
        replies = [_placed(entry) for entry in entries if entry.sent_to is None]
        await self._refs.received(replies)
        await self._names.keep_names([reply.received for reply in replies])
        return entries[-1].id


def _placed(entry: Entry) -> Placed:
    forgotten = entry.message.sender == ERASED
    return Placed(Received(entry.message, entry.traceparent), (entry.portal_id,), erased=forgotten)
