"""Turns of the event loop between pieces of work."""

import asyncio

from chassis.turns import AT_ONCE, in_turns


async def test_others_have_their_turn_in_between() -> None:
    """All things come in order, and what is ready does not wait for more than a few of them."""
    met: dict[object, None] = {}
    asyncio.get_running_loop().call_soon(met.setdefault, "another")

    async for thing in in_turns(range(2 * AT_ONCE + 1)):
        met.setdefault(thing)

    assert [*range(AT_ONCE), "another", *range(AT_ONCE, 2 * AT_ONCE + 1)] == list(met)
