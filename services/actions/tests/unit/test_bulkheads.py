"""Places for work, so that no account's flood reaches another."""

import asyncio

import pytest

from actions.errors import BusyError
from actions.handlers.bulkheads import Bulkhead


class Visitor:
    """Has a place until it is let out."""

    def __init__(self, bulkhead: Bulkhead, portal_id: int) -> None:
        self.out = asyncio.Event()
        self.inside = False
        self.task = asyncio.create_task(self._visit(bulkhead, portal_id))

    async def _visit(self, bulkhead: Bulkhead, portal_id: int) -> None:
        async with bulkhead.entered(portal_id):
            self.inside = True
            await self.out.wait()


async def test_a_flood_of_one_account_leaves_the_others_their_room() -> None:
    """An account fills its own places and its queue, is turned away beyond, and others come in at once."""
    bulkhead = Bulkhead(each=2, total=5, waiting=3)
    flood = [Visitor(bulkhead, 1) for _ in range(5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert 2 == sum(visitor.inside for visitor in flood)
    with pytest.raises(BusyError):
        async with bulkhead.entered(1):
            pass
    async with bulkhead.entered(2):
        pass

    for visitor in flood:
        visitor.out.set()
    await asyncio.gather(*(visitor.task for visitor in flood))
    async with bulkhead.entered(1):
        pass


async def test_who_gives_up_waiting_leaves_no_trace() -> None:
    """A waiter that is cancelled takes no place with it."""
    bulkhead = Bulkhead(each=1, total=1, waiting=1)
    first, second = Visitor(bulkhead, 1), Visitor(bulkhead, 1)
    await asyncio.sleep(0)

    second.task.cancel()
    await asyncio.gather(second.task, return_exceptions=True)
    first.out.set()
    await first.task

    async with bulkhead.entered(1):
        pass
