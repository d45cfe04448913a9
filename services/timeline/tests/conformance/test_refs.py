"""Refs, in both implementations."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from timeline.models import Placed, Ref
from timeline.ports import Refs

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def refs(memory: Any) -> Refs:
    """The store."""
    store: Refs = memory.stores.refs
    return store


async def test_an_id_leads_to_all_that_was_said_of_it(refs: Refs) -> None:
    """Kinds do not mix, and what is not known is not there."""
    await refs.add(
        [Ref("chat", "c.$1", "1:acme:m1"), Ref("chat", "c.$1", "1:acme:m2"), Ref("contact", "c.$1", "chat-1")]
    )
    await refs.add([])

    found = await refs.find(["chat:c.$1", "contact:c.$1", "phone:c.$1"])

    assert {"chat:c.$1": {"1:acme:m1", "1:acme:m2"}, "contact:c.$1": {"chat-1"}} == found


async def test_a_ref_is_kept_once_however_often_it_is_told(refs: Refs) -> None:
    """The same again, also at the same time, changes nothing."""
    both = [Ref("phone", "f00", "chat-1"), Ref("contact", "904", "chat-1")]

    await asyncio.gather(*(refs.add(both) for _ in range(8)))
    await refs.add(both)

    assert {"phone:f00": {"chat-1"}, "contact:904": {"chat-1"}} == await refs.find([one.key for one in both])


async def test_the_newest_of_many_is_there(refs: Refs) -> None:
    """An id that leads to a thousand keys still leads to the last."""
    await refs.add([Ref("chat", "c1", f"1:acme:m{number}") for number in range(999)])
    await refs.add([Ref("chat", "c1", "1:acme:last")])

    assert "1:acme:last" in (await refs.find(["chat:c1"]))["chat:c1"]


async def test_what_is_forgotten_leads_nowhere(refs: Refs) -> None:
    """Other keys of the same id stay; an id without any is gone, and can be learned again."""
    phone, other = Ref("phone", "f00", "chat-1"), Ref("phone", "f00", "chat-2")
    await refs.add([phone, other])

    await refs.forget([phone, Ref("phone", "bad", "chat-1")])
    assert {"phone:f00": {"chat-2"}} == await refs.find(["phone:f00"])
    await refs.forget([other])
    assert {} == await refs.find(["phone:f00"])
    await refs.add([other])

    assert {"phone:f00": {"chat-2"}} == await refs.find(["phone:f00"])


async def test_a_record_is_found_whatever_its_account(memory: Any) -> None:
    """A communication id alone leads to its reply."""
    communications = memory.stores.communications
    await communications.own(1, {"77": "1:acme:m1"})
    await communications.own(2, {"78": "2:acme:m1"})

    assert ["1:acme:m1"] == list(await communications.owners_anywhere([1, 2], "77"))
    assert [] == list(await communications.owners_anywhere([1, 2], "79"))


async def test_a_row_is_found_by_what_it_names(memory: Any, received: Any) -> None:
    """Its event, its trace and its conversation lead to a row, whoever has it; of many the newest are told."""
    inbox = memory.stores.inbox
    await inbox.add([Placed(received(f"m{number}", seconds=number), (7,)) for number in range(3)], NOW)
    await inbox.add([Placed(received("m3", seconds=3), waits_for="acme")], NOW)

    for asked in ("e1", "1" * 32, "chat.1"):
        assert ["acme:m3", "acme:m2"] == list(await inbox.named(asked, 2))
    assert ["acme:m3", "acme:m2", "acme:m1", "acme:m0"] == list(await inbox.of_chats(["chat.1", "chat.2"], 9))
    assert [] == list(await inbox.named("m1", 9))
    assert [] == list(await inbox.of_chats(["e1"], 9))


async def test_an_operator_sees_where_a_row_stands(memory: Any, received: Any) -> None:
    """Who has it, since when it waits, and for whom."""
    inbox = memory.stores.inbox
    rows = [Placed(received("m1"), (7,)), Placed(received("m2")), Placed(received("m3"), waits_for="acme")]
    await inbox.add(rows, NOW)

    seen = {row.id: row for row in await inbox.look_at(["acme:m1", "acme:m2", "acme:m3", "acme:m4"])}

    assert {"acme:m1", "acme:m2", "acme:m3"} == set(seen)
    assert ((7,), None, None) == (seen["acme:m1"].portals, seen["acme:m1"].since, seen["acme:m1"].waits_for)
    assert ((), NOW, None) == (seen["acme:m2"].portals, seen["acme:m2"].since, seen["acme:m2"].waits_for)
    assert ((), None, "acme") == (seen["acme:m3"].portals, seen["acme:m3"].since, seen["acme:m3"].waits_for)
