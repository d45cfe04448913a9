"""Retention: content is kept as long as the account's settings say; keys, outcomes and outside ids stay for good.

A reply that waited for its account, or for a contact, all that time ends as `expired`.
"""

from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from timeline.ports import EntryRetention, Tenants

LOG = get_log()

_LIMIT: Final = 500
"""How many entries of one account are looked at in one go."""


class Retention:
    """Lets content grow old."""

    def __init__(self, *, tenants: Tenants, entries: EntryRetention, clock: Clock) -> None:
        self._tenants, self._entries, self._clock = tenants, entries, clock

    async def step(self) -> bool:
        """One go at every account; true when some has more."""
        more = False
        for tenant in await self._tenants.everyone():
            before = self._clock.now() - timedelta(days=tenant.settings.retention_days)
            count = await self._entries.expire(tenant.portal_id, before, _LIMIT)
            if count:
                LOG.info("retention.applied", portal_id=tenant.portal_id, entries=count)
            more = more or count == _LIMIT
        return more
