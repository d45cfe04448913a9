"""Cancelling what runs: telling our own cancellation from a stray one, and not letting one get lost."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

T = TypeVar("T")

AGAIN_SECONDS: Final = 0.5
"""How soon what has not ended is cancelled again: time enough to end in order."""


def is_asked_for() -> bool:
    """Whether someone cancelled the running task; else the error came from other work that it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks, and return when all have ended, however they did.

    Once is not enough where a library takes one for its own, or loses it as `asyncio.wait_for` did before Python 3.12
    (python/cpython#86296; see `wait_for`): a loop would go on for ever.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
        for task in ended:
            if not task.cancelled():
                task.exception()  # seen; nobody waits for it any more


async def wait_for(awaitable: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 - as asyncio's
    """`asyncio.wait_for` as it is since Python 3.12 (python/cpython#98518): what is waited for has no task of its own.

    Before that it had one, which lived on when the waiter was cancelled while it was being ended: a condition that was
    waited for then took its lock back when nobody was there to release it. And a cancellation that came just when the
    work was done was lost. PyMongo waits for connections, and writes every message, in such a wait.

    Raises:
        TimeoutError: it took longer than so many seconds.
    """
    async with asyncio.timeout(timeout):
        return await awaitable
