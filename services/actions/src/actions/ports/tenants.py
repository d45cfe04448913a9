"""Who is connected."""

from collections.abc import Mapping
from typing import Protocol

from contracts.internal import TenantCheck
from contracts.tenants import TenantSnapshot


class TenantStore(Protocol):
    """The projection of `tenant.*`."""

    async def apply(self, snapshot: TenantSnapshot) -> bool:
        """Keep a snapshot if its revision is newer than what is known; tells whether it was.

        Raises:
            StoreAwayError: the database does not answer.
        """
        ...

    async def retention_days(self) -> Mapping[int, int]:
        """For how many days each account keeps contents.

        Raises:
            StoreAwayError: the database does not answer.
        """
        ...

    async def find(self, portal_id: int) -> TenantSnapshot | None:
        """The newest snapshot known.

        Raises:
            StoreAwayError: the database does not answer.
        """
        ...


class TenantAuthority(Protocol):
    """`oauth`, which decides what is true of an account."""

    async def check(self, portal_id: int) -> TenantCheck:
        """What is true now, or was at most five seconds ago.

        Raises:
            AuthorityAwayError: it cannot be asked.
        """
        ...
