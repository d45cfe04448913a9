"""The projection of tenants, as it was read a moment ago."""

from collections.abc import Mapping
from typing import Final

from actions.adapters.remembering import Remembered
from actions.ports import TenantStore
from chassis.clock import Clock
from contracts.tenants import TenantSnapshot

REMEMBERED_SECONDS: Final = 1.0
"""How long an account counts as it was read. What this process applies counts at once; what another replica applied is
seen this much later, which is no more than a projection may lag anyway."""


class RememberedTenants:
    """Reads an account once a second, however many of its calls come; every method raises `StoreAwayError`.

    That an account is not known is never remembered: the next call looks again.
    """

    def __init__(self, kept: TenantStore, clock: Clock) -> None:
        self._kept = kept
        self._found = Remembered(kept.find, seconds=REMEMBERED_SECONDS, clock=clock)

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """Keep a snapshot if its revision is newer than what is known; tells whether it was."""
        try:
            return await self._kept.apply(snapshot)
        finally:
            self._found.forget(snapshot.portal_id)  # also when the answer got lost: it may have been kept

    async def retention_days(self) -> Mapping[int, int]:
        """For how many days each account keeps contents."""
        return await self._kept.retention_days()

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """The newest snapshot known, as it was at most a second ago."""
        return await self._found(portal_id)
