"""Tenants: keeping the projection, and waking whatever waited for an account."""

from collections.abc import Collection

from chassis.clock import Clock
from chassis.logging import get_log
from contracts.tenants import TenantSnapshot
from timeline.handlers import breakers
from timeline.handlers.requeueing import Requeue
from timeline.ports import TenantWriter, Unmatched, WaitingRoom, WorkLists

LOG = get_log()


class TenantProjector:
    """Keeps what a `tenant.*` event says; the same event again does the same again, so a crash within only repeats."""

    def __init__(
        self,
        *,
        tenants: TenantWriter,
        inbox: WaitingRoom,
        unmatched: Unmatched,
        lanes: WorkLists,
        requeue: Requeue,
        clock: Clock,
    ) -> None:
        self._tenants, self._inbox, self._unmatched, self._lanes = tenants, inbox, unmatched, lanes
        self._requeue, self._clock = requeue, clock

    async def project(self, snapshot: TenantSnapshot) -> bool:
        """Keep a snapshot, unless something newer is known; true if its account is active and what waited can go on."""
        applied = await self._tenants.apply(snapshot)
        LOG.info(
            "tenant.projected",
            portal_id=snapshot.portal_id, revision=snapshot.revision, status=snapshot.status, applied=applied,
        )  # fmt: skip
        if not applied or snapshot.status != "active":
            return False
        await self._inbox.call(snapshot.chert_tenant, self._clock.now())
        return True

    async def resume(self, portal_id: int) -> Collection[int]:
        """An account was connected: end its lane's rest, and search again for contacts, which may have changed since.

        The result names the lanes that got work.
        """
        now = self._clock.now()
        await self._lanes.resume(portal_id, now, closed=lambda breaker: breakers.closed(portal_id, breaker, now))
        return await self._requeue(await self._unmatched.of_portal(portal_id))
