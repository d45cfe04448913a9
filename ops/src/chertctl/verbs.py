"""What verbs have in common: their options, what they work with, and how their end becomes an exit code."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from chassis.clock import Clock, SystemClock
from chassis.randomness import Randomness, SystemRandomness
from chertctl import services
from chertctl.outcomes import OperatorError
from chertctl.screen import Screen
from chertctl.services import Services
from chertctl.settings import OperatorSecrets, Settings, load
from chertctl.stopping import StoppedError, stoppable

if TYPE_CHECKING:
    from chertctl.auditing import Audit

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; kept in the audit.")]

TopicsFile = Annotated[Path, typer.Option("--file", "-f", help="The catalogue.", envvar="CHERTCTL_TOPICS")]
TOPICS_FILE: Final = Path("deploy/topics.yaml")

Reveal = Annotated[bool, typer.Option("--reveal", help="With its content; needs the permission and a reason.")]
WithSends = Annotated[bool, typer.Option("--with-sends", help="Also what sends messages; asked once more.")]
SendsConfirmed = Annotated[bool, typer.Option("--yes-send-messages", help="The second yes to sends, for scripts.")]


def verb_app(words: str | None = None) -> typer.Typer:
    """What a verb's module offers as `app`: a command, or a group of them with a help of its own."""
    return typer.Typer(help=words, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a verb works with.

    Attributes:
        settings: where everything is.
        secrets: what this operator holds.
        services: their `/ops/*` routes.
        screen: where the findings go.
        clock: what time it is.
        randomness: where ids come from.
    """

    settings: Settings
    secrets: OperatorSecrets
    services: Services
    screen: Screen
    clock: Clock
    randomness: Randomness

    @asynccontextmanager
    async def audit(self) -> "AsyncIterator[Audit]":
        """The audit, connected; only verbs that do something need it.

        Raises:
            AwayError: no broker answers.
        """
        from chertctl import auditing, kafka_journal  # noqa: PLC0415 - a verb that only looks does not wait for them

        async with kafka_journal.journal(self.settings) as journal:
            operator = auditing.operator_name(self.settings)
            yield auditing.Audit(journal, operator, clock=self.clock, randomness=self.randomness)


def run(work: Callable[[Desk], Awaitable[T]], *, as_json: bool) -> T:
    """Do a verb's work; what stops it becomes words on the error stream and an exit code."""
    try:
        return asyncio.run(_at_desk(work, Screen(as_json=as_json)))
    except OperatorError as error:
        words, code = str(error), int(error.exit)
    except StoppedError as error:
        words, code = str(error), error.exit_code
    print(words, file=sys.stderr)
    raise typer.Exit(code)


async def _at_desk(work: Callable[[Desk], Awaitable[T]], screen: Screen) -> T:
    settings = load()
    with stoppable():
        async with services.connected(settings) as connected:
            desk = Desk(settings, settings.secrets(), connected, screen, SystemClock(), SystemRandomness())
            return await work(desk)
