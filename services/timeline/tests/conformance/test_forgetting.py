"""Forgetting what leads to an account's replies, on every store."""

from typing import Any, Final

from chassis.clock import ManualClock
from timeline.adapters.in_memory import InMemoryStores
from timeline.adapters.mongo import MongoStores
from timeline.handlers.contacts import linked
from timeline.handlers.forgetting import forget_ways
from timeline.models import Conversation, Placed, Received, Ref

Memory = InMemoryStores | MongoStores

PORTAL, OTHER = 62515, 625150
LIMIT: Final = 100
HASH: Final = "5f2b"


async def fill(memory: Memory, clock: ManualClock, entries: Any) -> list[str]:
    """Keep replies, with everything that leads to them; the refs among it."""
    stores, refs = memory.stores, []
    accounts: dict[str, list[int]] = {}
    await stores.entries.add(entries, clock.now())
    for entry in entries:
        chat = entry.message.chat_id
        refs += [Ref("chat", chat, f"phone:{HASH}"), Ref("phone", HASH, chat)]
        accounts.setdefault(entry.row_id, []).append(entry.portal_id)
    placed = {entry.row_id: Placed(Received(entry.message), tuple(accounts[entry.row_id])) for entry in entries}
    await stores.inbox.add(list(placed.values()), clock.now())
    await stores.refs.add(refs)
    return sorted({ref.key for ref in refs})


async def forget(memory: Memory, limit: int) -> int:
    """As a purge does it."""
    stores = memory.stores
    return await forget_ways(PORTAL, limit, data=memory.accounts, refs=stores.refs, names=stores.inbox)


async def test_nothing_leads_to_a_forgotten_account(memory: Memory, clock: ManualClock, entry: Any) -> None:
    """With an account's last reply go its ids, its conversations' and the hashes of its numbers."""
    replies = [entry(portal_id=PORTAL), entry("m2", portal_id=PORTAL)]
    keys = await fill(memory, clock, replies)

    first, again = await forget(memory, LIMIT), await forget(memory, LIMIT)

    message = replies[0].message
    named = [await memory.stores.inbox.named(asked, LIMIT) for asked in (message.event_id, message.chat_id)]
    assert (len(keys) + len(replies), 0) == (first, again)
    assert {} == await memory.stores.refs.find(keys)
    assert [[], []] == [list(found) for found in named]


async def test_bit_by_bit_a_number_goes_with_the_last_reply(memory: Memory, clock: ManualClock, entry: Any) -> None:
    """While replies of a conversation are left, its number leads to them."""
    await fill(memory, clock, [entry(portal_id=PORTAL), entry("m2", portal_id=PORTAL)])

    await forget(memory, 1)
    between = await memory.stores.refs.find([f"phone:{HASH}"])
    await memory.accounts.purge(PORTAL, 1)
    await forget(memory, 1)

    assert {f"phone:{HASH}"} == set(between)
    assert {} == await memory.stores.refs.find([f"phone:{HASH}"])


async def test_what_another_account_has_is_still_found(memory: Memory, clock: ManualClock, entry: Any) -> None:
    """A message that two accounts were given is found by the one that stays."""
    ours, theirs = entry(portal_id=PORTAL), entry(portal_id=OTHER)
    keys = await fill(memory, clock, [ours, theirs])

    await forget(memory, LIMIT)

    assert set(keys) == set(await memory.stores.refs.find(keys))
    assert [ours.row_id] == list(await memory.stores.inbox.named(ours.message.event_id, LIMIT))


async def test_a_message_that_waits_for_an_account_is_still_found(
    memory: Memory, clock: ManualClock, entry: Any
) -> None:
    """It may be another's, or this one's once it is connected again."""
    ours, waits = entry(portal_id=PORTAL), entry("m2")
    keys = await fill(memory, clock, [ours])
    await memory.stores.inbox.add([Placed(Received(waits.message), (), waits_for="acme")], clock.now())

    await forget(memory, LIMIT)

    assert set(keys) == set(await memory.stores.refs.find(keys))
    assert [waits.row_id] == list(await memory.stores.inbox.of_chats([waits.message.chat_id], LIMIT))


async def test_a_link_without_replies_leads_nowhere(memory: Memory, clock: ManualClock) -> None:
    """The contact of a conversation in which nobody answered is forgotten, too."""
    one = Conversation(PORTAL, "acme", "chat.1")
    await memory.stores.links.claim(one, "904", gone=(), event=linked(one, "904", clock.now()))
    await memory.stores.refs.add([Ref("contact", "904", one.chat_id)])

    assert 1 == await forget(memory, LIMIT)
    assert {} == await memory.stores.refs.find(["contact:904"])
