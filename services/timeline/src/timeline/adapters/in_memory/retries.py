"""Accounts to try again, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from timeline.models import Retry


class InMemoryRetries:
    """Retries by portal id."""

    def __init__(self) -> None:
        self.retries: dict[int, Retry] = {}

    async def schedule(self, portal_ids: Collection[int], due_at: datetime, until: datetime) -> None:
        """Try them at the earlier of what is scheduled and `due_at`, the last time at the later `until`."""
        for portal_id in portal_ids:
            known = self.retries.get(portal_id, Retry(portal_id, due_at, until))
            self.retries[portal_id] = Retry(portal_id, min(known.due_at, due_at), max(known.until, until))

    async def due(self, now: datetime, limit: int) -> Sequence[Retry]:
        """Those whose time has come."""
        return sorted([one for one in self.retries.values() if one.due_at <= now], key=lambda one: one.due_at)[:limit]

    async def done(self, retry: Retry) -> None:
        """It was tried: again at its `until`, or never, unless it was scheduled anew in between."""
        if self.retries.get(retry.portal_id) != retry:
            return
        if retry.due_at < retry.until:
            self.retries[retry.portal_id] = replace(retry, due_at=retry.until)
        else:
            del self.retries[retry.portal_id]
