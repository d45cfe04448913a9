"""Tenants, and `oauth` as one would ask it."""

from collections.abc import Mapping

from actions.errors import AuthorityAwayError
from contracts.internal import TenantCheck
from contracts.tenants import TenantSnapshot


class InMemoryTenantStore:
    """The projection of `tenant.*`."""

    def __init__(self) -> None:
        self._tenants: dict[int, TenantSnapshot] = {}

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """Keep a snapshot if its revision is newer than what is known; tells whether it was."""
        known = self._tenants.get(snapshot.portal_id)
        newer = known is None or snapshot.revision > known.revision
        if newer:
            self._tenants[snapshot.portal_id] = TenantSnapshot.model_validate(snapshot.model_dump())
        return newer

    async def retention_days(self) -> Mapping[int, int]:
        """For how many days each account keeps contents."""
        return {portal_id: tenant.settings.retention_days for portal_id, tenant in self._tenants.items()}

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """The newest snapshot known."""
        return self._tenants.get(portal_id)


class InMemoryTenantAuthority:
    """What `oauth` would say; `away` makes it unreachable."""

    def __init__(self) -> None:
        self.tenants: dict[int, TenantSnapshot] = {}
        self.away = False
        self.asked = 0

    async def check(self, portal_id: int) -> TenantCheck:
        """What is true now.

        Raises:
            AuthorityAwayError: `away` is set.
        """
        self.asked += 1
        if self.away:
            raise AuthorityAwayError("away")
        tenant = self.tenants.get(portal_id)
        return TenantCheck(status="unknown" if tenant is None else tenant.status, tenant=tenant)
