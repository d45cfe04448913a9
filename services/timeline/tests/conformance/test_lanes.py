"""Lanes: work lists and leases, in both implementations."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from timeline.handlers.breakers import closed, opened
from timeline.models import Breaker, Closing, DueLane, Lane, Lease, Spent
from timeline.ports import LaneStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=60)
PORTAL = 62515
EMPTY = Closing(frozenset(), due_at=None, oldest_at=None, paused_until=None, failures=0, version=1)


@pytest.fixture
def lanes(memory: Any) -> LaneStore:
    """The store."""
    store: LaneStore = memory.stores.lanes
    return store


def lease(lane: Lane, holder: str = "a") -> Lease:
    """The lease that goes with a lane that was acquired."""
    return Lease(lane.portal_id, holder, lane.fence, until=0.0)


async def acquired(lanes: LaneStore, holder: str = "a", now: datetime = NOW) -> Lane:
    """The lane, which must be free."""
    lane = await lanes.acquire(PORTAL, holder, now)
    assert lane is not None
    return lane


async def test_added_work_is_due_at_once(lanes: LaneStore, work: Any) -> None:
    """Work is due when it is added, and its holder sees all of it."""
    assert frozenset() == await lanes.add({PORTAL: [work("t1"), work("t2", seconds=9)], 7: [work("t3")]}, NOW)
    assert frozenset() == await lanes.add({PORTAL: [work("t4")]}, LATER)

    assert {PORTAL, 7} == {lane.portal_id for lane in await lanes.due(NOW, 10)}
    lane = await acquired(lanes)
    assert {work("t1"), work("t2", seconds=9), work("t4")} == set(lane.pending)
    assert (1, 2, 0) == (lane.fence, lane.version, lane.failures)
    assert NOW == await lanes.oldest()


async def test_concurrent_additions_are_all_kept(lanes: LaneStore, work: Any) -> None:
    """Many writers at once, also of the first work, lose nothing."""
    await asyncio.gather(*(lanes.add({PORTAL: [work(f"t{n}")]}, NOW) for n in range(16)))

    lane = await acquired(lanes)
    assert {f"t{n}" for n in range(16)} == {line.ticket for line in lane.pending}
    assert 16 == lane.version


async def test_one_holder_at_a_time(lanes: LaneStore, work: Any) -> None:
    """Of many candidates one becomes the holder; it may take its own lane again, under a new fence."""
    await lanes.add({PORTAL: [work("t1")]}, NOW)

    taken = await asyncio.gather(*(lanes.acquire(PORTAL, f"h{n}", NOW) for n in range(16)))

    [holder] = [n for n, lane in enumerate(taken) if lane is not None]
    assert None is await lanes.acquire(PORTAL, "other", NOW)
    assert 2 == (await acquired(lanes, f"h{holder}")).fence


async def test_work_is_added_and_the_lane_taken_in_one_write(lanes: LaneStore, work: Any) -> None:
    """A lane that is free is given work and its holder at once, who sees all of it and lets go as any other."""
    await lanes.add({PORTAL: [work("t1")]}, NOW)

    lane = await lanes.take(PORTAL, [work("t2", seconds=9), work("t3")], "a", LATER)

    assert lane is not None
    assert {work("t1"), work("t2", seconds=9), work("t3")} == set(lane.pending)
    assert (1, 2) == (lane.fence, lane.version)
    assert NOW == await lanes.oldest()
    assert None is await lanes.acquire(PORTAL, "b", LATER)
    assert await lanes.release(lease(lane), replace(EMPTY, settled=frozenset({"t1", "t2", "t3"}), version=2))


async def test_a_lane_that_is_not_free_is_not_taken(lanes: LaneStore, work: Any) -> None:
    """One that somebody holds, were it the same holder, or that rests, or that never was, gets no work that way."""
    assert None is await lanes.take(PORTAL, [work("t1")], "a", NOW)
    await lanes.add({PORTAL: [work("t1")]}, NOW)
    lane = await acquired(lanes)
    assert [None, None] == [await lanes.take(PORTAL, [work("t2")], holder, NOW) for holder in ("a", "b")]
    await lanes.release(lease(lane), replace(EMPTY, due_at=LATER, paused_until=LATER))
    assert None is await lanes.take(PORTAL, [work("t2")], "a", NOW)

    lane = await acquired(lanes, now=LATER)
    assert ((work("t1"),), 1, 2) == (lane.pending, lane.version, lane.fence)


async def test_of_many_who_give_work_one_takes_the_lane(lanes: LaneStore, work: Any) -> None:
    """At most one of them is its holder, and only that one's work is added that way."""
    await lanes.add({PORTAL: [work("t")]}, NOW)

    taken = await asyncio.gather(*(lanes.take(PORTAL, [work(f"t{n}")], f"h{n}", NOW) for n in range(16)))

    [lane] = [one for one in taken if one is not None]
    assert 2 == len(lane.pending)


