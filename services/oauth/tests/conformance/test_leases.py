"""What every store of leases does."""

import asyncio

from oauth.models import Lease
from oauth.ports import LeaseStore


async def test_a_lease_is_taken_by_one(leases: LeaseStore) -> None:
    """Of many who find no lease exactly one takes it."""
    results = await asyncio.gather(*(leases.take("work", str(number), replacing=None) for number in range(20)))
    (taken,) = [result for result in results if result is not None]

    assert (1, 1) == (taken.fence, taken.beat)
    assert taken == await leases.current("work")


async def test_a_lease_is_taken_over_by_one(leases: LeaseStore) -> None:
    """Of many who replace the same holding exactly one does, one fence and one beat further."""
    first = await leases.take("work", "first", replacing=None)
    assert first is not None
    results = await asyncio.gather(*(leases.take("work", str(number), replacing=first) for number in range(20)))
    (taken,) = [result for result in results if result is not None]

    assert (2, 2) == (taken.fence, taken.beat)
    assert taken == await leases.current("work")


async def test_what_changed_is_not_taken(leases: LeaseStore) -> None:
    """A lease that is not as it was read is not taken, and one that was never there is not replaced."""
    first = await leases.take("work", "first", replacing=None)
    assert first is not None
    await leases.give_back(first)

    assert await leases.take("work", "second", replacing=first) is None
    assert await leases.take("other", "second", replacing=first) is None
    assert Lease("work", None, 1, 1) == await leases.current("work")


async def test_a_lease_given_back_is_free(leases: LeaseStore) -> None:
    """After giving back there is no holder; the fence goes on from where it was."""
    first = await leases.take("work", "first", replacing=None)
    assert first is not None
    await leases.give_back(first)
    taken = await leases.take("work", "second", replacing=await leases.current("work"))

    assert Lease("work", "second", 2, 2) == taken


async def test_anothers_lease_is_not_given_back(leases: LeaseStore) -> None:
    """A former holder's return leaves the present holder in place."""
    first = await leases.take("work", "first", replacing=None)
    assert first is not None
    second = await leases.take("work", "second", replacing=first)
    await leases.give_back(first)

    assert second == await leases.current("work")


async def test_names_are_separate(leases: LeaseStore) -> None:
    """Holding one thing says nothing about another."""
    await leases.take("work", "first", replacing=None)

    assert await leases.current("other") is None
    assert await leases.take("other", "second", replacing=None) is not None
