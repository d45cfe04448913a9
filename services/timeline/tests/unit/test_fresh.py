"""Replies that are handed to lanes without being read again."""

from dataclasses import replace
from typing import Any

from chassis.clock import ManualClock
from contracts.messages import MessagePart
from contracts.tenants import TenantSnapshot
from timeline.adapters.in_memory import InMemoryStores
from timeline.handlers.fresh import ACCOUNT_SECONDS, KEPT_SECONDS, LIMIT, LINKED_SECONDS, MAX_CHARACTERS, FreshEntries
from timeline.models import Entry


def entry(reply: Any, message_id: str) -> Entry:
    """An entry of that reply."""
    return Entry(62515, "project-1", 3, reply(message_id).data)


def test_a_reply_is_handed_over_once(reply: Any, clock: ManualClock) -> None:
    """Who takes it has it; the next one reads the database."""
    fresh, one, two = FreshEntries(clock), entry(reply, "m1"), entry(reply, "m2")
    fresh.note([one, two])

    assert {one.id: one} == fresh.take([one.id, "other"])
    assert {two.id: two} == fresh.take([one.id, two.id])


def test_what_nobody_takes_is_let_go(reply: Any, clock: ManualClock) -> None:
    """After a while, and the oldest when there are many; long texts are not kept at all."""
    fresh, old = FreshEntries(clock), entry(reply, "old")
    fresh.note([old])
    clock.advance(KEPT_SECONDS)
    many = [entry(reply, f"m{number}") for number in range(LIMIT + 1)]
    text = (MessagePart(type="text", value="x" * (MAX_CHARACTERS + 1)),)
    long = replace(many[0], message=many[0].message.model_copy(update={"message_id": "long", "parts": text}))
    fresh.note([*many, long])

    assert {} == fresh.take([old.id, many[0].id, long.id])
    assert [one.id for one in many[1:]] == list(fresh.take([one.id for one in many[1:]]))


def test_what_was_found_of_a_conversation_is_good_for_a_moment(reply: Any, clock: ManualClock) -> None:
    """A reply that waited for its lane goes where its conversation is linked to by then."""
    fresh, one, two = FreshEntries(clock), entry(reply, "m1"), entry(reply, "m2")
    fresh.note([replace(one, linked_to="904"), replace(two, linked_to="904")])

    assert {one.id: replace(one, linked_to="904")} == fresh.take([one.id])
    clock.advance(LINKED_SECONDS)
    assert {two.id: two} == fresh.take([two.id])


def test_an_account_that_was_just_read_is_given_once(clock: ManualClock, tenant: TenantSnapshot) -> None:
    """A turn that follows at once need not read it again; one that follows later, or is the next, does."""
    fresh = FreshEntries(clock)

    fresh.note_accounts([tenant, tenant])
    assert tenant == fresh.account(tenant.portal_id)
    assert None is fresh.account(tenant.portal_id)
    fresh.note_accounts([tenant])
    clock.advance(ACCOUNT_SECONDS + 0.01)
    assert None is fresh.account(tenant.portal_id)


async def test_a_lone_reply_costs_its_account_one_look(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores, on_timeline: Any
) -> None:
    """An account that is paused when its reply comes is not written to, though nobody looked at it twice."""
    process = start()
    await bring(process, reply())
    memory.tenants.snapshots[62515] = memory.tenants.snapshots[62515].model_copy(update={"paused": True})

    await bring(process, reply("m2"))

    assert ["62515:acme:m1"] == on_timeline()


async def test_what_was_erased_meanwhile_is_not_written(
    start: Any, work_off: Any, reply: Any, memory: InMemoryStores, on_timeline: Any
) -> None:
    """The lane has the reply at hand, and learns from the answer to its intent that it may not be written any more."""
    process = start()
    await process.store_received([reply()])
    stored = memory.entries.entries["62515:acme:m1"]
    memory.entries.entries[stored.id] = replace(stored, state="erased")

    await work_off(process)

    assert [] == on_timeline()
    assert [] == memory.lanes.lanes[62515].pending


async def test_what_another_process_did_meanwhile_counts(
    start: Any, bring: Any, work_off: Any, reply: Any, on_timeline: Any
) -> None:
    """A process that kept a reply at hand while another one wrote it does not write it again."""
    first, second = start(), start()
    await first.store_received([reply()])
    await work_off(second)
    await bring(first, reply("m2"))

    assert ["62515:acme:m1", "62515:acme:m2"] == on_timeline()
