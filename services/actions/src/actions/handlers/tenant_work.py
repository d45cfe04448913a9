"""What operators ask and do about an account: how much waits, forgetting people and accounts.

Every order may be given again; what is done already is not done twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from actions.errors import NotPurgedError
from actions.handlers.privacy import EraseContact
from actions.models import AccountView
from actions.ports import AccountData, AccountViews, TenantStore
from chassis.clock import Clock
from chassis.logging import get_log
from contracts.contacts import ContactErased
from contracts.tenant_operations import Removed, TenantWork
from contracts.tenants import TenantSnapshot

LOG = get_log()

SERVICE: Final = "actions"

PURGED_AT_ONCE: Final = 2_000
"""How many documents of a kind one order to purge removes, so that it ends within its deadline."""

KEPT_OF_CONTACTS: Final = (
    "keys and outcomes of sends, so that a late repeat sends nothing",
    "opt-outs and chats of numbers, as keyed hashes",
    "what leads to sends: the contact's id, and numbers as keyed hashes",
)
KEPT_OF_ACCOUNTS: Final = (
    "opt-outs of the project, as keyed hashes",
    "that HubSpot has signed for the account with version 3",
)


@dataclass(frozen=True, kw_only=True)
class TenantOperations:
    """What operators can do.

    Attributes:
        tenants: the projection.
        accounts: what is to be done for them.
        data: all that is kept of an account.
        erase: forgets people.
        clock: the time.
    """

    tenants: TenantStore
    accounts: AccountViews
    data: AccountData
    erase: EraseContact
    clock: Clock

    async def read(self, portal_ids: Sequence[int]) -> tuple[TenantWork, ...]:
        """What is to be done for accounts, in their order.

        Raises:
            StoreAwayError: the database does not answer.
        """
        views = await self.accounts.look(portal_ids)
        return tuple([
            _work(portal_id, await self.tenants.find(portal_id), views.get(portal_id, AccountView()))
            for portal_id in portal_ids
        ])  # fmt: skip

    async def erase_contact(self, portal_id: int, contact_id: str) -> Removed:
        """Forget a person, as HubSpot's own word to do so would.

        Raises:
            StoreAwayError: the database does not answer.
        """
        erasure = ContactErased(portal_id=portal_id, contact_id=contact_id, occurred_at=self.clock.now())
        return Removed(service=SERVICE, removed={"sends": await self.erase(erasure)}, kept=KEPT_OF_CONTACTS)

    async def purge(self, portal_id: int) -> Removed:
        """Remove some of what is kept of a purged account; nothing is removed once all of it is gone.

        Raises:
            NotPurgedError: the projection does not know it as purged.
            StoreAwayError: the database does not answer.
        """
        tenant = await self.tenants.find(portal_id)
        if tenant is None or tenant.status != "purged":
            raise NotPurgedError
        removed = dict(await self.data.purge(portal_id, PURGED_AT_ONCE))
        LOG.info("account.purged", portal_id=portal_id, removed=removed)
        return Removed(service=SERVICE, removed=removed, kept=KEPT_OF_ACCOUNTS)


def _work(portal_id: int, tenant: TenantSnapshot | None, view: AccountView) -> TenantWork:
    return TenantWork(
        portal_id=portal_id,
        status=None if tenant is None else tenant.status,
        paused=tenant is not None and tenant.paused,
        revision=0 if tenant is None else tenant.revision,
        waiting=view.waiting,
        oldest_at=view.oldest_at,
        working=view.working,
    )
