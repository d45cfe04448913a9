"""Every verb of the command, found by looking at the command itself."""

from collections.abc import Iterator
from typing import Any

import typer

from chertctl.__main__ import Verb, app


def listed() -> list[Verb]:
    """The list that `chertctl` shows."""
    group: Any = typer.main.get_command(app)
    return list(group.commands.values())


def every_verb() -> Iterator[tuple[str, Any]]:
    """Each verb that does something, by its words."""
    for verb in listed():
        whole: Any = verb.whole()
        for name, command in getattr(whole, "commands", {None: whole}).items():
            yield (str(verb.name) if name is None else f"{verb.name} {name}"), command
