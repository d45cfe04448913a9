"""Held messages: the same in memory and in the database."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.clock import ManualClock
from chassis.inbox import (
    REFRESH_SECONDS,
    HeldMessage,
    HeldMessages,
    Holds,
    InMemoryHeldMessages,
    MongoHeldMessages,
)
from chassis.mongo import connect
from chassis.subset import SubsetListener
from contracts.held import HeldLane

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.integration)])
async def held(request: pytest.FixtureRequest) -> AsyncIterator[HeldMessages]:
    """A store that is empty; what leaves the subset of MongoDB that we use fails the test."""
    if request.param == "memory":
        yield InMemoryHeldMessages()
        return
    listener = SubsetListener()
    async with connect(request.getfixturevalue("mongo_url"), "tests", event_listeners=[listener]) as client:
        database = client[f"chassis_{uuid.uuid4().hex}"]
        store = MongoHeldMessages(database)
        await store.ensure_indexes()
        yield store
        await client.drop_database(database)
    assert [] == listener.violations


def message(offset: int, owner: str = "acme", *, partition: int = 0, value: bytes | None = b"\x00\xff") -> HeldMessage:
    """A record with every awkward part."""
    headers = (("ce_id", b"1"), ("ce_id", b"\xff"), ("none", None), ("$set.x", b""))
    return HeldMessage("readers", "notes.told", partition, offset, owner, b"acme:\xff", headers, value, NOW)


async def test_who_is_held_is_known(held: HeldMessages) -> None:
    """Owners are held by partition, for one group and one topic."""
    await held.hold([message(1), message(2), message(3, "other"), message(1, partition=1)])
    assert {(0, "acme"), (0, "other"), (1, "acme")} == await held.lanes("readers", "notes.told")
    assert frozenset() == await held.lanes("others", "notes.told") | await held.lanes("readers", "others")


async def test_holding_twice_keeps_the_first(held: HeldMessages) -> None:
    """A record that is delivered again is held once, also together with new ones."""
    await held.hold([message(1)])
    await held.hold([message(1, value=b"again"), message(2, value=None)])
    await held.hold([])
    assert {(0, "acme")} == await held.lanes("readers", "notes.told")


async def test_what_a_store_holds_is_known_after_a_rebalance(held: HeldMessages) -> None:
    """Whoever takes a partition over asks the store once, and knows what it holds by itself at once."""
    clock = ManualClock()
    holds = Holds(held, "readers", "notes.told", clock)
    await holds.refresh(1)
    await held.hold([message(1)])
    await holds.refresh(1)
    assert (0, "acme") not in holds
    await holds.refresh(2)
    assert (0, "acme") in holds
    holds.add((1, "other"))
    assert (1, "other") in holds


async def test_a_release_is_noticed(held: HeldMessages) -> None:
    """An owner of whom nothing is held any more flows again within a minute."""
    clock = ManualClock()
    holds = Holds(held, "readers", "notes.told", clock)
    await holds.refresh(1)
    holds.add((0, "acme"))
    await holds.refresh(1)
    assert (0, "acme") in holds
    clock.advance(REFRESH_SECONDS)
    await holds.refresh(1)
    assert (0, "acme") not in holds


async def test_who_is_newly_held_stays_so_until_something_of_theirs_can_come(held: HeldMessages) -> None:
    """The store knows nothing yet of an owner whose dead letters were too many, however long ago it was asked."""
    clock = ManualClock()
    holds = Holds(held, "readers", "notes.told", clock)
    await holds.refresh(1)
    clock.advance(10 * REFRESH_SECONDS)
    holds.add((0, "acme"))
    clock.advance(REFRESH_SECONDS - 1)
    await holds.refresh(1)
    assert (0, "acme") in holds


async def test_what_is_held_is_listed(held: HeldMessages) -> None:
    """An operator sees how much is held of whom, and since when, the longest held first; of this group alone."""
    later = NOW + timedelta(minutes=1)
    await held.hold([replace(message(1, "new"), held_at=later), message(2), replace(message(3), held_at=later)])
    await held.hold([replace(message(4), group="others")])

    lane = HeldLane(topic="notes.told", partition=0, owner="acme", messages=2, oldest_at=NOW)
    assert [lane, lane.model_copy(update={"owner": "new", "messages": 1, "oldest_at": later})] == list(
        await held.summary("readers")
    )


async def test_what_is_held_comes_back_in_order_and_whole(held: HeldMessages) -> None:
    """The first messages of an owner on a partition come as they lay in Kafka; one that is done with is gone."""
    await held.hold([message(10), message(9), message(8, "other"), message(2, partition=1), message(11, value=None)])

    first = await held.oldest("readers", "notes.told", 0, "acme", 2)
    for one in first:
        await held.remove(one)

    assert [message(9), message(10)] == list(first)
    assert [message(11, value=None)] == list(await held.oldest("readers", "notes.told", 0, "acme", 2))