async def test_a_lane_that_never_had_work_cannot_be_taken(lanes: LaneStore) -> None:
    """There is no lane before there is work."""
    assert None is await lanes.acquire(PORTAL, "a", NOW)
    assert [] == list(await lanes.due(NOW, 10))
    assert None is await lanes.oldest()


async def test_letting_go_crosses_out_what_is_settled(lanes: LaneStore, work: Any) -> None:
    """A holder that lets go leaves what is not settled, when it is due, and how often the account failed."""
    await lanes.add({PORTAL: [work("t1"), work("t2", seconds=9)]}, NOW)
    lane = await acquired(lanes)
    closing = replace(EMPTY, settled=frozenset({"t1"}), due_at=LATER, oldest_at=NOW, failures=3)

    assert await lanes.release(lease(lane), closing)

    assert [] == list(await lanes.due(NOW, 10))
    assert [DueLane(PORTAL, None, 1, 1)] == list(await lanes.due(LATER, 10))
    again = await acquired(lanes, "b")
    assert ((work("t2", seconds=9),), 3, 2) == (again.pending, again.failures, again.fence)


async def test_an_idle_lane_is_never_due(lanes: LaneStore, work: Any) -> None:
    """A lane without work is not found by any sweep and does not count as waiting."""
    await lanes.add({PORTAL: [work("t1")]}, NOW)
    assert await lanes.release(lease(await acquired(lanes)), replace(EMPTY, settled=frozenset({"t1"})))

    assert [] == list(await lanes.due(NOW + timedelta(days=9), 10))
    assert None is await lanes.oldest()


async def test_nobody_lets_go_of_work_that_he_has_not_seen(lanes: LaneStore, work: Any) -> None:
    """Work added meanwhile keeps a holder from letting go until it has looked again."""
    await lanes.add({PORTAL: [work("t1")]}, NOW)
    held = lease(await acquired(lanes))
    await lanes.add({PORTAL: [work("t2")]}, NOW)

    assert not await lanes.release(held, replace(EMPTY, settled=frozenset({"t1"})))
    seen = await lanes.reload(held)
    assert seen is not None
    assert {"t1", "t2"} == {line.ticket for line in seen.pending}
    assert await lanes.release(held, replace(EMPTY, settled=frozenset({"t1", "t2"}), version=seen.version))


async def test_a_holder_that_was_replaced_can_do_nothing(lanes: LaneStore, work: Any) -> None:
    """After a lease was ended its holder neither sees nor changes the lane, also when it has the same name."""
    await lanes.add({PORTAL: [work("t1")]}, NOW)
    held = lease(await acquired(lanes))
    [seen] = await lanes.due(NOW, 10)
    assert await lanes.break_lease(seen, NOW)
    assert not await lanes.break_lease(seen, NOW)

    for _ in range(2):
        assert None is await lanes.reload(held)
        assert not await lanes.release(held, EMPTY)
        assert (await acquired(lanes, "a")).fence > held.fence


async def test_a_lease_that_moved_on_is_not_broken(lanes: LaneStore, work: Any) -> None:
    """A lease is ended only as it was seen: a sign of life in between saves it."""
    await lanes.add({PORTAL: [work("t1")]}, NOW)
    await acquired(lanes)
    [seen] = await lanes.due(NOW, 10)
    await acquired(lanes)

    assert not await lanes.break_lease(seen, NOW)


async def test_a_broken_lease_leaves_the_lane_at_rest(lanes: LaneStore, work: Any) -> None:
    """A lane whose lease was ended rests as long as it was told to, then anybody may have it."""
    await lanes.add({PORTAL: [work("t1")]}, NOW)
    await acquired(lanes)
    [seen] = await lanes.due(NOW, 10)
    await lanes.break_lease(seen, LATER)

    assert [] == list(await lanes.due(NOW, 10))
    assert None is await lanes.acquire(PORTAL, "b", NOW)
    assert [None] == [lane.holder for lane in await lanes.due(LATER, 10)]
    assert (work("t1"),) == (await acquired(lanes, "b", LATER)).pending


