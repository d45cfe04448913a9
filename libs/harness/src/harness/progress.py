"""Saying what is being waited for: a spinner at a terminal, and a line with the time it took everywhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def doing(console: Console, what: str) -> Iterator[None]:
    """Show that this is under way, and how long it took when it is done."""
    began = time.monotonic()
    with console.status(what):
        yield
    console.print(f"{what}: {time.monotonic() - began:.1f} s", highlight=False)
