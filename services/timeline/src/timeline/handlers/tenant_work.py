"""What operators ask and do about an account: how much waits, going on after failures, forgetting people and accounts.

Every order may be given again; what is done already is not done twice.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from contracts.contacts import ContactErased
from contracts.internal import BreakerState
from contracts.tenant_operations import Removed, TenantWork
from contracts.tenants import TenantSnapshot
from timeline.errors import NotPurgedError
from timeline.handlers import breakers
from timeline.handlers.contact_changes import ContactChanges
from timeline.handlers.forgetting import forget_ways
from timeline.models import LaneView
from timeline.ports import AccountData, InboxNames, LaneViews, QueueAges, Refs, Tenants, WorkLists

LOG = get_log()

SERVICE: Final = "timeline"

PURGED_AT_ONCE: Final = 2_000
"""How many documents of a kind one order to purge removes, so that it ends within its deadline."""

KEPT_OF_CONTACTS: Final = (
    "ids and outcomes of replies, so that nothing that comes again is written again",
    "the records on HubSpot's timeline, which are HubSpot's to erase",
)
KEPT_OF_ACCOUNTS: Final = ("keys of messages in the inbox, without content, so that nothing that comes again is new",)


@dataclass(frozen=True, kw_only=True)
class TenantOperations:
    """What operators can do.

    Attributes:
        tenants: the projection.
        lanes: how lanes stand.
        work_lists: ends their rest.
        queues: what is set aside of their projects.
        data: all that is kept of an account.
        refs: what leads there.
        names: by what else it is found.
        contacts: forgets people.
        work_soon: wakes lanes.
        clock: the time.
    """

    tenants: Tenants
    lanes: LaneViews
    work_lists: WorkLists
    queues: QueueAges
    data: AccountData
    refs: Refs
    names: InboxNames
    contacts: ContactChanges
    work_soon: Callable[[Collection[int]], None]
    clock: Clock

    async def read(self, portal_ids: Sequence[int]) -> tuple[TenantWork, ...]:
        """What is to be done for accounts, in their order."""
        lanes = await self.lanes.look(portal_ids)
        tenants = {portal_id: await self.tenants.find(portal_id) for portal_id in portal_ids}
        aside = await self.queues.lengths({tenant.chert_tenant for tenant in tenants.values() if tenant is not None})
        return tuple([
            self._work(portal_id, tenant, lanes.get(portal_id, LaneView()), aside)
            for portal_id, tenant in tenants.items()
        ])  # fmt: skip

    async def reset_breaker(self, portal_id: int) -> TenantWork:
        """Close an account's breaker, end its lane's rest, and try at once."""
        now = self.clock.now()
        await self.work_lists.resume(portal_id, now, closed=lambda breaker: breakers.closed(portal_id, breaker, now))
        self.work_soon([portal_id])
        LOG.info("breaker.reset", portal_id=portal_id)
        return (await self.read([portal_id]))[0]

    async def erase_contact(self, portal_id: int, contact_id: str) -> Removed:
        """Forget what a person wrote, as HubSpot's own word to do so would."""
        erasure = ContactErased(portal_id=portal_id, contact_id=contact_id, occurred_at=self.clock.now())
        return Removed(service=SERVICE, removed=await self.contacts.erased(erasure), kept=KEPT_OF_CONTACTS)

    async def purge(self, portal_id: int) -> Removed:
        """Remove some of what is kept of a purged account; nothing is removed once all of it is gone.

        Raises:
            NotPurgedError: the projection does not know it as purged.
        """
        tenant = await self.tenants.find(portal_id)
        if tenant is None or tenant.status != "purged":
            raise NotPurgedError
        refs = await forget_ways(portal_id, PURGED_AT_ONCE, data=self.data, refs=self.refs, names=self.names)
        removed = {**({"refs": refs} if refs else {}), **await self.data.purge(portal_id, PURGED_AT_ONCE)}
        LOG.info("account.purged", portal_id=portal_id, removed=removed)
        return Removed(service=SERVICE, removed=removed, kept=KEPT_OF_ACCOUNTS)

    def _work(
        self, portal_id: int, tenant: TenantSnapshot | None, lane: LaneView, aside: Mapping[str, int]
    ) -> TenantWork:
        resting = lane.paused_until if lane.pending else None
        breaker = lane.breaker
        return TenantWork(
            portal_id=portal_id,
            status=None if tenant is None else tenant.status,
            paused=tenant is not None and tenant.paused,
            revision=0 if tenant is None else tenant.revision,
            waiting=lane.pending + (0 if tenant is None else aside.get(tenant.chert_tenant, 0)),
            oldest_at=lane.oldest_at,
            working=lane.held,
            resting_until=resting if resting is not None and resting > self.clock.now() else None,
            breaker=BreakerState(open=False)
            if breaker is None
            else BreakerState(open=True, since=breaker.opened_at, words=breaker.reason),
        )
