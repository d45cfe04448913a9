"""Writes that nobody waits for."""

import asyncio
from collections.abc import Sequence

import pytest

from actions.adapters.mongo.pieces import PIECE, REST, RESTS_SECONDS, in_pieces
from chassis.clock import ManualClock

SHORT, LONG = 0.01, 1.0


class Database:
    """Takes a while for each command."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self.commands: list[tuple[int, ...]] = []

    async def write(self, numbers: Sequence[int]) -> None:
        """Carry out one command."""
        self.commands.append(tuple(numbers))
        self._clock.advance(self._seconds)


async def until_it_rests(clock: ManualClock) -> None:
    """Return when somebody sleeps."""
    while not clock.sleeping:  # noqa: ASYNC110 - the clock tells nobody
        await asyncio.sleep(0)


async def test_a_round_is_cut_into_pieces(clock: ManualClock) -> None:
    """Everything is written once and in order; without a clock nothing rests, and nothing to write is no command."""
    database, numbers = Database(clock, LONG), list(range(2 * PIECE + 1))
    await in_pieces(numbers, database.write)
    await in_pieces([], database.write, clock)

    assert [PIECE, PIECE, 1] == [len(command) for command in database.commands]
    assert numbers == [number for command in database.commands for number in command]


@pytest.mark.parametrize(("seconds", "rest"), [(SHORT, REST * SHORT), (LONG, RESTS_SECONDS)])
async def test_pieces_are_spread_out(clock: ManualClock, seconds: float, rest: float) -> None:
    """After a piece there is a rest of some times what it took, up to a bound; after the last piece there is none."""
    database = Database(clock, seconds)
    writing = asyncio.create_task(in_pieces(range(2 * PIECE), database.write, clock))
    await until_it_rests(clock)
    before = len(database.commands)
    clock.advance(rest)
    await writing

    assert (1, 2) == (before, len(database.commands))


async def test_a_slow_database_is_not_waited_for_twice(clock: ManualClock) -> None:
    """The rests of a round have a bound together: then it goes on without."""
    database = Database(clock, LONG)
    writing = asyncio.create_task(in_pieces(range(5 * PIECE), database.write, clock))
    await until_it_rests(clock)
    clock.advance(RESTS_SECONDS)
    await writing

    assert 5 == len(database.commands)


async def test_what_fails_ends_the_round(clock: ManualClock) -> None:
    """Whoever wrote hears of it, and writes all of it again."""
    commands: list[int] = []

    async def write(numbers: Sequence[int]) -> None:
        commands.append(len(numbers))
        raise LookupError("away")

    with pytest.raises(LookupError):
        await in_pieces(range(2 * PIECE), write, clock)

    assert [PIECE] == commands
