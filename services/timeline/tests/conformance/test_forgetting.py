"""Forgetting what leads to an account's replies, on every store."""

from typing import Any, Final

from chassis.clock import ManualClock
from timeline.adapters.in_memory import InMemoryStores
from timeline.adapters.mongo import MongoStores
from timeline.handlers.activity import trace_id
from timeline.handlers.contacts import linked
from timeline.handlers.forgetting import forget_ways
from timeline.models import Conversation, Placed, Received, Ref

Memory = InMemoryStores | MongoStores

PORTAL, OTHER = 62515, 625150
LIMIT: Final = 100
HASH: Final = "5f2b"


async def fill(memory: Memory, clock: ManualClock, entries: Any) -> list[str]:
    """Keep replies, with everything that leads to them; the ids that do."""
    stores, refs = memory.stores, []
    await stores.entries.add(entries, clock.now())
    for entry in entries:
        chat = entry.message.chat_id
        refs += [
            Ref("chat", chat, entry.id),
            Ref("chat", chat, f"phone:{HASH}"),
            Ref("phone", HASH, chat),
            Ref("event", entry.message.event_id, entry.row_id),
            Ref("trace", trace_id(entry), entry.row_id),
        ]
    await stores.refs.add(refs)
    return sorted({ref.key for ref in refs})


async def test_nothing_leads_to_a_forgotten_account(memory: Memory, clock: ManualClock, entry: Any) -> None:
    """With an account's last reply go its ids, its conversations' and the hashes of its numbers."""
    keys = await fill(memory, clock, [entry(portal_id=PORTAL), entry("m2", portal_id=PORTAL)])

    first = await forget_ways(PORTAL, LIMIT, data=memory.accounts, refs=memory.stores.refs)
    again = await forget_ways(PORTAL, LIMIT, data=memory.accounts, refs=memory.stores.refs)

    assert (len(keys), 0) == (first, again)
    assert {} == await memory.stores.refs.find(keys)


async def test_bit_by_bit_a_number_goes_with_the_last_reply(memory: Memory, clock: ManualClock, entry: Any) -> None:
    """While replies of a conversation are left, its number leads to them."""
    await fill(memory, clock, [entry(portal_id=PORTAL), entry("m2", portal_id=PORTAL)])

    await forget_ways(PORTAL, 1, data=memory.accounts, refs=memory.stores.refs)
    between = await memory.stores.refs.find([f"phone:{HASH}"])
    await memory.accounts.purge(PORTAL, 1)
    await forget_ways(PORTAL, 1, data=memory.accounts, refs=memory.stores.refs)

    assert {f"phone:{HASH}"} == set(between)
    assert {} == await memory.stores.refs.find([f"phone:{HASH}"])


async def test_what_another_account_has_is_still_found(memory: Memory, clock: ManualClock, entry: Any) -> None:
    """A message that two accounts were given is found by the one that stays, and by its account's records alone."""
    ours, theirs = entry(portal_id=PORTAL), entry(portal_id=OTHER)
    keys = await fill(memory, clock, [ours, theirs])
    await memory.stores.inbox.add([Placed(Received(ours.message), (PORTAL, OTHER))], clock.now())

    await forget_ways(PORTAL, LIMIT, data=memory.accounts, refs=memory.stores.refs)

    found = await memory.stores.refs.find(keys)
    assert set(keys) == set(found)
    assert {theirs.id, f"phone:{HASH}"} == found[f"chat:{ours.message.chat_id}"]


async def test_a_link_without_replies_leads_nowhere(memory: Memory, clock: ManualClock) -> None:
    """The contact of a conversation in which nobody answered is forgotten, too."""
    one = Conversation(PORTAL, "acme", "chat.1")
    await memory.stores.links.claim(one, "904", gone=(), event=linked(one, "904", clock.now()))
    await memory.stores.refs.add([Ref("contact", "904", one.chat_id)])

    assert 1 == await forget_ways(PORTAL, LIMIT, data=memory.accounts, refs=memory.stores.refs)
    assert {} == await memory.stores.refs.find(["contact:904"])