async def test_new_work_does_not_end_a_rest(lanes: LaneStore, work: Any) -> None:
    """While an account rests nothing wakes its lane but being resumed, which also forgets failures."""
    await lanes.add({PORTAL: [work("t1")]}, NOW)
    closing = replace(EMPTY, due_at=LATER, paused_until=LATER, failures=4)
    assert await lanes.release(lease(await acquired(lanes)), closing)
    await lanes.add({PORTAL: [work("t2")]}, NOW)
    assert [] == list(await lanes.due(NOW, 10))
    assert None is await lanes.acquire(PORTAL, "a", NOW)

    for portal_id in (PORTAL, 404):
        await lanes.resume(portal_id, NOW, closed=lambda breaker: closed(PORTAL, breaker, NOW))

    assert [PORTAL] == [lane.portal_id for lane in await lanes.due(NOW, 10)]
    assert 0 == (await acquired(lanes)).failures


async def test_a_lane_that_is_resumed_while_it_is_held_is_not_let_go_of_as_before(lanes: LaneStore, work: Any) -> None:
    """Whoever would let a lane rest after it was resumed is refused, and sees in the lane that it was."""
    await lanes.add({PORTAL: [work("t1")]}, NOW)
    held = await acquired(lanes)
    await lanes.resume(PORTAL, NOW, closed=lambda breaker: closed(PORTAL, breaker, NOW))

    assert not await lanes.release(lease(held), replace(EMPTY, due_at=LATER, paused_until=LATER))

    current = await lanes.reload(lease(held))
    assert current is not None
    assert (held.resumed + 1, held.version + 1) == (current.resumed, current.version)


async def test_a_breaker_stays_open_until_it_is_closed(lanes: LaneStore, work: Any, memory: Any) -> None:
    """What a holder leaves of breaker and window the next one finds; a reconnect closes it once."""
    breaker, spent = Breaker(3, NOW, "502"), Spent("a", 17, NOW)
    await lanes.add({PORTAL: [work("t1")]}, NOW)
    told = opened(PORTAL, breaker, 5, LATER)
    closing = replace(EMPTY, due_at=NOW, openings=3, breaker=breaker, spent=spent, events=(told,))
    assert await lanes.release(lease(await acquired(lanes)), closing)

    held = await acquired(lanes)
    assert (3, breaker, spent) == (held.openings, held.breaker, held.spent)
    assert 1 == await lanes.open_breakers()
    for _ in range(2):
        await lanes.resume(PORTAL, NOW, closed=lambda breaker: closed(PORTAL, breaker, NOW))

    waiting = await memory.lane_outbox.pending(10)
    assert {str(PORTAL)} == {pending.document_id for pending in waiting}
    assert 0 == await lanes.open_breakers()
    assert [f"breaker.opened:{PORTAL}:3", f"breaker.closed:{PORTAL}:3"] == [
        event.id for pending in waiting for event in pending.events
    ]
    await memory.lane_outbox.published(waiting)
    assert [] == list(await memory.lane_outbox.pending(10))


async def test_lanes_are_found_longest_due_first(lanes: LaneStore, work: Any) -> None:
    """A sweep sees what has been due longest, as many as it asks for."""
    for number in (2, 1, 3):
        await lanes.add({number: [work("t")]}, NOW + timedelta(seconds=number))

    assert [1, 2] == [lane.portal_id for lane in await lanes.due(LATER, 2)]


async def test_a_list_has_an_end(short_lanes: LaneStore, work: Any) -> None:
    """A list that is full takes nothing and says so, whole batches at a time, and others take theirs."""
    lanes = short_lanes
    assert frozenset() == await lanes.add({1: [work("t1"), work("t2"), work("t3")]}, NOW)

    assert frozenset({1}) == await lanes.add({1: [work("t4")], 2: [work("t5")]}, NOW)

    lane = await lanes.acquire(1, "a", NOW)
    assert lane is not None
    assert 3 == len(lane.pending)
    assert await lanes.acquire(2, "a", NOW) is not None
