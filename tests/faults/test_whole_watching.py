"""Looking at a system that may hang: nobody waits for it without an end."""

import asyncio

import pytest
from _whole_watching import in_time

from harness.waiting import eventually


async def test_what_does_not_let_itself_be_cancelled_is_left() -> None:
    """A look that swallows its end is given up in time, and told to end."""
    told, never = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        try:
            await never.wait()
        except asyncio.CancelledError:
            told.set()
        await never.wait()

    with pytest.raises(TimeoutError):
        await in_time(stubborn(), 0.01)

    async def was_told() -> bool:
        return told.is_set()

    await eventually(was_told, what="the look to be told", seconds=5)


async def test_what_ends_in_time_says_how() -> None:
    """What a look fails with reaches whoever asked for it."""

    async def failing() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await in_time(failing(), 5)
