"""Waiting for a condition with a deadline, never for an amount of time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Value = TypeVar("Value")

_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 0.1


class ConditionNotMetError(TimeoutError):
    """The condition did not hold before its deadline; the text says which."""


def wait_for(
    condition: Callable[[], Value | None],
    *,
    what: str,
    seconds: float,
    longest_pause_seconds: float = _LONGEST_PAUSE_SECONDS,
) -> Value:
    """The condition's first true value, seen at most a pause after it was there.

    Raises:
        ConditionNotMetError: it had none within so many seconds.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise ConditionNotMetError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 2, longest_pause_seconds)
    return value


async def pace(seconds: float) -> None:
    """Let time pass where the load or the trouble of a run has a rhythm; never to wait for something to happen."""
    await asyncio.sleep(seconds)


async def eventually(condition: Callable[[], Awaitable[Value | None]], *, what: str, seconds: float) -> Value:
    """As `wait_for`, for a condition that is awaited.

    Raises:
        ConditionNotMetError: it had no true value within so many seconds.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while not (value := await condition()):
        if time.monotonic() > deadline:
            raise ConditionNotMetError(f"waited {seconds:g} s in vain for {what}")
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
    return value


async def elapse(seconds: float) -> None:
    """Let that much time pass: how long a fault lasts or how load is paced, never a substitute for a condition."""
    await asyncio.sleep(seconds)
