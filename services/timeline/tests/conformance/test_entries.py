"""Entries, their events, and the owners of HubSpot's records, in both implementations."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.outbox import Pending
from contracts.envelope import Event
from contracts.messages import ReplyRecorded
from contracts.topics import REPLY_RECORDED
from timeline.models import Conversation, Entry, Intent, Intention, Settlement, Withdrawal
from timeline.ports import Communications, EntryStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ENTRY = "62515:acme:m1"
FIRST, SECOND = Intent(7, NOW, "904"), Intent(8, NOW + timedelta(seconds=1), "905")


@pytest.fixture
def entries(memory: Any) -> EntryStore:
    """The store."""
    store: EntryStore = memory.stores.entries
    return store


@pytest.fixture
def communications(memory: Any) -> Communications:
    """The owners."""
    store: Communications = memory.stores.communications
    return store


async def intend(entries: EntryStore, intent: Intent) -> Entry:
    """Note down one intent of the one entry; the entry as it is then."""
    announced = (await entries.intend([Intention(ENTRY, intent)]))[ENTRY]
    [entry] = await entries.read([ENTRY])
    assert announced.open == entry.open
    assert announced.fences == {standing.fence for standing in entry.intents}
    return entry


def told(communication_id: str = "77") -> Event[ReplyRecorded]:
    """The event of a recorded reply."""
    data = ReplyRecorded(
        portal_id=62515,
        chert_tenant="acme",
        chat_id="chat.1",
        message_id="m1",
        contact_id="904",
        communication_id=communication_id,
        recorded_at=NOW,
    )
    return Event(REPLY_RECORDED, f"reply.recorded:{ENTRY}", "/timeline", NOW, data)


async def test_entries_are_read_one_after_the_other(entries: EntryStore, entry: Any) -> None:
    """By their ids, across accounts, as many as asked for; after the last there are none."""
    other = entry(portal_id=7)
    await entries.add([entry(), other], NOW)

    assert [ENTRY] == [one.id for one in await entries.after("", 1)]
    assert [other.id] == [one.id for one in await entries.after(ENTRY, 9)]
    assert [] == await entries.after(other.id, 9)


async def test_an_entry_is_kept_as_it_was_made(entries: EntryStore, entry: Any) -> None:
    """What is read is what was kept, in the order asked for; what is not there is left out."""
    await entries.add([entry("m1"), entry("m2"), entry("m1", portal_id=2)], NOW)
    await entries.add([], NOW)

    assert [entry("m2"), entry("m1")] == list(await entries.read(["62515:acme:m2", "62515:acme:m0", ENTRY]))
    assert [] == list(await entries.read([]))


async def test_an_entry_that_is_there_stays(entries: EntryStore, entry: Any) -> None:
    """Adding again, alone or in a batch, changes nothing of what became of an entry; only what was new is named."""
    assert [entry()] == list(await entries.add([entry(), entry()], NOW))
    await intend(entries, FIRST)

    assert [entry("m2")] == list(await entries.add([entry("m2"), entry()], NOW))

    assert [replace(entry(), intents=(FIRST,), attempts=1), entry("m2")] == list(
        await entries.read([ENTRY, "62515:acme:m2"])
    )


async def test_an_intent_is_noted_where_none_stands(entries: EntryStore, entry: Any) -> None:
    """Of several holders the first has the intent; another sees whose it is, and drops nothing of it."""
    await entries.add([entry()], NOW)

    assert (FIRST,) == (await intend(entries, FIRST)).intents
    seen = await intend(entries, SECOND)
    assert ((FIRST,), 1) == (seen.intents, seen.attempts)
    await entries.withdraw([Withdrawal(ENTRY, 8, unsent=True)])
    [left] = await entries.read([ENTRY])
    assert ((FIRST,), 1) == (left.intents, left.attempts)
    await entries.withdraw([Withdrawal(ENTRY, 7)])
    await entries.withdraw([Withdrawal(ENTRY, 7)])

    assert (SECOND,) == (await intend(entries, SECOND)).intents


async def test_of_several_entries_those_with_an_intent_are_left_alone(entries: EntryStore, entry: Any) -> None:
    """The others get theirs; the answer tells of each whose it is, and of one that is done with that it is."""
    await entries.add([entry(), entry("m2"), entry("m3")], NOW)
    await intend(entries, FIRST)
    await entries.settle({"62515:acme:m3": Settlement("recorded", NOW, contact_id="904", communication_id="77")})

    seen = await entries.intend([Intention(f"62515:acme:m{number}", SECOND) for number in (1, 2, 3)])

    assert [(True, {7}), (True, {8}), (False, set())] == [
        (seen[f"62515:acme:m{number}"].open, seen[f"62515:acme:m{number}"].fences) for number in (1, 2, 3)
    ]


async def test_entries_without_intents_get_theirs_together(entries: EntryStore, entry: Any) -> None:
    """What is answered is what is read afterwards."""
    await entries.add([entry(), entry("m2")], NOW)

    seen = await entries.intend([Intention(ENTRY, SECOND), Intention("62515:acme:m2", SECOND)])

    assert {ENTRY: {8}, "62515:acme:m2": {8}} == {key: one.fences for key, one in seen.items()}
    assert [(SECOND,), (SECOND,)] == [one.intents for one in await entries.read(list(seen))]


async def test_what_was_not_sent_was_no_attempt(entries: EntryStore, entry: Any) -> None:
    """An intent that is withdrawn before its write began counts for nothing; one that was refused was an attempt."""
    await entries.add([entry()], NOW)
    await intend(entries, FIRST)
    await entries.withdraw([Withdrawal(ENTRY, 7)])
    await intend(entries, SECOND)
    await entries.withdraw([Withdrawal(ENTRY, 8, unsent=True)])
    await entries.withdraw([Withdrawal(ENTRY, 8, unsent=True)])

    [left] = await entries.read([ENTRY])
    assert ((), 1) == (left.intents, left.attempts)


async def test_one_of_many_concurrent_intents_is_noted(entries: EntryStore, entry: Any) -> None:
    """Of holders that intend at the same moment exactly one sees itself, and all others see it."""
    await entries.add([entry()], NOW)

    intents = [Intention(ENTRY, Intent(fence, NOW, "904")) for fence in range(1, 17)]
    seen = [one[ENTRY].fences for one in await asyncio.gather(*(entries.intend([intent]) for intent in intents))]

    [winner] = set(seen)
    assert 1 == len(winner)
    [left] = await entries.read([ENTRY])
    assert winner == {intent.fence for intent in left.intents}


async def test_an_intent_can_be_noted_again(entries: EntryStore, entry: Any) -> None:
    """A holder whose answer was lost asks again, and learns that its intent stands."""
    await entries.add([entry()], NOW)
    await intend(entries, FIRST)

    again = await intend(entries, FIRST)

    assert ((FIRST,), 1) == (again.intents, again.attempts)


async def test_a_contact_that_is_gone_is_remembered(entries: EntryStore, entry: Any) -> None:
    """Withdrawing can name a contact that does not exist any more."""
    await entries.add([entry()], NOW)
    await intend(entries, FIRST)

    await entries.withdraw([Withdrawal(ENTRY, 7, gone="904")])

    [left] = await entries.read([ENTRY])
    assert ((), ("904",)) == (left.intents, left.gone)


async def test_looks_are_counted_until_one_ends(entries: EntryStore, entry: Any) -> None:
    """A look that begins makes entries due and is counted; one that ends, with a finding or without, ends the count."""
    other = "62515:acme:m2"
    await entries.add([entry(), entry("m2")], NOW)
    await intend(entries, FIRST)
    await entries.postpone([ENTRY], NOW, "unknown")

    await entries.begin_look([ENTRY, other])
    await entries.begin_look([ENTRY])
    assert [(2, None), (1, None)] == [(one.looks, one.due_at) for one in await entries.read([ENTRY, other])]
    await entries.end_look([other])
    assert [2, 0] == [one.looks for one in await entries.read([ENTRY, other])]
    await entries.withdraw([Withdrawal(ENTRY, 7)])
    await entries.begin_look([other])
    await entries.settle({other: Settlement("recorded", NOW, contact_id="904", communication_id="77")})

    assert [0, 0] == [one.looks for one in await entries.read([ENTRY, other])]


async def test_a_postponed_entry_says_until_when(entries: EntryStore, entry: Any) -> None:
    """Postponing sets the time and leaves the intents."""
    await entries.add([entry()], NOW)
    await intend(entries, FIRST)

    await entries.postpone([ENTRY], NOW + timedelta(seconds=75), "unknown")

    [left] = await entries.read([ENTRY])
    assert (NOW + timedelta(seconds=75), (FIRST,), True) == (left.due_at, left.intents, left.open)


async def test_a_settled_entry_has_no_open_ends(entries: EntryStore, memory: Any, entry: Any) -> None:
    """Settling sets the state and the record, drops intents and wait, and keeps the events, in one write."""
    await entries.add([entry()], NOW)
    await intend(entries, FIRST)
    await entries.postpone([ENTRY], NOW, "unknown")

    await entries.settle({ENTRY: Settlement("recorded", NOW, "904", "77", adopted=True, events=(told(),))})

    [left] = await entries.read([ENTRY])
    assert ("recorded", "77", (), None, False) == (
        left.state, left.communication_id, left.intents, left.due_at, left.open,
    )  # fmt: skip
    [pending] = await memory.entry_outbox.pending(10)
    assert (ENTRY, (told(),)) == (pending.document_id, pending.events)


async def test_published_events_are_forgotten(entries: EntryStore, memory: Any, entry: Any) -> None:
    """An event is pending until it is removed; removing again, or nothing known, changes nothing."""
    await entries.add([entry("m1"), entry("m2")], NOW)
    for message_id in ("m1", "m2"):
        await entries.settle({f"62515:acme:{message_id}": Settlement("recorded", NOW, events=(told(),))})
    assert 2 == len(await memory.entry_outbox.pending(10))

    for _ in range(2):
        await memory.entry_outbox.published([Pending(ENTRY, (told(),))])

    assert ["62515:acme:m2"] == [pending.document_id for pending in await memory.entry_outbox.pending(10)]


async def test_an_unmatched_entry_is_still_open(entries: EntryStore, entry: Any) -> None:
    """A reply without a contact can still be written, and nothing is told of it."""
    await entries.add([entry()], NOW)

    await entries.settle({ENTRY: Settlement("unmatched", NOW, reason="no contact")})

    [left] = await entries.read([ENTRY])
    assert ("unmatched", True) == (left.state, left.open)


async def test_a_record_belongs_to_one_entry(communications: Communications) -> None:
    """The first claim of a record stays; its owner may claim it again; another account's same id is another record."""
    claims = await asyncio.gather(*(communications.own(1, {"77": f"e{n}"}) for n in range(8)))
    owner = claims.index(frozenset())

    assert 7 == claims.count(frozenset({"77"}))
    assert frozenset() == await communications.own(1, {"77": f"e{owner}"})
    assert {"77"} == await communications.own(1, {"77": "someone else", "78": "someone else"})
    assert frozenset() == await communications.own(1, {})
    assert frozenset() == await communications.own(2, {"77": "someone else"})


