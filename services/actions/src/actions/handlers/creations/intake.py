"""Taking in created contacts: those of accounts that want nothing sent are settled at once, the others wait."""

from collections.abc import Sequence
from dataclasses import dataclass

from actions.handlers.creations.settling import skipped
from actions.models import Creation
from actions.ports import CreationQueue, CreationRecords, TenantStore
from chassis.clock import Clock
from contracts.contacts import ContactCreated


@dataclass(frozen=True, kw_only=True)
class TakeInCreations:
    """Stores what came, so that nothing of it is lost and a repeat changes nothing.

    Attributes:
        tenants: the projection.
        queue: those that wait.
        records: those that are settled.
        clock: when something was settled.
    """

    tenants: TenantStore
    queue: CreationQueue
    records: CreationRecords
    clock: Clock

    async def __call__(self, created: Sequence[ContactCreated]) -> None:
        """Take in contacts.

        Raises:
            StoreAwayError: the database does not answer.
        """
        now = self.clock.now()
        wants = {portal_id: await self._may_want(portal_id) for portal_id in {one.portal_id for one in created}}
        arrived = [
            Creation(
                portal_id=one.portal_id,
                contact_id=one.contact_id,
                occurred_at=one.occurred_at,
                change_source=one.change_source,
                due_at=now,
            )
            for one in created
        ]
        await self.records.record([skipped(one, "off", now) for one in arrived if not wants[one.portal_id]])
        await self.queue.put([one for one in arrived if wants[one.portal_id]])

    async def _may_want(self, portal_id: int) -> bool:
        """False only of an account that is known and has it off, so that an import does not become work."""
        tenant = await self.tenants.find(portal_id)
        return tenant is None or tenant.status != "active" or tenant.settings.auto_send_on_create
