"""All that is kept of one account, across stores; both methods raise `StoreAwayError`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from actions.models import AccountView


class AccountViews(Protocol):
    """Accounts as an operator sees them."""

    async def look(self, portal_ids: Sequence[int]) -> Mapping[int, AccountView]:
        """Those for which something is to be done, by account."""
        ...


class AccountData(Protocol):
    """Everything that is kept of an account, but for its projection, its signatures' version and people's opt-outs."""

    async def purge(self, portal_id: int, limit: int) -> Mapping[str, int]:
        """Remove it, of each kind at most so many; how many of each kind there were. Nothing when all is gone."""
        ...
