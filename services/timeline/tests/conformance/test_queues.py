"""The queues, in both implementations."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.clock import ManualClock
from timeline.adapters.mongo import MongoStores, portions
from timeline.models import Placed, Queue, Received, sealed
from timeline.ports import InboxStore, QueueStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def queues(memory: Any) -> QueueStore:
    """The store."""
    store: QueueStore = memory.stores.queues
    return store


@pytest.fixture
def inbox(memory: Any) -> InboxStore:
    """The inbox beside it."""
    store: InboxStore = memory.stores.inbox
    return store


async def test_what_is_set_aside_is_read_as_it_came(queues: QueueStore, received: Any) -> None:
    """Portions keep messages and their order, to the microsecond and the last sign, project by project."""
    messages = [received(f"m{number}") for number in (2, 1)]
    await queues.enqueue({"acme": messages, "globex": [received("m1", chert_tenant="globex")]}, NOW)
    await queues.enqueue({"acme": [received("m3")]}, NOW)

    assert messages == list(await queues.portion("acme", 0) or ())
    assert [received("m3")] == list(await queues.portion("acme", 1) or ())
    assert None is await queues.portion("acme", 2)
    assert {"acme", "globex"} == set(await queues.waiting())
    assert Queue("acme", end=2) == await queues.hold("acme", "h", NOW)


async def test_many_at_once_take_numbers_of_their_own(queues: QueueStore, received: Any) -> None:
    """Messages that are set aside at the same time come into portions of their own, the first ever, too."""
    await asyncio.gather(*(queues.enqueue({"acme": [received(f"m{number}")]}, NOW) for number in range(8)))

    found = [row.id for number in range(8) for row in await queues.portion("acme", number) or ()]
    assert {f"acme:m{number}" for number in range(8)} == set(found)


async def test_a_portion_that_is_on_lanes_makes_room_for_the_next(queues: QueueStore, received: Any) -> None:
    """Dropping the first portion again, or one that is not first, takes nothing from the queue."""
    for number in range(3):
        await queues.enqueue({"acme": [received(f"m{number}")]}, NOW)

    await queues.drop("acme", 0)
    await queues.drop("acme", 0)
    assert Queue("acme", first=1, end=3) == await queues.hold("acme", "h", NOW)
    assert None is await queues.portion("acme", 0)
    await queues.drop("acme", 1)
    await queues.drop("acme", 2)

    assert Queue("acme", first=3, end=3) == await queues.hold("acme", "h", NOW)
    assert set() == set(await queues.waiting())
    assert None is await queues.oldest()


async def test_a_batch_sees_what_stands_before_it(queues: QueueStore, inbox: InboxStore, received: Any) -> None:
    """One look tells which messages are known, which of those still wait, and which projects have a queue."""
    await inbox.add(
        [Placed(received("m1"), (7,)), Placed(received("m2")), Placed(received("m3"), waits_for="acme")], NOW
    )
    await queues.enqueue({"globex": [received("m9", chert_tenant="globex")]}, NOW)
    asked = ["acme:m1", "acme:m2", "acme:m3", "acme:m4", "globex:m1", "initech:m1"]

    before = await inbox.known(asked)
    await queues.leave(["acme"])
    await queues.leave([])
    after = await inbox.known(asked)

    assert {"acme:m1": False, "acme:m2": True, "acme:m3": True} == dict(before.rows) == dict(after.rows)
    assert {"globex": Queue("globex", end=1)} == dict(before.queues)
    assert {"acme": Queue("acme", left=1), "globex": Queue("globex", end=1)} == dict(after.queues)


async def test_none_left_counts_unless_some_were_left_since(queues: QueueStore, inbox: InboxStore) -> None:
    """A look that found nothing says nothing about what is left after it began."""
    await queues.leave(["acme"])
    seen = await queues.hold("acme", "h", NOW)
    assert seen is not None
    await queues.leave(["acme", "acme"])
    await queues.none_left(seen)
    assert {"acme"} == set((await inbox.known(["acme:m1"])).queues)

    again = await queues.hold("acme", "h", NOW)
    assert again is not None
    await queues.none_left(again)

    assert {} == dict((await inbox.known(["acme:m1"])).queues)


async def test_one_at_a_time_is_at_a_queue(queues: QueueStore) -> None:
    """A holder keeps others away until it lets go, or has not been heard of for a while."""
    assert None is await queues.hold("acme", "one", NOW)
    await queues.leave(["acme"])

    assert Queue("acme", left=1) == await queues.hold("acme", "one", NOW)
    assert Queue("acme", left=1) == await queues.hold("acme", "one", NOW + timedelta(seconds=5))
    assert None is await queues.hold("acme", "two", NOW + timedelta(seconds=14))
    await queues.let_go("acme", "two")
    assert None is await queues.hold("acme", "two", NOW + timedelta(seconds=14))
    assert None is not await queues.hold("acme", "two", NOW + timedelta(seconds=16))
    await queues.let_go("acme", "two")

    assert None is not await queues.hold("acme", "one", NOW + timedelta(seconds=16))


@pytest.fixture
def laid_down(memory: Any) -> portions.MongoPortions:
    """The portions in the database, for what a process does that dies in the middle."""
    return portions.MongoPortions(memory.database)


def part(*rows: Received) -> portions.Part:
    """What one portion takes."""
    return next(portions.parts([sealed(row) for row in rows]))


@pytest.mark.integration
@pytest.mark.parametrize("memory", ["mongo"], indirect=True)
async def test_what_was_laid_down_and_not_counted_is_found(
    queues: QueueStore, laid_down: portions.MongoPortions, received: Any
) -> None:
    """A portion of a process that died right after it is drained with what comes behind it, or by itself."""
    await laid_down.lay_down("acme", 0, part(received("m1")), NOW)
    await queues.enqueue({"acme": [received("m1"), received("m2")]}, NOW)
    assert Queue("acme", end=2) == await queues.hold("acme", "h", NOW)
    await laid_down.lay_down("acme", 2, part(received("m3")), NOW)

    assert await queues.tidy(Queue("acme", end=2))
    assert Queue("acme", end=3) == await queues.hold("acme", "h", NOW)


@pytest.mark.integration
@pytest.mark.parametrize("memory", ["mongo"], indirect=True)
async def test_what_is_over_is_forgotten(queues: QueueStore, laid_down: portions.MongoPortions, received: Any) -> None:
    """A portion before the first was dropped, or came too late: nothing of it stays, nothing is drained twice."""
    await queues.enqueue({"acme": [received("m1")]}, NOW)
    await queues.drop("acme", 0)
    await laid_down.lay_down("acme", 0, part(received("m1")), NOW)

    assert not await queues.tidy(Queue("acme", first=1, end=1))
    assert set() == set(await queues.waiting())


@pytest.mark.integration
@pytest.mark.parametrize("memory", ["mongo"], indirect=True)
async def test_who_comes_late_goes_behind(memory: Any, queues: QueueStore, received: Any) -> None:
    """Who looked for the end of a queue before it moved on lays its portion down again where it is reached."""
    store, looked = memory.stores.queues, memory.stores.queues._portions.lay_down

    async def lay_down_late(*what: Any) -> bool:
        store._portions.lay_down = looked
        await queues.enqueue({"acme": [received("m1")]}, NOW)
        await queues.drop("acme", 0)
        return bool(await looked(*what))

    store._portions.lay_down = lay_down_late
    await queues.enqueue({"acme": [received("m2")]}, NOW)

    assert Queue("acme", first=1, end=2) == await queues.hold("acme", "h", NOW)
    assert [received("m2")] == list(await queues.portion("acme", 1) or ())


@pytest.mark.integration
@pytest.mark.parametrize("memory", ["mongo"], indirect=True)
@pytest.mark.parametrize("dropped", [0, 1, 3])
async def test_who_remembers_where_a_queue_ended_goes_behind_what_came_since(
    memory: Any, queues: QueueStore, received: Any, clock: ManualClock, dropped: int
) -> None:
    """A process knows where it laid down its last portion; another has laid down more, and some is drained."""
    other = MongoStores(memory.database, clock).stores.queues
    await queues.enqueue({"acme": [received("m1")]}, NOW)
    for message_id in ("m2", "m3"):
        await other.enqueue({"acme": [received(message_id)]}, NOW)
    for number in range(dropped):
        await other.drop("acme", number)

    await queues.enqueue({"acme": [received("m4")]}, NOW)

    assert Queue("acme", first=dropped, end=4) == await queues.hold("acme", "h", NOW)
    assert [received("m4")] == list(await queues.portion("acme", 3) or ())


async def test_a_message_that_is_set_aside_is_known_to_whoever_asks(
    queues: QueueStore, inbox: InboxStore, received: Any
) -> None:
    """Operators find it by any of its ids, the event log's reader does not tell it again, and its age counts."""
    await queues.enqueue({"acme": [received("m1", seconds=1), received("m2", seconds=2)]}, NOW)
    await inbox.add([Placed(received("m1", seconds=1), (7,))], NOW)

    for asked in ("e1", "1" * 32, "chat.1"):
        assert ["acme:m2", "acme:m1"] == list(await inbox.named(asked, 9))
    assert ["acme:m2"] == list(await inbox.of_chats(["chat.1"], 1))
    assert [] == list(await inbox.of_chats(["chat.2"], 9))
    seen = {view.id: view for view in await inbox.look_at(["acme:m1", "acme:m2", "acme:m3"])}
    assert {"acme:m1": (7,), "acme:m2": ()} == {key: view.portals for key, view in seen.items()}
    assert (None, NOW) == (seen["acme:m1"].since, seen["acme:m2"].since)
    asked = [received(f"m{number}").message for number in (1, 2, 3)]
    assert ["m3"] == [message.message_id for message in await inbox.unknown(asked)]
    assert {"acme": 2} == dict(await queues.lengths(["acme", "globex"]))
    oldest = await queues.oldest()
    assert oldest is not None
    assert timedelta(milliseconds=1) > abs(oldest - received("m1", seconds=1).message.received_at)