async def test_the_owners_of_records_are_known(communications: Communications) -> None:
    """Of any records of an account those that were claimed are named with their entries."""
    await communications.own(1, {"77": "e1", "78": "e2"})

    assert {"77": "e1", "78": "e2"} == await communications.owners(1, ["77", "78", "79"])
    assert {} == await communications.owners(2, ["77"])
    assert {} == await communications.owners(1, [])


async def test_people_see_the_latest_first(entries: EntryStore, entry: Any) -> None:
    """Of one account, from a moment on, newest first, so many: with contact and reason."""
    for number in range(4):
        await entries.add([entry(f"m{number}"), entry(f"m{number}", portal_id=2)], NOW + timedelta(seconds=number))
    await entries.settle({"62515:acme:m3": Settlement("failed", NOW, contact_id="904", reason="400")})
    await entries.postpone(["62515:acme:m2"], NOW, "locked")

    latest = await entries.latest(62515, NOW + timedelta(seconds=1), 2)

    assert ["62515:acme:m3", "62515:acme:m2"] == [shown.entry.id for shown in latest]
    assert [("904", "400"), (None, "locked")] == [(shown.contact_id, shown.reason) for shown in latest]
    assert 3 == len(await entries.latest(62515, NOW + timedelta(seconds=1), 9))


