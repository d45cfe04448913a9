"""Writes that nobody waits for: small pieces with rests between them.

Whatever a database is at, a write that somebody waits for waits for it too. What is kept after an answer was given can
wait a little, so it is spread out where it would otherwise come all at once.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from chassis.clock import Clock

PIECE: Final = 6
"""Changes in one command: some two milliseconds of the embedded database, for which whoever waits for it waits too."""

REST: Final = 8
"""A piece is followed by a rest of so many times what it took: longer than a call takes, which so meets one of them."""

RESTS_SECONDS: Final = 0.2
"""All rests of one round together. Where much waits, or the database is slow, the round goes on without them, so what
is told never falls behind what is sent."""

T = TypeVar("T")


async def in_pieces(
    all_of: Sequence[T], write: Callable[[Sequence[T]], Awaitable[None]], clock: Clock | None = None
) -> None:
    """Write all of it, a piece at a time; without a clock there are no rests.

    Raises:
        Exception: whatever `write` raises; what comes after that piece is not written.
    """
    left = RESTS_SECONDS
    for start in range(0, len(all_of), PIECE):
        began = clock.monotonic() if clock is not None else 0.0
        await write(all_of[start : start + PIECE])
        if clock is not None and left > 0 and start + PIECE < len(all_of):
            rest = min(left, REST * (clock.monotonic() - began))
            left -= rest
            await clock.sleep(rest)
