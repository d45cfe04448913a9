"""Accounts that have sent a valid v3 signature, in memory."""


class InMemoryNewerSignatures:
    """The accounts."""

    def __init__(self) -> None:
        self._accounts: set[int] = set()

    async def remember(self, portal_id: int) -> None:
        """This account has."""
        self._accounts.add(portal_id)

    async def knows(self, portal_id: int) -> bool:
        """Whether this account has."""
        return portal_id in self._accounts
