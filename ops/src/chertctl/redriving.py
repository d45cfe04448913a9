"""Redriving: dead letters to the group that gave them up, in the order in which they died."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from chertctl.auditing import Act
from chertctl.letters import Letter
from chertctl.replaying import TOO_LARGE, Pace, ServiceCounter, as_replayed, fits
from chertctl.settings import service_named
from chertctl.verbs import Desk
from contracts.audits import RecordPlace
from contracts.replays import ReplayAnswer, ReplayBatch

AT_ONCE: Final = 50
"""Letters of one call; few, so that a letter that is done is known to be done soon."""

Outcome = tuple[Letter, str, str | None]


async def redrive_letters(
    desk: Desk, letters: Sequence[Letter], *, dry_run: bool, sends: bool, rate: float | None, act: Act | None = None
) -> list[Outcome]:
    """What became of each letter, or what would; told to the act as soon as it is known.

    Raises:
        WrongCallError: a group is no service that redrives.
        AwayError: a service stayed away; what was told before is done.
        RefusedError: a service refuses.
    """
    pace, outcomes = Pace(rate, desk.clock), []
    with desk.screen.progress("dry run" if dry_run else "redrive", len(letters)) as progress:
        for (group, topic), found in groupby(letters, key=lambda letter: (letter.group, letter.topic)):
            counter = ServiceCounter(desk.services, service_named(group), desk.clock)
            for batch in _cut(list(found)):
                await pace.take(len(batch))
                done = await _hand_over(counter, topic, batch, dry_run=dry_run, sends=sends)
                outcomes += done
                _note(act, done)
                progress.reach(len(outcomes))
    return outcomes


async def _hand_over(
    counter: ServiceCounter, topic: str, letters: Sequence[Letter], *, dry_run: bool, sends: bool
) -> list[Outcome]:
    fitting = [letter for letter in letters if fits(letter.record)]
    records = tuple(as_replayed(letter.record) for letter in fitting)
    answer = ReplayAnswer()
    if records:
        question = ReplayBatch(topic=topic, records=records, dry_run=dry_run, sends=sends, redrive=True)
        answer = await counter.hand_over(question)
    troubles = {trouble.index: trouble.reason for trouble in answer.troubles}
    done: list[Outcome] = [(letter, "failed", TOO_LARGE) for letter in letters if letter not in fitting]
    for index, letter in enumerate(fitting):
        done.append((letter, "failed" if index in troubles else "redriven", troubles.get(index)))
    return done


def _note(act: Act | None, done: Sequence[Outcome]) -> None:
    if act is None:
        return
    for letter, outcome, why in done:
        place = letter.record.place
        act.result[outcome] += 1
        act.places.append(
            RecordPlace(topic=place.topic, partition=place.partition, offset=place.offset, outcome=outcome, reason=why)
        )


def _cut(letters: Sequence[Letter]) -> Sequence[Sequence[Letter]]:
    """In pieces that one call takes."""
    pieces: list[list[Letter]] = []
    for letter in letters:
        if not pieces or len(pieces[-1]) == AT_ONCE or not fits(*(one.record for one in [*pieces[-1], letter])):
            pieces.append([])
        pieces[-1].append(letter)
    return pieces