async def test_people_look_at_certain_entries(entries: EntryStore, entry: Any) -> None:
    """Entries are shown by their ids, in that order, with contact and reason; those that are not there are left out."""
    await entries.add([entry("m1"), entry("m1", portal_id=7)], NOW)
    await entries.settle({"7:acme:m1": Settlement("failed", NOW, contact_id="904", reason="400")})

    shown = await entries.look_at(["7:acme:m1", "8:acme:m1", ENTRY])

    assert [("7:acme:m1", "904", "400"), (ENTRY, None, None)] == [
        (one.entry.id, one.contact_id, one.reason) for one in shown
    ]


async def test_what_failed_for_a_contact_is_revived(entries: EntryStore, entry: Any) -> None:
    """Entries that failed for a contact are pending again, of that account alone, also when asked for twice."""
    await entries.add([entry("m1"), entry("m2"), entry("m1", portal_id=7)], NOW)
    for key in (ENTRY, "7:acme:m1"):
        await entries.settle({key: Settlement("failed", NOW, contact_id="904", reason="404")})

    for _ in range(2):
        assert [ENTRY] == [revived.id for revived in await entries.revive(62515, ["903", "904"])]

    assert ["pending", "pending", "failed"] == [
        one.state for one in await entries.read([ENTRY, "62515:acme:m2", "7:acme:m1"])
    ]


