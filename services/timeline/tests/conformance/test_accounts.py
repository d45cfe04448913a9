"""The battery of what is kept of one account: as an operator sees its lane, and forgetting it."""

from dataclasses import replace
from typing import Any

from chassis.clock import ManualClock
from timeline.adapters.in_memory import InMemoryStores
from timeline.adapters.mongo import MongoStores
from timeline.models import LaneView

Memory = InMemoryStores | MongoStores

PORTAL, OTHER = 62515, 625150


async def fill(memory: Memory, clock: ManualClock, entry: Any, work: Any, portal_id: int) -> None:
    """Give an account something of each kind."""
    stores, now = memory.stores, clock.now()
    one = entry(portal_id=portal_id)
    await stores.entries.add([one, entry("m2", portal_id=portal_id)], now)
    await stores.lanes.add({portal_id: [work("a", entry_id=one.id), work("b", seconds=-30)]}, now)
    await stores.unmatched.add(one.conversation, work("c", entry_id=one.id))
    await stores.communications.own(portal_id, {"77": one.id})
    await stores.retries.schedule([portal_id], now, now)


async def test_a_lane_is_shown_as_it_stands(memory: Memory, clock: ManualClock, entry: Any, work: Any) -> None:
    """How much waits, since when, whether somebody works on it; an account without a lane is not shown."""
    await fill(memory, clock, entry, work, PORTAL)
    idle = await memory.accounts.look([PORTAL, OTHER])
    await memory.stores.lanes.acquire(PORTAL, "holder", clock.now())
    held = await memory.accounts.look([PORTAL])

    oldest = work("b", seconds=-30).received_at
    assert {PORTAL: LaneView(pending=2, oldest_at=oldest)} == idle
    assert {PORTAL: replace(idle[PORTAL], held=True)} == held


async def test_everything_of_an_account_goes_and_nothing_of_another(
    memory: Memory, clock: ManualClock, entry: Any, work: Any
) -> None:
    """Purging removes one account's documents bit by bit; ids that begin alike are another's."""
    for portal_id in (PORTAL, OTHER):
        await fill(memory, clock, entry, work, portal_id)

    first = await memory.accounts.purge(PORTAL, 1)
    second = await memory.accounts.purge(PORTAL, 1)
    third = await memory.accounts.purge(PORTAL, 1)

    assert {"entries": 1, "unmatched": 1, "communications": 1, "lanes": 1, "retries": 1} == first
    assert {"entries": 1} == second
    assert {} == third
    assert {"entries": 2, "unmatched": 1, "communications": 1, "lanes": 1, "retries": 1} == (
        await memory.accounts.purge(OTHER, 100)
    )
