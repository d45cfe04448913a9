"""What a walk saw: the ids of one journey and how long each step took, told to people as it goes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console


@dataclass
class Journal:
    """A record that is printed while it is written.

    Attributes:
        console: where to print; a quiet one in tests.
        ids: what was made on the way, by what it is, in order.
        seconds: how long each step took, by its title.
    """

    console: Console
    ids: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step; its time is printed when it is done."""
        began = time.monotonic()
        self.console.print(f"[bold]{title}[/bold]", highlight=False)
        yield
        self.seconds[title] = time.monotonic() - began
        self.console.print(f"   [green]done[/green] in {self.seconds[title]:.2f} s", highlight=False)

    def note(self, what: str, value: object) -> None:
        """Something that can be looked up later."""
        self.ids[what] = str(value)
        self.console.print(f"   {what:<28} {value}", highlight=False, markup=False, soft_wrap=True)
