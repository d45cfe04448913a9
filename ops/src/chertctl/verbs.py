"""What verbs have in common: their options, what they work with, and how their end becomes an exit code."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer
from aiokafka.errors import KafkaError

from chassis.clock import Clock, SystemClock
from chassis.randomness import Randomness, SystemRandomness
from chertctl import auditing, services
from chertctl.auditing import Audit
from chertctl.outcomes import Exit, OperatorError
from chertctl.screen import Screen
from chertctl.services import Services
from chertctl.settings import OperatorSecrets, Settings, load

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; kept in the audit.")]

Reveal = Annotated[bool, typer.Option("--reveal", help="With its content; needs the permission and a reason.")]
WithSends = Annotated[bool, typer.Option("--with-sends", help="Also what sends messages; asked once more.")]
SendsConfirmed = Annotated[bool, typer.Option("--yes-send-messages", help="The second yes to sends, for scripts.")]


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
    async def audit(self) -> AsyncIterator[Audit]:
        """The audit, connected; only verbs that do something need it.

        Raises:
            AwayError: no broker answers.
        """
        async with auditing.journal(self.settings) as journal:
            operator = auditing.operator_name(self.settings)
            yield Audit(journal, operator, clock=self.clock, randomness=self.randomness)


def run(work: Callable[[Desk], Awaitable[T]], *, as_json: bool) -> T:
    """Do a verb's work; what stops it becomes words on the error stream and an exit code."""
    try:
        return asyncio.run(_at_desk(work, Screen(as_json=as_json)))
    except OperatorError as error:
        words, code = str(error), error.exit
    except KafkaError as error:
        words, code = f"Kafka does not answer as it should ({type(error).__name__}).", Exit.FAILED
    except KeyboardInterrupt:
        words, code = "Stopped.", Exit.FAILED
    print(words, file=sys.stderr)
    raise typer.Exit(code)


async def _at_desk(work: Callable[[Desk], Awaitable[T]], screen: Screen) -> T:
    settings = load()
    async with AsyncExitStack() as stack:
        connected = await stack.enter_async_context(services.connected(settings))
        desk = Desk(settings, settings.secrets(), connected, screen, SystemClock(), SystemRandomness())
        return await work(desk)
