"""The projection of `tenant.*` in memory."""

from collections.abc import Collection, Sequence

from contracts.tenants import TenantSnapshot


class InMemoryTenants:
    """The newest snapshot by portal id."""

    def __init__(self) -> None:
        self.snapshots: dict[int, TenantSnapshot] = {}

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """Keep a snapshot unless a newer revision is known; whether it is now what is known."""
        known = self.snapshots.get(snapshot.portal_id)
        if known is not None and known.revision > snapshot.revision:
            return False
        self.snapshots[snapshot.portal_id] = TenantSnapshot.model_validate(snapshot.model_dump())
        return True

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """The newest snapshot of an account."""
        return self.snapshots.get(portal_id)

    async def active(self, chert_tenants: Collection[str]) -> Sequence[TenantSnapshot]:
        """Every active account of these projects, by portal id."""
        known = (self.snapshots[portal_id] for portal_id in sorted(self.snapshots))
        return [one for one in known if one.status == "active" and one.chert_tenant in chert_tenants]

    async def connected(self) -> Collection[str]:
        """Chert's slugs of those with an active account."""
        return {one.chert_tenant for one in self.snapshots.values() if one.status == "active"}

    async def everyone(self) -> Sequence[TenantSnapshot]:
        """Every account that was ever connected, by portal id."""
        return [self.snapshots[portal_id] for portal_id in sorted(self.snapshots)]
