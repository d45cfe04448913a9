"""Retention: content is kept as long as the account's settings say; keys, outcomes and outside ids stay for good.

A reply that waited for its account, or for a contact, all that time ends as `expired`. One that waits for any account
of its project is kept as long as the most patient account of it that is known says, or as settings say unless changed.
"""

from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.metrics import Metrics
from contracts.tenants import TenantSettings
from timeline.ports import EntryRetention, Tenants, WaitingRetention

LOG = get_log()

_LIMIT: Final = 500
"""How many entries of one account are looked at in one go."""


class Retention:
    """Lets content grow old."""

    def __init__(
        self, *, tenants: Tenants, entries: EntryRetention, inbox: WaitingRetention, clock: Clock, metrics: Metrics
    ) -> None:
        self._tenants, self._entries, self._inbox = tenants, entries, inbox
        self._clock, self._metrics = clock, metrics

    async def step(self) -> bool:
        """One go at every account and every project that waits for one; true when some has more."""
        more = False
        patience: dict[str, int] = {}
        for tenant in await self._tenants.everyone():
            days = tenant.settings.retention_days
            patience[tenant.chert_tenant] = max(days, patience.get(tenant.chert_tenant, 0))
            more = await self._age(tenant.portal_id, days) or more
        for chert_tenant in await self._inbox.awaited():
            days = patience.get(chert_tenant, TenantSettings().retention_days)
            more = await self._expire(chert_tenant, days) or more
        return more

    async def _age(self, portal_id: int, days: int) -> bool:
        count = await self._entries.expire(portal_id, self._clock.now() - timedelta(days=days), _LIMIT)
        if count:
            LOG.info("retention.applied", portal_id=portal_id, entries=count)
        return count == _LIMIT

    async def _expire(self, chert_tenant: str, days: int) -> bool:
        """End what waited for an account of this project all that time, each with its line."""
        expired = await self._inbox.expire(chert_tenant, self._clock.now() - timedelta(days=days), _LIMIT)
        if expired:
            self._metrics.count("replies", len(expired), outcome="expired")
        for row_id in expired:
            LOG.warning(
                "reply.expired",
                outcome="expired",
                chert_tenant=chert_tenant,
                message_id=row_id.partition(":")[2],
                reason="no account was connected",
            )
        return len(expired) == _LIMIT
