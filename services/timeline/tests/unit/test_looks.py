"""Looks that never ended, because their process died in them: had again later, longer each time, last and alone."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import pytest

from chassis.clock import ManualClock
from timeline.adapters.in_memory import Answer, Crash, CrashAt, InMemoryHubSpot, InMemoryStores
from timeline.errors import AccountUnreachableError, WriteUnknownError
from timeline.handlers.reconciling import looked_for_together
from timeline.models import Candidate, Entry, FaultPoint

ENTRY: Final = "62515:acme:m1"
LOST: Final = Answer(WriteUnknownError("AnswerLostError"))


async def test_a_look_that_was_cut_off_holds_up_its_own_conversation_alone(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """While such a look waits, other conversations are written and looked for; what follows its reply is not."""
    hubspot.answers.append(LOST)
    process = start(CrashAt(FaultPoint.AFTER_LOOK))
    await bring(process, reply("m1"), reply("m2"))
    with pytest.raises(Crash):
        await wait(process, 80)
    process = start()
    await wait(process, 26)
    hubspot.answers.append(replace(LOST, written_after=None))

    await bring(process, reply("m3", chat_id="chat-2"))
    await wait(process, 1)
    assert [ENTRY] == on_timeline()
    await wait(process, 58)
    assert 1 == hubspot.reads
    await wait(process, 1)
    assert [ENTRY, "62515:acme:m2"] == on_timeline()
    await wait(process, 20)

    assert [ENTRY, "62515:acme:m2", "62515:acme:m3"] == on_timeline()
    assert 3 == hubspot.reads


async def test_looks_that_are_cut_off_again_and_again_become_rare(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, clock: ManualClock
) -> None:
    """What kills each process that looks for it kills one in four minutes at most, besides the time of its lease."""
    hubspot.answers.append(LOST)
    process, looked = start(CrashAt(FaultPoint.AFTER_LOOK)), list[datetime]()
    await bring(process, reply())
    for _ in range(5):
        with pytest.raises(Crash):
            await wait(process, 300)
        process = start(CrashAt(FaultPoint.AFTER_LOOK))
        looked.append(clock.now())

    assert [86, 146, 266, 266] == [(later - at).total_seconds() for at, later in pairwise(looked)]
    await wait(start(), 300)
    assert [ENTRY] == on_timeline()


async def test_looks_that_were_cut_off_are_had_alone(
    start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot
) -> None:
    """Replies that were looked for together when a process died are looked for one by one."""
    hubspot.contacts[62515] = [Candidate(f"{number}", (f"(415) 555-120{number}",)) for number in range(4)]
    hubspot.batch_answers.append(LOST)
    process = start(CrashAt(FaultPoint.AFTER_LOOK))
    await bring(process, *(reply(f"m{one}", chat_id=f"c{one}", sender=f"+1415555120{one}") for one in range(4)))
    with pytest.raises(Crash):
        await wait(process, 80)
    assert 1 == hubspot.reads

    await wait(start(), 90)

    assert 1 + 4 == hubspot.reads
    assert 4 == len(hubspot.records)


def test_looks_that_were_cut_off_come_last(reply: Any) -> None:
    """Before them come those that nothing is held against, some together."""
    entries = [Entry(62515, "p", 1, reply(f"m{number:02}").data, looks=number % 2) for number in range(50)]

    groups = [[one.message.message_id for one in group] for group in looked_for_together(entries)]

    fresh, cut_off = [f"m{number:02}" for number in range(0, 50, 2)], [f"m{number:02}" for number in range(1, 50, 2)]
    assert [fresh[:20], fresh[20:], *([one] for one in cut_off)] == groups


async def test_an_answer_that_is_no_finding_is_not_held_against_a_look(
    start: Any, bring: Any, wait: Any, reply: Any, hubspot: InMemoryHubSpot, memory: InMemoryStores
) -> None:
    """A look that ends because the account fails was not cut off, nor were those before it."""
    hubspot.answers.append(LOST)
    process = start(CrashAt(FaultPoint.AFTER_LOOK))
    await bring(process, reply())
    with pytest.raises(Crash):
        await wait(process, 80)
    assert 1 == memory.entries.entries[ENTRY].looks
    hubspot.trouble = AccountUnreachableError("502")

    await wait(start(), 90)

    assert 0 == memory.entries.entries[ENTRY].looks
    assert hubspot.reads > 1
