"""The inbox, in both implementations."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from timeline.models import Placed, Received
from timeline.ports import InboxStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def inbox(memory: Any) -> InboxStore:
    """The store."""
    store: InboxStore = memory.stores.inbox
    return store


async def test_a_message_is_kept_as_it_came(inbox: InboxStore, received: Any) -> None:
    """What is read is what was kept, to the microsecond and the last sign."""
    await inbox.add([Placed(received())], NOW)

    assert [received()] == list(await inbox.left_over(10))


async def test_a_message_is_kept_once(inbox: InboxStore, received: Any) -> None:
    """What is there stays as it is, whether it comes again in a batch, in a later one, or both at a time."""
    await inbox.add(_placed(received("m1"), received("m1", seconds=9), received("m2")), NOW)
    await inbox.add(_placed(received("m2", seconds=9), received("m3")), NOW)
    await asyncio.gather(*(inbox.add(_placed(received("m4")), NOW) for _ in range(8)))
    await inbox.add([], NOW)

    rows = sorted(await inbox.left_over(10), key=lambda row: row.id)
    assert [received(f"m{n}") for n in range(1, 5)] == rows
    assert {"acme:m1", "acme:m4"} == set((await inbox.known(["acme:m1", "acme:m4", "acme:m5"])).rows)


async def test_of_what_accounts_have_only_the_key_is_kept(inbox: InboxStore, received: Any) -> None:
    """What is assigned when it is kept is not left over, and its accounts are known."""
    await inbox.add([Placed(received("m1"), portals=(2, 62515))], NOW)
    await inbox.add([Placed(received("m1"))], NOW)

    assert [] == list(await inbox.left_over(10))
    assert [2, 62515] == list(await inbox.accounts_of("acme:m1"))


async def test_an_assigned_message_is_done_with(inbox: InboxStore, received: Any) -> None:
    """What accounts have is not left over, and its key still keeps the same message out."""
    await inbox.add(_placed(received("m1"), received("m2")), NOW)

    await inbox.assigned({"acme:m1": [1, 2]})
    await inbox.assigned({"acme:m1": [1, 2]})
    await inbox.assigned({})
    await inbox.add(_placed(received("m1")), NOW)

    assert ["acme:m2"] == [row.id for row in await inbox.left_over(10)]


async def test_the_longest_waiting_is_left_over_first(inbox: InboxStore, received: Any) -> None:
    """A search gives those that have waited longest, as many as asked for."""
    for number in (2, 1, 3):
        await inbox.add(_placed(received(f"m{number}")), NOW + timedelta(seconds=number))

    assert ["acme:m1", "acme:m2"] == [row.id for row in await inbox.left_over(2)]


async def test_a_message_waits_for_its_tenant_and_is_called(inbox: InboxStore, received: Any) -> None:
    """What waits for a tenant is not left over until that tenant's messages are called, whole and as they were."""
    await inbox.add([Placed(received("m1"), waits_for="acme")], NOW)
    await inbox.add(_placed(received("m2", chert_tenant="globex"), received("m3")), NOW)
    await inbox.wait(["globex:m2"])
    assert ["acme:m3"] == [row.id for row in await inbox.left_over(10)]

    assert 1 == await inbox.call("acme", NOW)
    assert 0 == await inbox.call("acme", NOW)

    assert [received("m1"), received("m3")] == sorted(await inbox.left_over(10), key=lambda row: row.id)


@pytest.mark.parametrize("first", ["assigned", "wait"])
async def test_what_one_process_gives_another_does_not_let_wait(inbox: InboxStore, received: Any, first: str) -> None:
    """Of two processes at once one sees no account and the other gives the message to it: it stays given, for good."""
    await inbox.add(_placed(received("m1"), received("m2")), NOW)
    if first == "wait":
        await inbox.wait(["acme:m1"])
    await inbox.assigned({"acme:m1": [7]})
    await inbox.wait(["acme:m1"])

    assert 0 == await inbox.call("acme", NOW)
    assert [] == list(await inbox.awaited())
    assert ["acme:m2"] == [row.id for row in await inbox.left_over(10)]
    assert [7] == list(await inbox.accounts_of("acme:m1"))


async def test_who_was_given_a_message_is_known(inbox: InboxStore, received: Any) -> None:
    """The accounts of a message are known from when it is assigned, for good; before, and of others, there are none."""
    await inbox.add(_placed(received("m1"), received("m2")), NOW)
    assert [] == list(await inbox.accounts_of("acme:m1"))

    await inbox.assigned({"acme:m1": [7, 62515]})

    assert [7, 62515] == list(await inbox.accounts_of("acme:m1"))
    assert [] == list(await inbox.accounts_of("acme:m2"))
    assert [] == list(await inbox.accounts_of("acme:m3"))


async def test_erasing_a_conversation_leaves_its_keys(memory: Any, received: Any) -> None:
    """Content that waits for a tenant is removed; the same message again still changes nothing."""
    inbox = memory.stores.inbox
    await inbox.add(_placed(received("m1"), received("m2", chert_tenant="other")), NOW)
    await inbox.wait(["acme:m1"])

    await inbox.erase("acme", ["chat.1", "chat.2"])
    await inbox.add(_placed(received("m1")), NOW)

    assert 0 == await inbox.call("acme", NOW)
    assert ["other:m2"] == [row.id for row in await inbox.left_over(10)]


async def test_what_waited_too_long_ends(inbox: InboxStore, received: Any) -> None:
    """A project's oldest waiting messages end, as many as asked for; their keys stay and nobody is given them."""
    await inbox.add(_placed(*(received(f"m{number}", seconds=number) for number in range(5))), NOW)
    await inbox.add(_placed(received("m9", chert_tenant="globex")), NOW)
    await inbox.wait(["acme:m0", "acme:m1", "acme:m2", "acme:m3", "globex:m9"])
    assert ["acme", "globex"] == list(await inbox.awaited())
    before = received("m3", seconds=3).message.received_at

    assert ["acme:m0", "acme:m1"] == list(await inbox.expire("acme", before, 2))
    assert ["acme:m2"] == list(await inbox.expire("acme", before, 2))
    assert [] == list(await inbox.expire("acme", before, 2))
    await inbox.add(_placed(received("m0")), NOW)

    assert 1 == await inbox.call("acme", NOW)
    assert ["acme:m3", "acme:m4"] == sorted(row.id for row in await inbox.left_over(10))
    assert [] == list(await inbox.accounts_of("acme:m0"))


async def test_the_oldest_key_outlives_its_content(inbox: InboxStore, received: Any) -> None:
    """The age of the oldest key is known as long as there is one, whatever became of its message."""
    assert await inbox.oldest() is None

    await inbox.add(_placed(received("m2", seconds=9), received("m1")), NOW)
    await inbox.assigned({"acme:m1": [1], "acme:m2": [1]})

    oldest = await inbox.oldest()
    assert oldest is not None
    assert abs(oldest - received("m1").message.received_at) < timedelta(milliseconds=1)


def _placed(*rows: Received) -> list[Placed]:
    """Rows that wait to be assigned."""
    return [Placed(row) for row in rows]