async def test_of_many_messages_none_is_taken_for_another(queues: QueueStore, inbox: InboxStore, received: Any) -> None:
    """However they lie in portions, in the inbox or nowhere, and in whatever order they are asked for."""
    for first in range(3):
        await queues.enqueue({"acme": [received(f"m{number}") for number in range(first, 30, 3)]}, NOW)
    await inbox.add([Placed(received(f"m{number}"), (7,)) for number in range(30, 35)], NOW)

    asked = [received(f"m{number * 7 % 41}").message for number in range(41)]

    assert {f"m{number}" for number in range(35, 41)} == {one.message_id for one in await inbox.unknown(asked)}


async def test_an_erased_conversation_has_no_content_in_a_queue(
    queues: QueueStore, inbox: InboxStore, received: Any
) -> None:
    """What is set aside of it stays where it is, with its ids alone; other projects' conversations are left alone."""
    messages = {"acme": [received("m1")], "globex": [received("m1", chert_tenant="globex")]}
    await queues.enqueue(messages, NOW)

    await inbox.erase("acme", ["chat.1", "chat.2"])
    await inbox.erase("acme", ["chat.2"])

    [kept] = await queues.portion("acme", 0) or ()
    assert ("acme:m1", "erased", ()) == (kept.id, kept.message.sender, kept.message.parts)
    assert messages["globex"] == list(await queues.portion("globex", 0) or ())


