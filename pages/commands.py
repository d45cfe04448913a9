"""The operators' command, verb by verb: what `--help` says, and how the answer looks where a screen is recorded."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from chertctl.__main__ import VERBS, Verb, app

SCREENS: Final = Path(__file__).parents[1] / "docs" / "screens"

_WIDTH: Final = 110
_STYLE: Final = re.compile(r"\x1b\[[0-9;]*m")

_HEAD: Final = """# chertctl

Written by `make docs` from the command itself and from `docs/screens`, which its tests record; a test fails when it is
not current. When to use which verb is in the [runbook](../runbook.md). Every verb prints one JSON document with
`--json`; exit codes are 0 done, 1 failed, 2 wrong call, 3 it looked for differences or faults and found some, 130 and
143 it was stopped by Ctrl-C or SIGTERM, and the audit says how far it had come.
"""


def page() -> str:
    """The page."""
    parts = [_HEAD]
    for name in VERBS:
        for words in _verbs(name):
            parts += [f"## `chertctl {words}`\n", _text(_help(words)), *_screens(words)]
    return "\n".join(parts)


def _verbs(name: str) -> Iterator[str]:
    """The words of each verb of this name that does something."""
    group: Any = typer.main.get_command(app)
    verb: Verb = group.commands[name]
    whole = verb.whole()
    if isinstance(whole, TyperGroup):
        yield from (f"{name} {one}" for one in whole.commands)
    else:
        yield name


def _help(words: str) -> str:
    environment = {"COLUMNS": str(_WIDTH), "TERMINAL_WIDTH": str(_WIDTH), "NO_COLOR": "1", "TERM": "dumb"}
    shown = CliRunner().invoke(app, [*words.split(), "--help"], prog_name="chertctl", env=environment)
    lines = [line.rstrip() for line in _STYLE.sub("", shown.stdout).splitlines()]
    return "\n".join(lines).strip("\n")


def _screens(words: str) -> Iterator[str]:
    """The screens of a verb: `tenant-list`, and `tenant-pause-dry-run` for a verb with something more."""
    name = words.replace(" ", "-")
    for file in sorted(SCREENS.glob(f"{name}*.txt")):
        if file.stem == name or file.stem.startswith(f"{name}-"):
            yield _text(file.read_text().rstrip("\n"))


def _text(content: str) -> str:
    return f"```text\n{content}\n```\n"
