"""Large deliveries take turns, small ones do not wait."""

import asyncio

from webhooks.api.turns import LARGE_BYTES, Turns

LARGE = b"x" * LARGE_BYTES


async def test_small_ones_do_not_wait() -> None:
    """A small body is taken at once, also while large ones wait."""
    turns, taken = Turns(), list[bytes]()

    turns.give(taken.append, LARGE)
    turns.give(taken.append, b"small")

    assert [b"small"] == taken


async def test_one_large_one_is_taken_each_time_the_loop_comes_round() -> None:
    """Large bodies are taken in the order they came, and whatever else is due comes between them."""
    turns, seen = Turns(), list[bytes]()
    for number in range(3):
        turns.give(seen.append, LARGE + b"%d" % number)

    for _ in range(3):
        await asyncio.sleep(0)
        seen.append(b"else")

    assert [b"0", b"else", b"1", b"else", b"2", b"else"] == [one.removeprefix(LARGE) for one in seen]


async def test_what_would_take_too_much_memory_does_not_wait() -> None:
    """A body beyond what may wait is taken at once, and there is room again when others had their turn."""
    turns, taken = Turns(most=LARGE_BYTES), list[bytes]()

    turns.give(taken.append, LARGE)
    turns.give(taken.append, LARGE + b"beyond")
    assert [LARGE + b"beyond"] == taken

    await asyncio.sleep(0)
    turns.give(taken.append, LARGE)
    assert [LARGE + b"beyond", LARGE] == taken


async def test_trouble_with_one_leaves_the_others_their_turn() -> None:
    """An exception while one is taken does not keep the next from being taken."""
    turns, taken, troubles = Turns(), list[bytes](), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: troubles.append(context["exception"]))

    def fails(_: bytes) -> None:
        raise ValueError("broken")

    turns.give(fails, LARGE)
    turns.give(taken.append, LARGE)
    for _ in range(2):
        await asyncio.sleep(0)

    assert [LARGE] == taken
    assert 1 == len(troubles)