async def test_erasing_removes_content_and_ends_what_is_open(entries: EntryStore, entry: Any) -> None:
    """Nothing that a contact wrote is left: not by contact, not by conversation; other accounts keep theirs."""
    await entries.add([entry("m1"), entry("m2"), entry("m3", portal_id=7)], NOW)
    await entries.settle({ENTRY: Settlement("recorded", NOW, contact_id="904", communication_id="77")})
    chat = Conversation(62515, "acme", "chat.1")

    assert 2 == await entries.erase(62515, "904", [chat], NOW)
    assert 0 == await entries.erase(8, "904", [], NOW)

    one, two, other = await entries.read([ENTRY, "62515:acme:m2", "7:acme:m3"])
    assert ("recorded", "erased", "pending") == (one.state, two.state, other.state)
    assert ((), (), "erased") == (one.message.parts, two.message.parts, two.message.sender)
    assert other == entry("m3", portal_id=7)


async def test_what_is_old_loses_its_content(entries: EntryStore, entry: Any) -> None:
    """The oldest go first, each once; what was still open is expired, what ended stays as it ended."""
    await entries.add([entry("m1"), entry("m2")], NOW)
    await entries.add([entry("m3")], NOW + timedelta(days=1))
    await entries.settle({ENTRY: Settlement("recorded", NOW, contact_id="904", communication_id="77")})

    counts = [await entries.expire(62515, NOW + timedelta(hours=1), 1) for _ in range(3)]

    one, two, three = await entries.read([ENTRY, "62515:acme:m2", "62515:acme:m3"])
    assert [1, 1, 0] == counts
    assert ("recorded", "expired", "pending") == (one.state, two.state, three.state)
    assert ((), (), entry("m3").message.parts) == (one.message.parts, two.message.parts, three.message.parts)
