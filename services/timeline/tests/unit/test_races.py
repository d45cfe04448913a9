"""Two holders at one reply, step by step: each reads in its own write who else has been there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chassis.clock import ManualClock
from timeline.adapters.in_memory import InMemoryHubSpot, InMemoryStores
from timeline.models import Announced, Intent, Intention, Settlement

ENTRY = "62515:acme:m1"


@pytest.fixture
def meddle(memory: InMemoryStores) -> Any:
    """Lets something happen to the entry between its being read and the holder's intent."""
    intend = memory.entries.intend

    def meddle(what: Any) -> None:
        async def intend_late(intentions: Sequence[Intention]) -> Mapping[str, Announced]:
            memory.entries.intend = intend
            await what()
            return await intend(intentions)

        memory.entries.intend = intend_late

    return meddle


async def test_another_holders_intent_stops_a_write(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, meddle: Any, clock: ManualClock,
    memory: InMemoryStores, hubspot: InMemoryHubSpot,
) -> None:  # fmt: skip
    """A holder that finds another's open intent beside its own writes nothing before that one is settled."""

    async def other_intends() -> None:
        await memory.entries.intend([Intention(ENTRY, Intent(99, clock.now(), "904"))])

    meddle(other_intends)
    process = start()
    await bring(process, reply())

    assert [] == hubspot.records
    assert (99,) == tuple(intent.fence for intent in memory.entries.entries[ENTRY].intents)
    await wait(process, 80)
    assert [ENTRY] == on_timeline()


async def test_a_reply_recorded_meanwhile_is_not_written_again(
    start: Any, bring: Any, reply: Any, meddle: Any, clock: ManualClock, memory: InMemoryStores,
    hubspot: InMemoryHubSpot,
) -> None:  # fmt: skip
    """A holder that finds the reply recorded when it is about to write leaves it alone."""

    async def other_records() -> None:
        await memory.entries.settle({ENTRY: Settlement("recorded", clock.now(), communication_id="7")})

    meddle(other_records)
    await bring(start(), reply())

    assert [] == hubspot.records
    assert replace(memory.entries.entries[ENTRY], attempts=0).communication_id == "7"
    assert [] == memory.lanes.lanes[62515].pending


async def test_a_stumble_rests_one_reply_and_not_the_lane(
    start: Any, bring: Any, wait: Any, reply: Any, on_timeline: Any, meddle: Any
) -> None:
    """An error that nobody foresaw lets its reply rest for a minute, and the lane goes on."""
    meddles = 0

    async def break_down() -> None:
        nonlocal meddles
        meddles += 1
        if meddles == 1:
            meddle(break_down)  # once with the other reply, once alone
        raise ZeroDivisionError

    meddle(break_down)
    process = start()
    await bring(process, reply("m1"), reply("other", chat_id="chat-2"))
    assert ["62515:acme:other"] == on_timeline()

    await wait(process, 61)

    assert ["62515:acme:other", ENTRY] == on_timeline()
