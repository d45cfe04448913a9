"""The projection of `tenant.*`, and all that is kept of one account."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from contracts.tenants import TenantSnapshot
from timeline.models import LaneView, Leaving
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


class LaneViews(Protocol):
    """Lanes as an operator sees them."""

    async def look(self, portal_ids: Sequence[int]) -> Mapping[int, LaneView]:
        """Those lanes that exist, by account."""
        ...


class AccountData(Protocol):
    """Everything that is kept of an account, but for its projection."""

    async def leaving(self, portal_id: int, limit: int) -> Leaving:
        """What `purge` with the same limit would remove next."""
        ...

    async def purge(self, portal_id: int, limit: int) -> Mapping[str, int]:
        """Remove it, of each kind at most so many; how many of each kind there were. Nothing when all is gone."""
        ...
