"""Whether an account still is what the work on it began under.

A turn at a lane reads the account once. Whoever is about to write looks again if that was a while ago, so that what an
account is told by its former project ends as soon as the projection knows that it moved, left or was paused.
"""

from typing import Final

from chassis.clock import Clock
from contracts.tenants import TenantSnapshot
from timeline.errors import AccountChangedError
from timeline.handlers.leases import LEASE_SECONDS
from timeline.models import Lease
from timeline.ports import Tenants

TRUSTED_SECONDS: Final = 0.25
"""For how long after a turn has begun its own look at the account is good; a lone reply is written within it."""


class AccountWatch:
    """Looks at the projection again."""

    def __init__(self, tenants: Tenants, clock: Clock) -> None:
        self._tenants, self._clock = tenants, clock

    async def require_unchanged(self, tenant: TenantSnapshot, lease: Lease) -> None:
        """Return if a write may begin under what was known of the account when its lane's lease was asked for.

        Raises:
            AccountChangedError: it was connected anew, or left, or is paused.
        """
        age = self._clock.monotonic() - (lease.until - LEASE_SECONDS)
        if age > TRUSTED_SECONDS and await self.has_changed(tenant):
            raise AccountChangedError("since the turn began")

    async def has_changed(self, tenant: TenantSnapshot) -> bool:
        """Whether the account is known otherwise by now, as far as writing to it goes."""
        current = await self._tenants.find(tenant.portal_id)
        return current is not None and _terms(current) != _terms(tenant)


def _terms(tenant: TenantSnapshot) -> tuple[object, ...]:
    return tenant.generation, tenant.project_id, tenant.status, tenant.paused