async def test_what_a_project_has_left_is_read_oldest_first(inbox: InboxStore, received: Any) -> None:
    """Rows that wait for a tenant and rows that were called are one line, by when their messages came."""
    await inbox.add([Placed(received("m3", seconds=3)), Placed(received("m1", seconds=1), waits_for="acme")], NOW)
    await inbox.add([Placed(received("m2", seconds=2)), Placed(received("m0"), (7,))], NOW)
    await inbox.add([Placed(received("m9", chert_tenant="globex"))], NOW)

    assert ["acme:m1", "acme:m2"] == [row.id for row in await inbox.left_of("acme", 2)]
    await inbox.assigned({"acme:m1": [7]})
    assert ["acme:m2", "acme:m3"] == [row.id for row in await inbox.left_of("acme", 9)]
    assert 0 == await inbox.call("acme", NOW)


def test_a_portion_has_an_end(received: Any) -> None:
    """However long messages are, no document of them is longer than the database takes; the order stays."""
    text = "x" * 500_000
    rows = [received(f"m{number}") for number in range(20)]
    part = rows[0].message.parts[0].model_copy(update={"value": text})
    long = [sealed(replace(row, message=row.message.model_copy(update={"parts": (part,)}))) for row in rows]

    found = list(portions.parts(long))

    assert rows[0].id == found[0].rows[0].id
    assert [row.id for row in long] == [row.id for one in found for row in one.rows]
    assert all(len(one.rows) * len(text) <= portions.MAX_CHARACTERS for one in found)
    assert [] == list(portions.parts([]))
