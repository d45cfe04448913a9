"""`chertctl where`: what became of something, by any id of it, across the services that remember."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

import typer

from chertctl.outcomes import AwayError, OperatorError, WrongCallError
from chertctl.settings import ServiceName
from chertctl.verbs import AsJson, Desk, run, verb_app
from contracts.ops import MAX_ID_LENGTH, WhereAnswer, WhereQuestion, WhereStep

app = verb_app()

ASKED: Final[tuple[ServiceName, ...]] = ("oauth", "actions", "timeline")
"""The services that remember; `webhooks` has no memory but Kafka."""

ANSWER_SECONDS: Final = 5.0
"""How long one service may take."""

FOLLOWED: Final = ("message_id", "event_id", "communication_id", "callback_id", "trace_id")
"""Ids that lead on to a service that did not know what was asked for, the surest first."""

LEADS: Final = 3
"""How many of them are followed."""

SHOWN_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Journey:
    """What all services know, oldest first.

    Attributes:
        steps: what happened.
        next: the next thing that will happen, when, and where.
        silent: services that did not answer, and how.
    """

    steps: tuple[WhereStep, ...] = ()
    next: tuple[str, datetime | None, str] | None = None
    silent: Mapping[str, str] = field(default_factory=dict)

    def document(self, asked: str) -> dict[str, object]:
        """The journey for scripts."""
        words, at, service = self.next or (None, None, None)
        return {
            "id": shown_id(asked),
            "steps": [step.model_dump(mode="json", exclude_none=True) for step in self.steps],
            "next": words,
            "next_at": None if at is None else at.isoformat(),
            "next_in": service,
            "silent": dict(self.silent),
        }


@app.command(epilog="Example: chertctl where +14155550132")
def where(
    id: Annotated[  # noqa: A002 - what it is called on the command line
        str, typer.Argument(help="Any id, or a number in E.164; `-` reads it from the input, out of the history.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say where something is, by any id of it: the whole journey, and the next thing that will happen.

    Chert's message or event, a trace, HubSpot's communication, callback or contact, a chat, an account, a phone number.
    """
    run(lambda desk: show(desk, sys.stdin.readline().strip() if id == "-" else id), as_json=as_json)


async def show(desk: Desk, asked: str) -> None:
    """Ask everybody and show what they know.

    Raises:
        WrongCallError: this is no id.
        OperatorError: nobody knows it, or not everybody could be asked.
    """
    if not 0 < len(asked) <= MAX_ID_LENGTH:
        raise WrongCallError(f"An id has 1 to {MAX_ID_LENGTH} characters.")
    journey = await find(desk, asked)
    desk.screen.document(journey.document(asked))
    if journey.steps:
        desk.screen.table(_COLUMNS, [_row(step) for step in journey.steps])
    if journey.next is not None:
        words, at, service = journey.next
        desk.screen.say(f"Next: {words} ({service}{'' if at is None else f', {at:%Y-%m-%d %H:%M:%S} UTC'}).")
    if journey.silent:
        raise OperatorError("Not everybody could be asked. " + " ".join(journey.silent.values()))
    if not journey.steps:
        raise OperatorError(
            "Nobody knows this id. What is still in Kafka is found by `chertctl topics tail --id`, what was "
            "given up by `chertctl dlq list`."
        )


async def find(desk: Desk, asked: str) -> Journey:
    """Everybody's knowledge of an id as one journey; who knew nothing is asked once more by ids that others named."""
    answers = dict(zip(ASKED, await asyncio.gather(*(_ask(desk, one, asked) for one in ASKED)), strict=True))
    leads = _leads([one for one in answers.values() if isinstance(one, WhereAnswer)], asked)
    unknowing = [name for name, one in answers.items() if isinstance(one, WhereAnswer) and not one.steps]
    followed = await asyncio.gather(*(_followed(desk, service, leads) for service in unknowing))
    answers.update(zip(unknowing, followed, strict=True))
    known = {name: one for name, one in answers.items() if isinstance(one, WhereAnswer)}
    steps = sorted((step for one in known.values() for step in one.steps), key=lambda step: step.at)
    coming = [(one.next, one.next_at, name) for name, one in known.items() if one.next is not None]
    return Journey(
        tuple(steps),
        min(coming, key=lambda one: (one[1] is None, one[1]), default=None),
        {name: one for name, one in answers.items() if isinstance(one, str)},
    )


def shown_id(asked: str) -> str:
    """An id as it may be shown: of a phone number, its end."""
    return f"••• {asked[-SHOWN_DIGITS:]}" if asked.startswith("+") else asked


async def _ask(desk: Desk, service: ServiceName, asked: str) -> WhereAnswer | str:
    """What a service knows, or why it could not be asked."""
    question = WhereQuestion(id=asked)
    try:
        return await desk.services.call(service, "POST", "/ops/where", WhereAnswer, question, seconds=ANSWER_SECONDS)
    except AwayError as error:
        return str(error)


async def _followed(desk: Desk, service: ServiceName, leads: Sequence[str]) -> WhereAnswer | str:
    """What a service knows of the first of these ids that it knows; all are asked for at once."""
    answers = await asyncio.gather(*(_ask(desk, service, lead) for lead in leads))
    return next((one for one in answers if isinstance(one, str) or one.steps), WhereAnswer())


def _leads(answers: Sequence[WhereAnswer], asked: str) -> Sequence[str]:
    """Ids that others named: those of the fewest things first, so that none leads to another journey."""
    named = [step.ids[kind] for kind in FOLLOWED for answer in answers for step in answer.steps if kind in step.ids]
    return [lead for lead in dict.fromkeys(named) if lead and lead != asked][:LEADS]


_COLUMNS: Final = ("at", "service", "what", "account", "ids", "detail")


def _row(step: WhereStep) -> Sequence[object]:
    ids = " ".join(f"{kind}={value}" for kind, value in step.ids.items())
    return (f"{step.at:%Y-%m-%d %H:%M:%S}", step.service, step.what, step.portal_id, ids, step.detail)
