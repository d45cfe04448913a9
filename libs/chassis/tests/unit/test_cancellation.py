"""Cancelling what does not end at once."""

import asyncio

import pytest

from chassis import cancellation


async def test_a_cancellation_that_was_lost_is_made_again() -> None:
    """Work that swallows one, as `asyncio.wait_for` does now and then, and goes on, is ended all the same."""
    begun, lost = asyncio.Event(), asyncio.Event()

    async def losing() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(losing())
    await begun.wait()
    await cancellation.end(task)

    assert (True, True) == (lost.is_set(), task.cancelled())


async def test_who_ends_work_does_not_fail_with_it() -> None:
    """What ended before, or ends with an error of its own, is over; all others are ended, too."""

    async def failing() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError

    async def nothing() -> None:
        return

    tasks = [asyncio.create_task(work()) for work in (failing, nothing, failing)]
    await asyncio.wait(tasks[1:2])
    await cancellation.end(*tasks)

    assert [True] * 3 == [task.done() for task in tasks]
    await cancellation.end()


async def test_who_is_cancelled_while_ending_work_is() -> None:
    """Ending work does not keep its own task from being ended."""

    async def stubborn() -> None:
        while not freed.is_set():
            try:
                await freed.wait()
            except asyncio.CancelledError:
                told.set()

    told, freed = asyncio.Event(), asyncio.Event()
    ending = asyncio.create_task(cancellation.end(task := asyncio.create_task(stubborn())))
    await told.wait()
    ending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await ending
    freed.set()
    await task
