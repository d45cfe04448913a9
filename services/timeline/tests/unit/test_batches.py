"""Several replies that are due together: one call, and each with its own end."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.clock import ManualClock
from timeline.adapters.in_memory import Answer, Crash, CrashAt, InMemoryHubSpot, InMemoryStores
from timeline.errors import (
    AccountThrottledError,
    AccountUnreachableError,
    ContactGoneError,
    RecordLockedError,
    ReplyRefusedError,
    WriteUnknownError,
)
from timeline.models import Candidate, FaultPoint

PORTAL = 62515
LOST = WriteUnknownError("AnswerLostError")
REFUSED = ReplyRefusedError("400", words="not this property")


def replies(reply: Any, count: int) -> list[Any]:
    """One reply in each of so many conversations."""
    return [reply(f"m{number:03}", chat_id=f"chat-{number}") for number in range(count)]


def ids(count: int, *but: int) -> set[str]:
    """Their entries, without some."""
    return {f"62515:acme:m{number:03}" for number in range(count) if number not in but}


async def test_replies_that_are_due_together_are_one_call(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """A hundred replies of different conversations go out in one call, the next in another."""
    await bring(start(), *replies(reply, 130))

    assert [100, 30] == hubspot.creates
    assert ids(130) == set(on_timeline())
    assert [1, 1] == [len(numbers) for numbers in hubspot.searches]


async def test_a_conversation_has_one_reply_in_a_batch(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """A later reply of a conversation is not in one call with an earlier one, so that no failure can swap them."""
    await bring(start(), reply("m1"), reply("m2"), reply("other", chat_id="chat-2"))

    assert [2, 1] == hubspot.creates
    assert "62515:acme:m2" == on_timeline()[-1]


async def test_one_bad_reply_does_not_keep_the_others(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """What HubSpot refuses of a batch is dead-lettered with its words; the other ninety-nine are written."""
    hubspot.answers.extend([Answer()] * 40 + [Answer(REFUSED, None)])

    await bring(start(), *replies(reply, 100))

    assert [100] == hubspot.creates
    assert ids(100, 40) == set(on_timeline())
    failed = memory.entries.settlements["62515:acme:m040"]
    assert ("failed", "400", "not this property") == (failed.state, failed.reason, failed.words)
    assert [] == memory.lanes.lanes[PORTAL].pending


async def test_a_batch_refused_as_a_whole_is_halved(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """Where HubSpot does not say which of a batch is wrong, halving finds it, and all others are written."""
    whole = Answer(REFUSED, None)
    hubspot.batch_answers.extend([whole, whole, whole])
    hubspot.answers.append(Answer(REFUSED, None))

    await bring(start(), *replies(reply, 8))

    assert [8, 4, 2, 1, 1, 2, 4] == hubspot.creates
    assert ids(8, 0) == set(on_timeline())
    assert "failed" == memory.entries.entries["62515:acme:m000"].state


async def test_without_batches_creates_go_side_by_side(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """Where batches are off each reply is a call of its own, and one that is refused is no obstacle to the others."""
    hubspot.answers.extend([Answer(), Answer(ReplyRefusedError("400"), None)])

    await bring(start(batch=1), *replies(reply, 12))

    assert [1] * 12 == hubspot.creates
    assert 11 == len(on_timeline())


async def test_without_batches_no_more_is_begun_than_the_account_takes(
    start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot, budget: Any
) -> None:
    """Of creates that go side by side each has room in the account's window, so none has to be taken back."""
    budget.told(PORTAL, 5, 5)

    await bring(start(batch=1), *replies(reply, 12))

    assert 5 == len(hubspot.creates)


