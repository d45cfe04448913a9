"""Looking for garbage seldom: hardly anything of a program, and of what it makes for a request, is any."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

WHILE_LOADING: Final = 10_000
"""Allocations between two collections of the young while a program is loaded. Fewer collections would be hardly
quicker, and leave garbage behind: most of a megabyte, with none at all."""

_NEVER: Final = 1_000_000
"""So many collections of the young before an older generation is looked at: what is loaded stays, and looking at it
again would take a twentieth of the time."""

WHILE_SERVING: Final = 20_000
"""Allocations between two collections of the young while it serves. A request or a batch makes ten thousand objects and
more and leaves hardly any cycle behind; with Python's own threshold most of them would be looked at several times."""


@contextmanager
def with_few_collections() -> Iterator[None]:
    """Load in this block: with Python's own threshold a quarter of the time would go into looking for garbage.

    What is there at its end stays out of later collections.
    """
    before = gc.get_threshold()
    gc.set_threshold(WHILE_LOADING, _NEVER, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.freeze()


def collect_rarely() -> None:
    """Serve from here on: what is there by now stays out of collections, and these come seldom."""
    gc.freeze()
    gc.set_threshold(WHILE_SERVING, *gc.get_threshold()[1:])
