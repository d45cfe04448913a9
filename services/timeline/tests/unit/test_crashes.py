"""A process that dies at the worst moment, and the next one on the same stores."""

from datetime import timedelta
from typing import Any

import pytest

from timeline.adapters.in_memory import Answer, Crash, CrashAt, InMemoryHubSpot, InMemoryStores
from timeline.errors import WriteUnknownError
from timeline.models import FaultPoint

ENTRY = "62515:acme:m1"
WRITING = [point for point in FaultPoint if point is not FaultPoint.AFTER_LOOK]
"""The points that a reply passes when nothing goes wrong."""


@pytest.mark.parametrize("point", WRITING)
async def test_a_crash_anywhere_leaves_one_communication(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, memory: InMemoryStores, point: FaultPoint
) -> None:
    """Whichever point a process dies at, the next one brings the reply to the timeline once and says so."""
    with pytest.raises(Crash):
        await bring(start(CrashAt(point)), reply())

    process = start()
    if point is FaultPoint.AFTER_ENTRIES:  # on no list yet, so Kafka has to deliver it again
        await process.store_received([reply()])
    await wait(process, 120)

    assert [ENTRY] == on_timeline()
    assert "recorded" == memory.entries.entries[ENTRY].state
    assert ["62515:acme:m1"] == [pending.document_id for pending in await memory.entry_outbox.pending(10)]
    assert [] == memory.lanes.lanes[62515].pending


@pytest.mark.parametrize("point", WRITING)
async def test_a_redelivery_after_a_crash_changes_nothing(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, point: FaultPoint
) -> None:
    """What was not committed comes again after the crash, at once, and is still written once."""
    with pytest.raises(Crash):
        await bring(start(CrashAt(point)), reply(), reply("m2"))

    process = start()
    await bring(process, reply(), reply("m2"))
    await wait(process, 120)

    assert [ENTRY, "62515:acme:m2"] == on_timeline()


@pytest.mark.parametrize("seconds", [0, 1, 30, 59, 60])
async def test_a_crash_during_a_write_that_is_carried_out_late(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot, seconds: int
) -> None:
    """A process dies while HubSpot takes its time: the next one waits until the write must have appeared."""
    hubspot.answers.append(Answer(written_after=timedelta(seconds=seconds)))
    with pytest.raises(Crash):
        await bring(start(CrashAt(FaultPoint.AFTER_WRITE)), reply())

    await wait(start(), 150)

    assert [ENTRY] == on_timeline()


@pytest.mark.parametrize("written_after", [timedelta(seconds=40), None])
async def test_a_crash_during_a_look_costs_one_more(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot,
    written_after: timedelta | None,
) -> None:  # fmt: skip
    """Whoever comes after a process that died between a look and its finding looks once more, and not at once."""
    hubspot.answers.append(Answer(WriteUnknownError("AnswerLostError"), written_after))
    process = start(CrashAt(FaultPoint.AFTER_LOOK))
    await bring(process, reply())
    with pytest.raises(Crash):
        await wait(process, 80)

    process = start()
    await wait(process, 85)
    assert 1 == hubspot.reads
    await wait(process, 1)

    assert [ENTRY] == on_timeline()
    assert 2 == hubspot.reads


async def test_one_crash_after_the_other(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, hubspot: InMemoryHubSpot
) -> None:
    """Every process dies at the next point in turn, and the last one finds one communication."""
    hubspot.answers.append(Answer(WriteUnknownError("AnswerLostError"), written_after=timedelta(seconds=40)))
    with pytest.raises(Crash):
        await bring(start(CrashAt(FaultPoint.AFTER_INBOX_INSERT)), reply())
    for point in (FaultPoint.AFTER_LOOK, FaultPoint.AFTER_INTENT, FaultPoint.AFTER_LOOK, FaultPoint.AFTER_WRITE):
        try:
            await wait(start(CrashAt(point)), 120)
        except Crash:
            continue

    await wait(start(), 120)

    assert [ENTRY] == on_timeline()


async def test_a_dead_holders_lane_moves_after_the_lease(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, memory: InMemoryStores
) -> None:
    """A lane whose holder died is free after 15 s without a sign of life, and rests one call's budget longer."""
    with pytest.raises(Crash):
        await bring(start(CrashAt(FaultPoint.AFTER_RECORD)), reply("m1"), reply("m2"))
    process = start()

    await wait(process, 15)
    assert None is not memory.lanes.lanes[62515].holder
    await wait(process, 1)
    assert None is memory.lanes.lanes[62515].holder
    await wait(process, 9)
    assert [ENTRY] == on_timeline()
    await wait(process, 1)

    assert [ENTRY, "62515:acme:m2"] == on_timeline()


async def test_a_process_takes_up_what_its_own_failed_turn_left(
    start: Any, bring: Any, work_off: Any, reply: Any, on_timeline: Any, memory: InMemoryStores
) -> None:
    """A lane that a process still holds although its turn ended is taken up at once: nobody else is at work there."""
    process = start(CrashAt(FaultPoint.AFTER_RECORD))
    with pytest.raises(Crash):
        await bring(process, reply("m1"), reply("m2"))

    await work_off(process)

    assert [ENTRY, "62515:acme:m2"] == on_timeline()
    assert None is memory.lanes.lanes[62515].holder
