"""Loading a program: hardly anything of it is garbage, so nobody need look for any all the time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ALLOCATIONS: Final = 10_000
"""Between two collections of the young while a program is loaded. Fewer would be hardly quicker, and leave garbage
behind: most of a megabyte, with none at all."""


@contextmanager
def with_few_collections() -> Iterator[None]:
    """Load in this block: with Python's own threshold a quarter of the time would go into looking for garbage.

    What is there at its end stays out of later collections.
    """
    before = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.freeze()
