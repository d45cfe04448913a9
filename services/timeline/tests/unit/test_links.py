"""Links: learned from sends, and what waited for them."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.clock import ManualClock
from timeline.adapters.in_memory import InMemoryHubSpot, InMemoryStores
from timeline.models import Candidate

PORTAL, ENTRY = 62515, "62515:acme:m1"


async def test_a_link_tries_the_unmatched_of_its_conversation_again(
    start: Any, bring: Any, work_off: Any, reply: Any, sent: Any, on_timeline: Any, hubspot: InMemoryHubSpot,
    memory: InMemoryStores,
) -> None:  # fmt: skip
    """A reply that came before its send's event is on the timeline once that is known; other conversations wait on."""
    hubspot.contacts.clear()
    process = start()
    await bring(process, reply("m1"), reply("m2"), reply("m3", chat_id="chat-3"))

    await process.learn_links([sent("555")])
    await work_off(process)

    assert [ENTRY, "62515:acme:m2"] == on_timeline("555")
    assert "unmatched" == memory.entries.entries["62515:acme:m3"].state


async def test_a_link_that_comes_while_a_reply_is_put_to_wait_is_seen(
    start: Any, bring: Any, reply: Any, sent: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """Waiting and linking cross: whoever comes second sees the other, so that no reply waits for ever."""
    hubspot.contacts.clear()
    process = start()
    lay_down = memory.unmatched.add

    async def add_and_link(conversation: Any, work: Any) -> None:
        await process.learn_links([sent("555")])
        await lay_down(conversation, work)

    memory.unmatched.add = add_and_link
    await bring(process, reply())

    assert [ENTRY] == on_timeline("555")
    assert {} == memory.unmatched.works


async def test_the_unmatched_are_not_lost_when_they_are_put_back_while_they_leave(
    start: Any, bring: Any, work_off: Any, reply: Any, sent: Any, on_timeline: Any, hubspot: InMemoryHubSpot,
    memory: InMemoryStores,
) -> None:  # fmt: skip
    """A reply put back on its lane before the turn that found it unmatched lets go is not crossed out with it."""
    hubspot.contacts.clear()
    process = start()
    settle = memory.entries.settle

    async def settle_and_link(settlements: Any) -> None:
        await settle(settlements)
        if "unmatched" in {settlement.state for settlement in settlements.values()}:
            await process.learn_links([sent("555")])

    memory.entries.settle = settle_and_link
    await bring(process, reply())
    await work_off(process)

    assert [ENTRY] == on_timeline("555")


async def test_the_newest_send_decides(
    start: Any, bring: Any, reply: Any, sent: Any, on_timeline: Any, clock: ManualClock
) -> None:
    """A conversation belongs to the contact that was written to last, in whatever order that is told."""
    process = start()
    now = clock.now()

    await process.learn_links([sent("2", at=now), sent("1", at=now - timedelta(hours=1))])
    await process.learn_links([sent("3", at=now - timedelta(hours=2))])
    await bring(process, reply())

    assert [ENTRY] == on_timeline("2")


async def test_a_send_outranks_a_search(start: Any, bring: Any, reply: Any, sent: Any, on_timeline: Any) -> None:
    """What a search guessed gives way to whom a rep wrote to."""
    process = start()
    await bring(process, reply("m1"))

    await process.learn_links([sent("555")])
    await bring(process, reply("m2"))

    assert [ENTRY] == on_timeline()
    assert ["62515:acme:m2"] == on_timeline("555")


@pytest.mark.parametrize("order", [1, -1])
async def test_of_several_contacts_the_oldest_record_gets_the_reply(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, order: int
) -> None:
    """Contacts with the same number are told apart by their ids, whatever order the search gives them in."""
    same = [
        Candidate("1000", ("+14155551234",)),
        Candidate("904", ("4155551234",)),
        Candidate("99", ("+44 4155551234",)),
    ]
    hubspot.contacts[PORTAL] = same[::order]

    await bring(start(), reply())

    assert [ENTRY] == on_timeline("904")


async def test_an_email_sender_is_not_searched_for(
    start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """A sender without a phone number is unmatched without a search."""
    await bring(start(), reply(sender="jo@example.test"))

    assert [] == hubspot.searches
    assert "unmatched" == memory.entries.entries[ENTRY].state
