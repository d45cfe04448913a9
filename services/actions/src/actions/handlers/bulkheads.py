"""Bulkheads: how much of one kind of work runs at once, for an account and in all: no flood reaches the rest."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from actions.errors import BusyError

WAIT_SECONDS: Final = 2.0
"""The longest anybody waits for a place."""


class Bulkhead:
    """Places for one kind of work; an account has a few of them, so that others find room."""

    def __init__(self, *, each: int, total: int, waiting: int) -> None:
        """So many places for each account, in all, and so many who may wait for one."""
        self._each, self._waiting_limit = each, waiting
        self._total = asyncio.Semaphore(total)
        self._accounts: dict[int, asyncio.Semaphore] = {}
        self._present: Counter[int] = Counter()

    @asynccontextmanager
    async def entered(self, portal_id: int) -> AsyncIterator[None]:
        """Have a place until the block ends.

        Raises:
            BusyError: there was none in time, or too many wait.
        """
        if self._present[portal_id] >= self._each + self._waiting_limit:
            raise BusyError
        own = self._accounts.setdefault(portal_id, asyncio.Semaphore(self._each))
        self._present[portal_id] += 1
        try:
            async with _place(own), _place(self._total):
                yield
        finally:
            self._leave(portal_id)

    def _leave(self, portal_id: int) -> None:
        self._present[portal_id] -= 1
        if not self._present[portal_id]:
            del self._present[portal_id], self._accounts[portal_id]


@asynccontextmanager
async def _place(places: asyncio.Semaphore) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            await places.acquire()
    except TimeoutError as error:
        raise BusyError from error
    try:
        yield
    finally:
        places.release()