async def test_a_batch_whose_answer_was_lost_is_reconciled_one_by_one(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """A lost answer to a batch that was carried out leaves each reply to be found, and none is written again."""
    hubspot.batch_answers.append(Answer(LOST))
    process = start()

    await bring(process, *replies(reply, 20))
    await wait(process, 80)

    assert sorted(ids(20)) == sorted(on_timeline())
    assert all(memory.entries.settlements[entry_id].adopted for entry_id in ids(20))


@pytest.mark.parametrize("point", [FaultPoint.AFTER_WRITE, FaultPoint.AFTER_OWN])
async def test_equal_replies_of_a_batch_find_one_communication_each(
    start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores,
    clock: ManualClock, point: FaultPoint,
) -> None:  # fmt: skip
    """Where nothing but text and time can tell, each of several looked for together gets a communication of its own."""
    hubspot.keeps_links = False
    now = clock.now()
    with pytest.raises(Crash):
        await bring(start(CrashAt(point)), *(reply(f"m{n}", chat_id=f"chat-{n}", received_at=now) for n in range(5)))

    await wait(start(), 120)

    found = [memory.entries.entries[f"62515:acme:m{n}"].communication_id for n in range(5)]
    assert {record.id for record in hubspot.records} == set(found)
    assert 5 == len(hubspot.records)


async def test_what_a_look_cleared_is_not_looked_for_again(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """When the account fails amid a look, only what was not cleared by then is looked for once more."""
    contacts = [Candidate(f"{number}", (f"(415) 555-1{number}",)) for number in range(100, 112)]
    hubspot.contacts[PORTAL] = contacts
    hubspot.batch_answers.append(Answer(LOST, None))
    process = start()
    asked: list[str] = []
    whereabouts = hubspot.whereabouts

    async def fail_once(portal_id: int, contact_id: str) -> str | None:
        asked.append(contact_id)
        if 8 == len(asked):
            raise AccountUnreachableError("502")
        return await whereabouts(portal_id, contact_id)

    hubspot.whereabouts = fail_once
    senders = [f"+14155551{number}" for number in range(100, 112)]
    await bring(process, *(reply(f"m{n:03}", chat_id=f"c{n}", sender=sender) for n, sender in enumerate(senders)))
    await wait(process, 120)

    assert ids(12) == {record.trace_id for record in hubspot.records}
    assert 5 == len({*asked[:5]} - {*asked[10:]})


async def test_a_lost_batch_counts_as_one_failure(
    start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """The breaker counts calls, not the replies in them."""
    hubspot.batch_answers.append(Answer(LOST, None))

    await bring(start(), *replies(reply, 20))

    assert 1 == memory.lanes.lanes[PORTAL].failures


async def test_each_reply_of_a_batch_has_its_own_end(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """Locked, lost, without its contact, written: each is gone on with as if it had been alone."""
    gone = ContactGoneError("404")
    hubspot.answers.extend([Answer(RecordLockedError("423"), None), Answer(LOST, None), Answer(gone, None), Answer()])
    process = start()

    await bring(process, *replies(reply, 4))
    assert ["62515:acme:m003"] == list(on_timeline())
    await wait(process, 5)
    assert ["62515:acme:m003", "62515:acme:m000"] == list(on_timeline())
    await wait(process, 90)

    assert ids(4, 2) == set(on_timeline())
    assert "unmatched" == memory.entries.entries["62515:acme:m002"].state


async def test_a_refusal_for_want_of_the_contact_is_not_final(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """A refused write asks whether its contact is still there; if not, another contact with the number gets it."""
    hubspot.contacts[PORTAL].append(Candidate("905", ("+14155551234",)))
    hubspot.deleted.add("904")
    hubspot.answers.append(Answer(REFUSED, None))

    await bring(start(), reply())

    assert ["62515:acme:m1"] == on_timeline("905")


async def test_a_throttled_batch_is_written_later_and_opens_no_breaker(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """429 is a wish to be obeyed, never a failure, however often it comes."""
    hubspot.batch_answers.extend([Answer(AccountThrottledError("429"), None)] * 7)
    process = start()

    await bring(process, *replies(reply, 20))
    await wait(process, 100)

    assert sorted(ids(20)) == sorted(on_timeline())
    assert 0 == memory.lanes.lanes[PORTAL].openings


async def test_a_search_that_is_not_whole_is_halved(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """Where one answer cannot carry all finds, the numbers are searched for in two halves."""
    hubspot.page = 2
    numbers = [f"+1415555{number:04}" for number in range(4)]
    hubspot.contacts[PORTAL] = [Candidate(f"90{n}", (number,)) for n, number in enumerate(numbers)]

    await bring(start(), *(reply(f"m{n}", chat_id=f"c{n}", sender=number) for n, number in enumerate(numbers)))

    assert [4, 2, 2] == [len(numbers) for numbers in hubspot.searches]
    assert [[f"62515:acme:m{n}"] for n in range(4)] == [on_timeline(f"90{n}") for n in range(4)]


async def test_the_sixth_search_of_a_second_waits(
    start: Any, reply: Any, hubspot: InMemoryHubSpot, clock: ManualClock, wait: Any, on_timeline: Any
) -> None:
    """HubSpot takes five searches a second; replies whose contact is known do not wait for them."""
    hubspot.page = 1
    hubspot.contacts[PORTAL] = [Candidate(f"90{n}", (f"+1415555000{n}",)) for n in range(8)]
    process = start()
    await process.store_received([reply(f"m{n}", chat_id=f"c{n}", sender=f"+1415555000{n}") for n in range(8)])

    await process.lanes.turn(PORTAL)
    assert 5 == len(hubspot.searches)
    await wait(process, 6)

    assert 8 == sum(len(on_timeline(f"90{n}")) for n in range(8))


async def test_the_fifth_failure_opens_the_breaker(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """Five failures in a row stop an account; one probe goes out after the rest, and its success lets all go."""
    hubspot.answers.extend([Answer(AccountUnreachableError("502"), None)] * 200)
    process = start()
    events = [reply(f"m{number:03}", chat_id=f"chat-{number}") for number in range(10)]

    await bring(process, *events)
    await wait(process, 14)
    lane = memory.lanes.lanes[PORTAL]
    assert lane.breaker is not None
    assert (5, 1) == (lane.failures, lane.openings)
    calls = len(hubspot.creates)
    await wait(process, 8)
    assert calls == len(hubspot.creates)
    hubspot.answers.clear()
    await wait(process, 30)

    assert 1 == hubspot.creates[calls]
    assert ids(10) == set(on_timeline())
    assert len(on_timeline()) == len(set(on_timeline()))
    [pending] = await memory.lane_outbox.pending(10)
    assert ["breaker.opened:62515:1", "breaker.closed:62515:1"] == [event.id for event in pending.events]


async def test_a_failed_probe_makes_the_next_rest_longer(
    start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """While an account stays away it costs a call now and then, fewer as time goes on, and is said to be open once."""
    hubspot.answers.extend([Answer(AccountUnreachableError("502"), None)] * 500)
    process = start()

    await bring(process, reply())
    await wait(process, 1_800)

    assert 20 >= len(hubspot.creates)
    [pending] = await memory.lane_outbox.pending(10)
    assert ["breaker.opened:62515:1"] == [event.id for event in pending.events]


async def test_a_turn_uses_the_lanes_share_and_no_more(
    start: Any, reply: Any, wait: Any, hubspot: InMemoryHubSpot, clock: ManualClock, on_timeline: Any
) -> None:
    """Of 110 calls in ten seconds a lane makes at most 90, and goes on, bit by bit, when the window has slid."""
    process = start()
    began = clock.now()
    await process.store_received(
        [reply(f"m{number:03}", received_at=began + timedelta(milliseconds=number)) for number in range(130)]
    )
    process.drain.look_soon()
    while (await process.drain.step()).more:
        pass

    await process.lanes.turn(PORTAL)
    assert 90 == len(hubspot.creates)
    await wait(process, 9)
    assert 90 == len(hubspot.creates)
    await wait(process, 2)
    assert 115 > len(hubspot.creates) > 90
    await wait(process, 5)

    assert 130 == len(on_timeline())


async def test_a_lane_yields_to_others_who_call_for_the_account(
    start: Any, reply: Any, wait: Any, hubspot: InMemoryHubSpot, on_timeline: Any, budget: Any
) -> None:
    """When HubSpot says that fewer than twenty calls are left, the lane holds back for two seconds."""
    process = start()
    await process.store_received([reply()])
    budget.told(PORTAL, 110, 19)

    await wait(process, 1)
    assert [] == hubspot.creates
    await wait(process, 2)

    assert ["62515:acme:m1"] == on_timeline()
