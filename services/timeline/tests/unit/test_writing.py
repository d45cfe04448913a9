"""One reply on its way to the timeline: every way a write can end."""

from collections import deque
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from contracts.messages import ReplyRecorded
from timeline.adapters.in_memory import Answer, InMemoryHubSpot, InMemoryStores
from timeline.errors import (
    AccessRefusedError,
    AccountInactiveError,
    AccountThrottledError,
    AccountUnreachableError,
    ContactGoneError,
    RecordLockedError,
    ReplyRefusedError,
    WriteUnknownError,
)
from timeline.models import Candidate

ENTRY = "62515:acme:m1"
LOST = WriteUnknownError("AnswerLostError")
NOTHING = None


async def test_a_reply_is_written_once_with_its_contact_and_time(
    start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot
) -> None:
    """A reply is one create: on its contact, at the time it was received, ending with the link to its page."""
    event = reply(text="Yes <please> & thanks")

    await bring(start(), event)

    [record] = hubspot.records
    assert "904" == record.note.contact_id
    assert event.data.received_at == record.note.timestamp
    assert "Yes &lt;please&gt; &amp; thanks" in record.note.body
    assert record.note.body.endswith('/console/messages/acme/m1">Open in Chert</a></p>')


async def test_the_world_is_told_of_a_recorded_reply(
    start: Any, bring: Any, reply: Any, memory: InMemoryStores
) -> None:
    """What was recorded is told by an event in the same write, with the communication's id."""
    await bring(start(), reply())

    [pending] = await memory.entry_outbox.pending(10)
    [event] = pending.events
    assert "reply.recorded:62515:acme:m1" == event.id
    assert isinstance(event.data, ReplyRecorded)
    assert ("904", "5000") == (event.data.contact_id, event.data.communication_id)


async def test_a_new_link_is_told(start: Any, bring: Any, reply: Any, memory: InMemoryStores) -> None:
    """A search that finds the contact makes a link, and tells it once for the conversation."""
    process = start()

    await bring(process, reply("m1"))
    await bring(process, reply("m2"))

    told = [event.id for pending in await memory.link_outbox.pending(10) for event in pending.events]
    assert ["contact.linked:62515:acme:chat-1:904"] == told


