"""Fault points: none, and one that kills the process, for fault runs in development."""

import os
import signal
from enum import StrEnum
from typing import Final

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from chassis.mongo import Document

COLLECTION: Final = "fault_points"


class NoFaultPoints:
    """Nothing happens anywhere: what production runs with."""

    async def reach(self, point: StrEnum) -> None:
        """Go on."""


class KillOnce:
    """Ends this process as `kill -9` would when it reaches a point; remembered in the database, so only once.

    `order` is the point's name; whatever follows a colon makes another order of it: `after_call:2`.
    """

    def __init__(self, order: str, points: type[StrEnum], database: AsyncDatabase[Document]) -> None:
        self._order, self._done = order, database[COLLECTION]
        self._point = points(order.partition(":")[0])

    async def reach(self, point: StrEnum) -> None:
        """Go on, or never return."""
        if point is self._point and await self._first():
            os.kill(os.getpid(), signal.SIGKILL)

    async def _first(self) -> bool:
        try:
            await self._done.insert_one({"_id": self._order})
        except DuplicateKeyError:
            return False
        return True
