"""What a verb shows: tables for people, one JSON document for scripts, progress and questions on the error stream."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from chertctl import stopping
from chertctl.outcomes import OperatorError


class Counter:
    """How far something long is."""

    def __init__(self, progress: Progress, task: Any) -> None:
        self._progress, self._task = progress, task

    def reach(self, done: int, total: int | None = None) -> None:
        """So much is done; `total` where it is known only now."""
        self._progress.update(self._task, completed=done, total=total)


class _Rate(ProgressColumn):
    """Things a second."""

    def render(self, task: Task) -> Text:
        """The rate, once there is one."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s", style="progress.data.speed")


class Screen:
    """Where a verb shows what it found.

    Attributes:
        as_json: whether a script is looking.
    """

    def __init__(self, *, as_json: bool, width: int | None = None) -> None:
        """Show on the terminal, in so many columns or as many as it has."""
        self.as_json = as_json
        self._out, self._err = Console(soft_wrap=True, width=width), Console(stderr=True)

    def document(self, content: Any) -> None:
        """The one JSON document of a verb; people see nothing of it."""
        if self.as_json:
            print(json.dumps(content, indent=2, default=str, ensure_ascii=False))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
        """A table for people; what does not fit goes on in the next line, because half an id is of no use."""
        if self.as_json:
            return
        table = Table(*columns, title=title, title_justify="left")
        for row in rows:
            table.add_row(*(Text("" if cell is None else str(cell), overflow="fold") for cell in row))
        self._out.print(table)

    def say(self, words: str) -> None:
        """A sentence for people."""
        if not self.as_json:
            self._out.print(words, markup=False, highlight=False)

    def warn(self, words: str) -> None:
        """A sentence that scripts' owners see too."""
        self._err.print(words, markup=False, highlight=False)

    def decide(self, question: str, *, dry_run: bool, yes: bool) -> bool:
        """Whether to go on after what a dry run has shown; `--yes` answers for scripts.

        Raises:
            OperatorError: the answer is no, or nobody is there to give one.
        """
        if dry_run:
            self.say("Dry run: nothing was changed.")
            return False
        if yes:
            return True
        try:
            with stopping.at_once():
                agreed = typer.confirm(question, err=True)
        except typer.Abort:
            raise OperatorError("Nobody answered; nothing was changed. Scripts say --yes.") from None
        if not agreed:
            raise OperatorError("Nothing was changed.")
        return True

    def decide_to_send(self, *, yes: bool) -> None:
        """Ask once more, where what follows sends messages to people.

        Raises:
            OperatorError: the answer is no, or nobody is there to give one.
        """
        self.decide("Some of this SENDS MESSAGES to people. Send them?", dry_run=False, yes=yes)

    @contextmanager
    def progress(self, words: str, total: int | None = None) -> Iterator[Counter]:
        """A bar with rate and time left, where a person is looking."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        watching = self._err.is_terminal and not self.as_json
        with Progress(*columns, console=self._err, disable=not watching, transient=True) as progress:
            yield Counter(progress, progress.add_task(words, total=total))