async def test_the_same_reply_again_changes_nothing(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """A reply that is delivered again, whenever, is on the timeline once."""
    process = start()

    await bring(process, reply(), reply())
    await bring(process, reply())
    await bring(start(), reply())

    assert [ENTRY] == on_timeline()
    assert 0 == hubspot.reads


async def test_replies_of_a_conversation_keep_their_order(start: Any, bring: Any, reply: Any, on_timeline: Any) -> None:
    """Replies go out oldest first, however they were stored."""
    events = [reply("m1"), reply("m2"), reply("m3")]
    times = [events[0].data.received_at + timedelta(seconds=second) for second in range(3)]

    await bring(start(), *(reply(f"m{n}", received_at=times[n]) for n in (2, 0, 1)))

    assert ["62515:acme:m0", "62515:acme:m1", "62515:acme:m2"] == on_timeline()


async def test_a_lost_answer_is_adopted(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """A write that was carried out although its answer was lost is found by its link and not written again."""
    hubspot.answers.append(Answer(LOST))
    process = start()

    await bring(process, reply())
    await wait(process, 80)

    assert [ENTRY] == on_timeline()
    assert memory.entries.settlements[ENTRY].adopted
    assert 1 == hubspot.reads


async def test_an_answer_that_could_not_be_recorded_needs_no_look(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """When the database fails after HubSpot's answer, the process that heard it records it as soon as it can."""
    settle, failed = memory.entries.settle, []

    async def fail_once(settlements: Any) -> None:
        if not failed:
            failed.append(settlements)
            raise ConnectionResetError
        await settle(settlements)

    memory.entries.settle = fail_once
    await bring(start(), reply(), reply("m2", chat_id="chat-2"))

    assert [ENTRY, "62515:acme:m2"] == on_timeline()
    assert ["recorded"] * 2 == [entry.state for entry in memory.entries.entries.values()]
    assert not memory.entries.settlements[ENTRY].adopted
    assert 0 == hubspot.reads


async def test_a_late_commit_is_adopted(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """A write that is carried out 60 s after its answer was lost is waited for: one look, one communication."""
    hubspot.answers.append(Answer(LOST, timedelta(seconds=60)))
    process = start()

    await bring(process, reply())
    await wait(process, 120)

    assert [ENTRY] == on_timeline()
    assert 1 == hubspot.reads


async def test_what_is_known_to_be_another_replys_is_not_read(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """A look reads the communications that no reply of ours is known to own, and none of the others."""
    process = start()
    await bring(process, reply("m0"))
    hubspot.answers.append(Answer(LOST))

    await bring(process, reply("m1"))
    await wait(process, 80)

    assert ["62515:acme:m0", ENTRY] == on_timeline()
    assert (1, 1) == (hubspot.reads, hubspot.bodies_read)


async def test_a_reply_that_never_was_written_needs_one_look(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """What a look did not find is never looked for again, also when the write after it has to wait."""
    hubspot.answers.extend([Answer(LOST, NOTHING), Answer(AccountThrottledError("429", 10.0), NOTHING)])
    process = start()

    await bring(process, reply())
    await wait(process, 120)

    assert [ENTRY] == on_timeline()
    assert 1 == hubspot.reads


async def test_a_look_that_could_not_be_had_is_had_soon(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """When the account does not answer the look, it is repeated as soon as the lane goes on."""
    hubspot.answers.append(Answer(LOST))
    process = start()
    await bring(process, reply())
    hubspot.trouble = AccountUnreachableError("502")
    await wait(process, 78)
    hubspot.trouble = None

    await wait(process, 10)

    assert [ENTRY] == on_timeline()
    assert memory.entries.settlements[ENTRY].adopted


async def test_a_write_that_never_happened_is_made_after_the_bound(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """A write that is not found once nothing can appear any more is made again, and not a second earlier."""
    hubspot.answers.append(Answer(LOST, NOTHING))
    began = clock.now()
    process = start()

    await bring(process, reply())
    await wait(process, 74)
    assert [] == on_timeline()
    await wait(process, 2)

    assert [ENTRY] == on_timeline()
    assert hubspot.records[0].at >= began + timedelta(seconds=75)


async def test_an_unknown_end_holds_up_its_conversation_alone(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """While one reply is being reconciled its conversation waits behind it, and other conversations go on."""
    hubspot.answers.append(Answer(LOST, NOTHING))
    process = start()

    await bring(process, reply("m1"), reply("m2"), reply("other", chat_id="chat-2"))
    await wait(process, 3)
    assert ["62515:acme:other"] == on_timeline()
    await wait(process, 90)

    assert ["62515:acme:other", "62515:acme:m1", "62515:acme:m2"] == on_timeline()


async def test_two_equal_texts_of_one_second_stay_two(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """Two replies with the same text and time are told apart by their links, also when both answers were lost."""
    now = clock.now()
    hubspot.answers.extend([Answer(LOST), Answer(LOST, NOTHING)])
    process = start()

    await bring(process, reply("m1", received_at=now), reply("m2", received_at=now))
    await wait(process, 180)

    assert ["62515:acme:m1", "62515:acme:m2"] == on_timeline()


async def test_equal_texts_without_links_are_not_adopted_twice(
    start: Any, bring: Any, wait: Any, reply: Any, clock: ManualClock, memory: InMemoryStores, hubspot: InMemoryHubSpot
) -> None:
    """Where HubSpot removes links text and time decide, and a communication still belongs to one reply."""
    now = clock.now()
    hubspot.keeps_links = False
    hubspot.answers.extend([Answer(LOST), Answer(LOST, NOTHING)])
    process = start()

    await bring(process, reply("m1", received_at=now), reply("m2", received_at=now))
    await wait(process, 180)

    assert 2 == len({memory.entries.entries[f"62515:acme:{name}"].communication_id for name in ("m1", "m2")})
    assert 2 == len(hubspot.records)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (AccountThrottledError("429", 10.0), 10),
        (AccountThrottledError("477", 3600.0), 3600),
        (AccountUnreachableError("NotSentError"), 1),
        (AccessRefusedError("AccessTokenExpiredError"), 1),
    ],
)
async def test_a_refusal_of_the_account_waits_and_writes_once(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, clock: ManualClock,
    error: Exception, seconds: int,
) -> None:  # fmt: skip
    """When nothing was written and the account has to wait, nothing is read back, and the wait asked for is obeyed."""
    hubspot.answers.append(Answer(error, NOTHING))
    process = start()

    await bring(process, reply())
    await bring(process, reply("m2"))
    clock.advance(seconds - 1)
    await wait(process, 0)
    assert [] == on_timeline()
    await wait(process, 2)

    assert [ENTRY, "62515:acme:m2"] == on_timeline()
    assert 0 == hubspot.reads


async def test_failures_in_a_row_are_tried_ever_more_slowly(
    start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """An account that stays unreachable is called a few times in ten minutes, and never less than once a minute."""
    hubspot.trouble = AccountUnreachableError("ServerFaultError")
    process = start()

    await bring(process, reply())
    await wait(process, 600)

    assert 10 <= memory.lanes.lanes[62515].failures <= 18


async def test_a_locked_record_is_tried_again_soon(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """423 concerns one record: it is tried again after two seconds, and the account's other replies go on."""
    hubspot.answers.append(Answer(RecordLockedError("423", retry_after_seconds=2.0), NOTHING))
    process = start()

    await bring(process, reply("m1"), reply("other", chat_id="chat-2"))
    assert ["62515:acme:other"] == on_timeline()
    await wait(process, 3)

    assert ["62515:acme:other", ENTRY] == on_timeline()


async def test_a_validation_refusal_fails_with_hubspots_words(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """A reply that HubSpot refuses for good is kept as failed, with HubSpot's words, and the lane goes on."""
    hubspot.answers.append(Answer(ReplyRefusedError("400", words="hs_timestamp was not valid"), NOTHING))

    await bring(start(), reply("m1"), reply("m2"))

    assert ["62515:acme:m2"] == on_timeline()
    assert "failed" == memory.entries.entries[ENTRY].state
    assert "hs_timestamp was not valid" == memory.entries.settlements[ENTRY].words


async def test_a_contact_that_is_gone_is_searched_for_again(
    start: Any, bring: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """When the linked contact was deleted, its number's next owner gets the reply, and the conversation moves there."""
    hubspot.contacts[62515].append(Candidate("1001", ("+1 415 555 1234",)))
    hubspot.answers.append(Answer(ContactGoneError("404"), NOTHING))
    process = start()

    await bring(process, reply("m1"))
    await bring(process, reply("m2"))

    assert [ENTRY, "62515:acme:m2"] == on_timeline("1001")
    assert ["1001"] == [contact_id for *_, contact_id in memory.links.links.values()]


async def test_a_contact_that_is_gone_without_a_successor_leaves_the_reply_unmatched(
    start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """When the only contact with the number was deleted, the reply is unmatched, whatever the search still says."""
    hubspot.answers = deque([Answer(ContactGoneError("404"), NOTHING)])

    await bring(start(), reply())

    assert "unmatched" == memory.entries.entries[ENTRY].state
    assert [] == hubspot.records


async def test_an_account_that_oauth_calls_inactive_waits(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """Without an access token nothing begins: no intent is left, the replies wait, and none of them counts as late."""
    memory.links.links.clear()
    hubspot.trouble = AccountInactiveError("oauth: 2010")
    process = start()

    await bring(process, reply())
    assert None is await memory.lanes.oldest()
    assert () == memory.entries.entries[ENTRY].intents
    hubspot.trouble = None
    await wait(process, 61)

    assert [ENTRY] == on_timeline()


async def test_outcomes_are_counted(
    start: Any, bring: Any, reply: Any, hubspot: InMemoryHubSpot, metrics: Metrics
) -> None:
    """Each outcome of a reply is one count under its name."""
    hubspot.answers.append(Answer(ReplyRefusedError("400"), NOTHING))

    await bring(start(), reply("m1"), reply("m2"), reply("m3", sender="stranger@example.test", chat_id="chat-3"))

    text = metrics.render().decode()
    for outcome in ("failed", "recorded", "unmatched"):
        assert f'replies_total{{outcome="{outcome}"}} 1.0' in text


async def test_a_reply_keeps_its_trace(start: Any, bring: Any, reply: Any, memory: InMemoryStores) -> None:
    """The trace that brought a reply goes on through the lane into what the world is told of it."""
    trace_id = "1" * 32
    event = replace(reply(), traceparent=f"00-{trace_id}-{'2' * 16}-01")

    await bring(start(), event)

    told = [*await memory.entry_outbox.pending(10), *await memory.link_outbox.pending(10)]
    assert [trace_id] * 2 == [pending.events[0].traceparent.split("-")[1] for pending in told]


async def test_nothing_is_looked_for_too_soon(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """A read before the bound could not allow a write, so there is none, whichever process it is."""
    hubspot.answers.append(Answer(LOST, NOTHING))
    await bring(start(), reply())

    await wait(start(), 74)
    assert 0 == hubspot.reads
    await wait(start(), 2)

    assert 1 == hubspot.reads
    assert [ENTRY] == on_timeline()
