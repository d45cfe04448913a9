"""Answers remembered for a while."""

import asyncio

import pytest

from actions.adapters.remembering import Latest, Remembered
from chassis.clock import ManualClock


class Slow:
    """A source that answers when it may; `calls` counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.open = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, key: str) -> str:
        """Its name and the number of the call."""
        self.calls += 1
        number = self.calls
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return f"{key}-{number}"


@pytest.fixture
def slow() -> Slow:
    """A source."""
    return Slow()


@pytest.fixture
def remembered(slow: Slow, clock: ManualClock) -> Remembered[str, str]:
    """Its memory, of two answers for ten seconds."""
    return Remembered(slow, seconds=10.0, clock=clock, most=2)


async def test_many_who_ask_at_once_wait_for_one_call(slow: Slow, remembered: Remembered[str, str]) -> None:
    """A hundred askers cost one call, and one that gives up does not take the answer from the others."""
    asking = [asyncio.create_task(remembered("a")) for _ in range(100)]
    await asyncio.sleep(0)
    asking[0].cancel()
    slow.open.set()

    answers = await asyncio.gather(*asking[1:])

    assert ({"a-1"}, 1) == (set(answers), slow.calls)


async def test_an_answer_is_good_for_a_while(slow: Slow, remembered: Remembered[str, str], clock: ManualClock) -> None:
    """Within its time it is given again; after that, or when asked for afresh, it is asked about anew."""
    slow.open.set()
    first = [await remembered("a"), await remembered("a")]
    clock.advance(10.0)

    assert ["a-1", "a-1", "a-2", "a-3"] == [*first, await remembered("a"), await remembered.fresh("a")]


async def test_an_old_answer_is_given_while_it_is_asked_for_anew(
    slow: Slow, remembered: Remembered[str, str], clock: ManualClock
) -> None:
    """Past its time nobody waits: one call goes out beside, and whoever comes after it has the new answer."""
    slow.open.set()
    await remembered.soon("a", seconds=60.0, patience=0.0)
    slow.open.clear()
    clock.advance(10.0)
    old = [await remembered.soon("a", seconds=60.0, patience=0.0) for _ in range(3)]
    waiting = asyncio.create_task(remembered.fresh("a"))
    await asyncio.sleep(0)
    slow.open.set()

    assert (["a-1"] * 3, "a-2", "a-2", 2) == (
        old,
        await waiting,
        await remembered.soon("a", seconds=60.0, patience=0.0),
        slow.calls,
    )


async def test_too_old_an_answer_is_waited_for(
    slow: Slow, remembered: Remembered[str, str], clock: ManualClock
) -> None:
    """After the longest time that is allowed an answer is given to nobody."""
    slow.open.set()
    first = await remembered.soon("a", seconds=60.0, patience=0.0)
    clock.advance(60.0)

    assert ("a-1", "a-2") == (first, await remembered.soon("a", seconds=60.0, patience=0.0))


async def test_keys_are_apart(slow: Slow, remembered: Remembered[str, str]) -> None:
    """Nobody is given another key's answer, and the one that was asked for longest ago is forgotten first."""
    slow.open.set()

    assert ["a-1", "b-2", "a-1", "c-3", "a-1", "b-4"] == [await remembered(key) for key in "abacab"]


async def test_a_failure_is_told_to_everybody_and_not_kept(slow: Slow, remembered: Remembered[str, str]) -> None:
    """Whoever waited hears of it; whoever comes later asks anew."""
    slow.error = LookupError("no")
    slow.open.set()
    told = await asyncio.gather(remembered("a"), remembered("a"), return_exceptions=True)
    slow.error = None

    assert [LookupError, LookupError] == [type(error) for error in told]
    assert "a-2" == await remembered("a")


async def test_what_is_forgotten_under_way_is_not_kept(slow: Slow, remembered: Remembered[str, str]) -> None:
    """An answer that was asked for before the change does not stand after it."""
    asking = asyncio.create_task(remembered("a"))
    await asyncio.sleep(0)
    remembered.forget("a")
    slow.open.set()

    assert ["a-1", "a-2"] == [await asking, await remembered("a")]


def test_only_so_many_values_are_kept() -> None:
    """The one that was set longest ago goes first."""
    latest = Latest[str, int](most=2)
    for number, key in enumerate("abac"):
        latest.set(key, number)

    assert (2, None, 3) == (latest.get("a"), latest.get("b"), latest.get("c"))
