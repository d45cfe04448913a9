"""Contacts that appear, change, merge, or are to be forgotten."""

from datetime import datetime, timedelta
from typing import Any

from chassis.clock import ManualClock
from contracts.contacts import ContactErased, ContactMerged
from timeline.adapters.in_memory import Answer, InMemoryHubSpot, InMemoryStores
from timeline.errors import ReplyRefusedError, WriteUnknownError
from timeline.models import Candidate

PORTAL, ENTRY = 62515, "62515:acme:m1"


def merge(into: str, *gone: str, at: datetime) -> ContactMerged:
    """What is told of a merge."""
    return ContactMerged(portal_id=PORTAL, contact_id=into, merged_ids=gone, occurred_at=at)


async def test_a_new_contact_gets_what_waited_for_it(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """A reply without a contact is tried again when one appears, as soon as the search may know it."""
    contacts = hubspot.contacts.pop(PORTAL)
    process = start()
    await bring(process, reply())
    hubspot.contacts[PORTAL] = contacts

    await process.contacts.found({PORTAL, 7})
    await process.contacts.retry_due()
    await wait(process, 5)
    assert [] == on_timeline()
    await wait(process, 10)
    await process.contacts.retry_due()
    await wait(process, 1)

    assert [ENTRY] == on_timeline()


async def test_a_search_that_lags_gets_a_second_chance(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """Where HubSpot's search needs minutes to know a contact, the second try finds it."""
    contacts = hubspot.contacts.pop(PORTAL)
    process = start()
    await bring(process, reply())
    await process.contacts.found({PORTAL})
    await wait(process, 16)
    assert [PORTAL] == list(await process.contacts.retry_due())
    await wait(process, 1)
    hubspot.contacts[PORTAL] = contacts
    await wait(process, 170)

    assert [PORTAL] == list(await process.contacts.retry_due())
    await wait(process, 1)

    assert [ENTRY] == on_timeline()
    await wait(process, 600)
    assert [] == list(await process.contacts.retry_due())


async def test_an_account_without_waiting_replies_is_not_tried(start: Any, memory: InMemoryStores) -> None:
    """An import of contacts costs nothing where nothing waits for them."""
    await start().contacts.found({PORTAL})

    assert {} == memory.retries.retries


async def test_a_merge_takes_conversations_along(
    start: Any, bring: Any, work_off: Any, reply: Any, on_timeline: Any, memory: InMemoryStores,
    hubspot: InMemoryHubSpot, clock: ManualClock,
) -> None:  # fmt: skip
    """After a merge replies go to the contact that lives, what had failed too, and others are told of the link."""
    hubspot.contacts[PORTAL].append(Candidate("950", ("+14155551234",)))
    hubspot.answers.append(Answer(ReplyRefusedError("400"), None))
    process = start()
    await bring(process, reply("m1"), reply("m2"))
    hubspot.merge(PORTAL, "904", "950")

    for _ in range(2):
        await process.contacts.merged(merge("950", "904", at=clock.now()))
    await bring(process, reply("m3"))

    assert ["62515:acme:m2", ENTRY, "62515:acme:m3"] == on_timeline("950")
    told = [event.id for pending in await memory.link_outbox.pending(9) for event in pending.events]
    assert "contact.linked:62515:acme:chat-1:950" in told


async def test_an_ambiguous_reply_is_looked_for_where_its_contact_went(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores,
    clock: ManualClock,
) -> None:  # fmt: skip
    """A reply whose answer was lost and whose contact was merged before the look is found at the other contact."""
    hubspot.contacts[PORTAL].append(Candidate("950", ("+14155551234",)))
    hubspot.answers.append(Answer(WriteUnknownError("lost"), timedelta(seconds=1)))
    process = start()
    await bring(process, reply())
    clock.advance(1)
    hubspot.merge(PORTAL, "904", "950")
    await process.contacts.merged(merge("950", "904", at=clock.now()))

    await wait(process, 100)

    assert [ENTRY] == on_timeline("950")
    assert memory.entries.settlements[ENTRY].adopted


async def test_a_person_is_forgotten(
    start: Any, bring: Any, wait: Any, reply: Any, sent: Any, on_timeline: Any, hubspot: InMemoryHubSpot,
    memory: InMemoryStores, clock: ManualClock,
) -> None:  # fmt: skip
    """After a deletion for privacy no content is left, nothing from before is written, what comes later is."""
    process = start()
    await process.learn_links([sent("904")])
    hubspot.answers.append(Answer(WriteUnknownError("lost"), None))
    await bring(process, reply("m1", text="Secret"))
    clock.advance(1)
    late = reply("m2", text="Secret too")
    clock.advance(1)
    hubspot.deleted.add("904")
    hubspot.contacts[PORTAL] = [Candidate("905", ("+14155551234",))]

    for _ in range(2):
        await process.contacts.erased(ContactErased(portal_id=PORTAL, contact_id="904", occurred_at=clock.now()))
    clock.advance(1)
    await bring(process, reply("m1", text="Secret"), late, reply("m3", text="Hello again"))
    await wait(process, 100)

    assert [["62515:acme:m3"], []] == [list(on_timeline("905")), list(on_timeline("904"))]
    entries = memory.entries.entries
    assert ["erased", "erased", "recorded"] == [entries[f"62515:acme:m{n}"].state for n in (1, 2, 3)]
    assert "Secret" not in str([entry.message for entry in entries.values()])
    assert "Secret" not in str([row.received for row in memory.inbox.rows.values()])
