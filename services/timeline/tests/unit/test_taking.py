"""Lanes that are taken with the write that gives them work."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final

import pytest

from chassis.clock import ManualClock
from timeline.adapters.in_memory import InMemoryStores
from timeline.handlers.noise import BURST
from timeline.handlers.strides import Strides
from timeline.handlers.taking import FEW, TAKEN_SECONDS, TURNS, TakingLists
from timeline.models import Work

PORTAL: Final = 62515


class World:
    """Lists over lanes that exist, and what decides whether they are taken."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.stores, self.stopping = clock, InMemoryStores(), False
        self.lanes = self.stores.lanes
        self.turns: dict[int, Strides] = {}
        self.lists = TakingLists(self.lanes, self.turns, holder="me", stopping=lambda: self.stopping, clock=clock)

    async def know(self, *portal_ids: int) -> None:
        """These accounts had work before, which is done."""
        await self.lanes.add({portal_id: [self.work("old")] for portal_id in portal_ids}, self.clock.now())
        for portal_id in portal_ids:
            self.lanes.lanes[portal_id].pending.clear()

    def work(self, ticket: str) -> Work:
        """A line."""
        return Work(ticket, f"entry {ticket}", "chat", self.clock.now())

    async def give(self, *portal_ids: int) -> list[int]:
        """Give a line to each; those whose lane was taken."""
        await self.lists.add({portal_id: [self.work("new")] for portal_id in portal_ids}, self.clock.now())
        assert all(["new"] == [one.ticket for one in self.lanes.lanes[portal_id].pending] for portal_id in portal_ids)
        return [portal_id for portal_id in portal_ids if self.lists.taken(portal_id) is not None]


@pytest.fixture
def world(clock: ManualClock) -> World:
    """A process without a turn under way."""
    return World(clock)


async def test_the_lane_of_a_lone_reply_is_taken_for_one_turn(world: World) -> None:
    """The turn that follows has the lane, with the work and a lease that counts from before; it is given once."""
    await world.know(PORTAL)

    await world.lists.add({PORTAL: [world.work("new")]}, world.clock.now())

    taken = world.lists.taken(PORTAL)
    assert taken is not None
    assert (world.clock.monotonic(), ["new"]) == (taken.asked_at, [one.ticket for one in taken.lane.pending])
    assert ("me", 1) == (world.lanes.lanes[PORTAL].holder, taken.lane.fence)
    assert None is world.lists.taken(PORTAL)


async def test_what_cannot_be_begun_at_once_is_only_given_work(world: World) -> None:
    """A lane with a turn under way, one among many, and any lane of a process that is busy or stops, is not taken."""
    many = list(range(FEW + 1))
    await world.know(PORTAL, 7, *many)

    world.turns[7] = Strides()
    assert [] == await world.give(7)
    assert [] == await world.give(*many)
    world.turns.update({number: Strides() for number in range(1_000, 1_000 + TURNS)})
    assert [] == await world.give(PORTAL)
    world.turns.clear()
    world.stopping, world.lanes.lanes[PORTAL].pending = True, []
    assert [] == await world.give(PORTAL)
    world.stopping, world.lanes.lanes[PORTAL].pending = False, []
    assert [PORTAL] == await world.give(PORTAL)


async def test_a_lane_that_is_none_yet_is_made(world: World) -> None:
    """The first work of an account, or work for a lane that somebody holds, is added as ever."""
    await world.know(7)
    await world.lanes.acquire(7, "other", world.clock.now())

    assert [] == await world.give(PORTAL, 7)


async def test_a_lane_that_was_taken_too_long_ago_is_taken_anew(world: World) -> None:
    """A turn that comes late asks for a lease of its own."""
    await world.know(PORTAL)
    await world.lists.add({PORTAL: [world.work("new")]}, world.clock.now())

    world.clock.advance(TAKEN_SECONDS + 0.1)

    assert None is world.lists.taken(PORTAL)


async def test_a_lease_that_is_answered_after_a_turn_began_is_not_used(world: World) -> None:
    """Whoever found the lane held by this very process took it under a newer fence: the older one is worth nothing."""
    await world.know(PORTAL)
    take = world.lanes.take

    async def take_late(*given: Any) -> Any:
        lane = await take(*given)
        assert None is world.lists.taken(PORTAL)  # the sweep's turn begins here
        return lane

    world.lanes.take = take_late  # type: ignore[method-assign] - the answer comes late

    assert [] == await world.give(PORTAL)


@pytest.mark.parametrize("loud", [0, BURST + 1])
async def test_a_free_lane_announces_its_write_before_anything_else_is_noted(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores, loud: int
) -> None:
    """Somebody waits for a reply on the timeline: its intent comes before its note, and before others are set aside."""
    process = start()
    await bring(process, reply("m1"))
    order: list[str] = []

    def in_order(name: str, call: Callable[..., Awaitable[Any]]) -> Any:
        async def called(*given: Any) -> Any:
            order.append(name)
            return await call(*given)

        return called

    memory.inbox.add = in_order("note", memory.inbox.add)  # type: ignore[method-assign] - to see the order
    memory.queues.enqueue = in_order("set aside", memory.queues.enqueue)  # type: ignore[method-assign] - the same
    memory.entries.intend = in_order("intent", memory.entries.intend)  # type: ignore[method-assign] - the same
    turns: list[asyncio.Task[Any]] = []

    def work_soon(portal_ids: Collection[int]) -> None:
        turns.extend(asyncio.create_task(process.lanes.turn(portal_id)) for portal_id in portal_ids)

    burst = [reply(f"g{number}", chert_tenant="globex") for number in range(loud)]
    await process.store_received([*burst, reply("m2")], work_soon)
    await asyncio.gather(*turns)

    assert "intent" == order[0]
    assert {"note", "set aside"} == set(order[1:])
    assert loud == len(memory.queues.rows())
