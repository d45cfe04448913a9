"""Saying what is being waited for: how long it took, and in long runs how far it is and what is left of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console

EVERY_SECONDS: Final = 10.0


@contextmanager
def doing(console: Console, what: str) -> Iterator[None]:
    """Show that this is under way, and how long it took when it is done."""
    began = time.monotonic()
    with console.status(what):
        yield
    console.print(f"{what}: {time.monotonic() - began:.1f} s", highlight=False)


class Progress:
    """Says every ten seconds how far something is, and how long the rest takes if it goes on as it went so far."""

    def __init__(
        self,
        console: Console,
        what: str,
        total: float,
        *,
        begun: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """So much of something is to be done, a part of which may be done already."""
        self._console, self._what, self._total, self._begun = console, what, total, begun
        self._monotonic = monotonic
        self._began = self._told = monotonic()

    def at(self, done: float) -> None:
        """So much is done; says so if the last time is long ago."""
        now = self._monotonic()
        if now - self._told < EVERY_SECONDS:
            return
        self._told = now
        pace = (done - self._begun) / (now - self._began)
        left = f"about {(self._total - done) / pace:,.0f} s left" if pace > 0 else "nothing yet"
        self._console.print(f"{self._what}: {done:,.0f} of {self._total:,.0f}, {left}", highlight=False)
