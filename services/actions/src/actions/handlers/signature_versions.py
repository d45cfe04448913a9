"""Which of HubSpot's signatures an account may use: the older one has no replay window, so nobody goes back to it."""

from collections import OrderedDict
from typing import Final

from actions.errors import UnauthenticRequestError
from actions.ports import NewerSignatures

_REMEMBERED: Final = 10_000
"""Accounts that are known here to use the newer one; one forgotten is asked about again."""


class SignatureVersions:
    """Lets v3 in and remembers it; lets v2 in only from accounts that never sent v3."""

    def __init__(self, newer: NewerSignatures) -> None:
        self._newer = newer
        self._known: OrderedDict[int, None] = OrderedDict()

    async def admit(self, portal_id: int, version: str) -> None:
        """Return if this account may use this version.

        Raises:
            UnauthenticRequestError: it has moved on from v2.
            StoreAwayError: the database does not answer.
        """
        if version == "v3":
            await self._remember(portal_id)
        elif portal_id in self._known or await self._newer.knows(portal_id):
            raise UnauthenticRequestError("v2_after_v3")

    async def _remember(self, portal_id: int) -> None:
        if portal_id in self._known:
            return
        await self._newer.remember(portal_id)
        self._known[portal_id] = None
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
