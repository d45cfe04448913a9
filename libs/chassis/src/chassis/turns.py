"""Work on many things, with turns of the event loop for others in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

AT_ONCE: Final = 4
"""Things in one turn: events on their way to Kafka take a third of a millisecond, for which whoever calls waits."""

T = TypeVar("T")


async def in_turns(things: Iterable[T]) -> AsyncIterator[T]:
    """Each of them; after some, whatever else is ready comes first."""
    for number, thing in enumerate(things, 1):
        yield thing
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
