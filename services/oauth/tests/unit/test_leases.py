"""Leases: one holder at a time, by monotonic clocks alone."""

import pytest

from chassis.clock import ManualClock
from oauth.adapters.in_memory import InMemoryLeaseStore
from oauth.handlers.leases import PATIENCE_SECONDS, Leases
from oauth.models import Lease


class WatchedLeases(InMemoryLeaseStore):
    """Counts how often somebody looks before taking."""

    looks = 0

    async def current(self, name: str) -> Lease | None:
        """The lease as it lies there."""
        self.looks += 1
        return await super().current(name)


@pytest.fixture
def first(leases: InMemoryLeaseStore, clock: ManualClock) -> Leases:
    """One process."""
    return Leases(leases, clock=clock, holder="first")


@pytest.fixture
def second(leases: InMemoryLeaseStore, clock: ManualClock) -> Leases:
    """Another process."""
    return Leases(leases, clock=clock, holder="second")


async def test_what_is_held_is_not_given_twice(first: Leases, second: Leases) -> None:
    """While one process holds a lease another gets none; given back, it is free at once."""
    held = await first.take("work")
    assert held is not None
    assert await second.take("work") is None

    await first.give_back(held)
    assert await second.take("work") is not None


async def test_a_silent_holder_is_replaced_after_the_patience(
    first: Leases, second: Leases, clock: ManualClock
) -> None:
    """Another takes over only after watching the same beat for the whole patience on its own clock."""
    await first.take("work")
    clock.advance(10 * PATIENCE_SECONDS)
    assert await second.take("work") is None

    clock.advance(PATIENCE_SECONDS - 0.1)
    assert await second.take("work") is None

    clock.advance(0.1)
    taken = await second.take("work")
    assert taken is not None
    assert "second" == taken.lease.holder


async def test_a_holder_that_moves_is_waited_for_anew(first: Leases, second: Leases, clock: ManualClock) -> None:
    """A new holding is a sign of life, so that the patience begins again."""
    held = await first.take("work")
    assert held is not None
    assert await second.take("work") is None
    clock.advance(PATIENCE_SECONDS - 1)
    await first.give_back(held)
    await first.take("work")
    clock.advance(1)

    assert await second.take("work") is None


async def test_a_former_holder_gives_nothing_back(first: Leases, second: Leases, clock: ManualClock) -> None:
    """What a process held before it was replaced is not its to give back."""
    old = await first.take("work")
    assert old is not None
    await second.take("work")
    clock.advance(PATIENCE_SECONDS)
    assert await second.take("work") is not None
    await first.give_back(old)

    assert await first.take("work") is None


async def test_a_holder_knows_until_when_it_is_alone(first: Leases, clock: ManualClock) -> None:
    """A lease is safe for the patience, counted from before it was asked for."""
    held = await first.take("work")

    assert held is not None
    assert clock.monotonic() + PATIENCE_SECONDS == held.until


async def test_a_process_takes_back_what_it_could_not_give_back(first: Leases, second: Leases) -> None:
    """A lease that a process failed to give back is its own again at once, under a new fence; others still wait."""
    held = await first.take("work")
    again = await first.take("work")

    assert held is not None
    assert again is not None
    assert again.lease.fence > held.lease.fence
    assert await second.take("work") is None


async def test_what_lies_as_it_was_left_is_taken_without_looking(clock: ManualClock) -> None:
    """Whoever alone takes a lease again and again looks once; after another had it, looking comes first again."""
    store = WatchedLeases()
    first, second = (Leases(store, clock=clock, holder=name) for name in ("first", "second"))
    for _ in range(3):
        held = await first.take("work")
        assert held is not None
        await first.give_back(held)
    assert 1 == store.looks

    others = await second.take("work")
    assert others is not None
    assert await first.take("work") is None
    await second.give_back(others)
    mine = await first.take("work")
    assert mine is not None
    assert mine.lease.fence > others.lease.fence
