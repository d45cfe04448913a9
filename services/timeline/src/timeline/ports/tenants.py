"""The projection of `tenant.*`."""

from collections.abc import Collection, Sequence
from typing import Protocol

from contracts.tenants import TenantSnapshot
from timeline.ports.catching_up import Projects


class TenantWriter(Protocol):
    """The projection of `tenant.*`, as it is kept."""

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """Keep a snapshot unless a newer revision is known; whether it is now what is known."""
        ...


class Tenants(Protocol):
    """The projection of `tenant.*`, as it is read."""

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """The newest snapshot of an account."""
        ...

    async def everyone(self) -> Sequence[TenantSnapshot]:
        """Every account that was ever connected, by portal id."""
        ...

    async def active(self, chert_tenants: Collection[str]) -> Sequence[TenantSnapshot]:
        """Every active account of these projects, by portal id."""
        ...


class TenantStore(TenantWriter, Tenants, Projects, Protocol):
    """The projection, whole."""
