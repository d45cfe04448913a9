"""`chertctl dlq`: dead letters; look at them, let their group work through them again, or discard them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from chertctl import reading
from chertctl.letters import Choice, Letter, letter_at, letters, written
from chertctl.outcomes import WrongCallError
from chertctl.reading import Place, Topics
from chertctl.redaction import seen
from chertctl.redriving import redrive_letters
from chertctl.tailing import redactor_of, revealed
from chertctl.verbs import AsJson, Desk, DryRun, Reason, SendsConfirmed, Yes, run, verb_app
from contracts.audits import RecordPlace

app = verb_app("Dead letters: list and group them, show one, redrive, discard.")

CAP: Final = 100
"""Letters of one redrive or discard unless told otherwise."""

Topic = Annotated[str | None, typer.Option("--topic", help="Only of this source topic.")]
Group = Annotated[str | None, typer.Option("--group", "-g", help="Only given up by this group.")]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Only of this account or Chert tenant.")]
Because = Annotated[str | None, typer.Option("--because", help="Only whose reason holds these words.")]
Settled = Annotated[bool, typer.Option("--settled", help="Also those that were redriven or discarded.")]
Places = Annotated[list[str] | None, typer.Argument(help="topic:partition:offset, as the list says; else by options.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="At most so many, the oldest.")]

_COLUMNS: Final = ("place", "tenant", "error", "reason", "attempts", "died_at", "state")


@app.command(name="list", epilog="Example: chertctl dlq list --group timeline --tenant acme")
def list_letters(
    topic: Topic = None,
    group: Group = None,
    tenant: Tenant = None,
    because: Because = None,
    settled: Settled = False,
    limit: Limit = CAP,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the oldest first."""

    async def work(desk: Desk) -> None:
        show_letters(desk, await _found(desk, Choice(topic, group, tenant, because, settled)), limit)

    run(work, as_json=as_json)


def show_letters(desk: Desk, found: Sequence[Letter], limit: int) -> None:
    """Show the first of these letters."""
    documents = [letter.document() for letter in found[:limit]]
    desk.screen.document({"letters": documents, "more": max(0, len(found) - limit)})
    desk.screen.table(_COLUMNS, [[document[name] for name in _COLUMNS] for document in documents])
    desk.screen.say(f"{len(documents)} of {len(found)}.")


@app.command(epilog="Example: chertctl dlq reasons --topic message.received")
def reasons(
    topic: Topic = None, group: Group = None, tenant: Tenant = None, settled: Settled = False, as_json: AsJson = False
) -> None:
    """Count dead letters by why they died, the most frequent first."""

    async def work(desk: Desk) -> None:
        show_reasons(desk, await _found(desk, Choice(topic, group, tenant, None, settled)))

    run(work, as_json=as_json)


def show_reasons(desk: Desk, found: Sequence[Letter]) -> None:
    """Count these letters, which are in order, by why they died."""
    by_reason: dict[tuple[str, str, str, str], list[Letter]] = defaultdict(list)
    for letter in found:
        by_reason[letter.topic, letter.group, letter.record.header("dlq_error_type"), letter.reason].append(letter)
    rows = [
        {
            "topic": key[0],
            "group": key[1],
            "error": key[2],
            "reason": key[3],
            "letters": len(those),
            "tenants": len({letter.tenant for letter in those}),
            "oldest": those[0].record.header("dlq_time"),
            "newest": those[-1].record.header("dlq_time"),
        }
        for key, those in sorted(by_reason.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]
    desk.screen.document(rows)
    columns = ("topic", "group", "error", "reason", "letters", "tenants", "oldest", "newest")
    desk.screen.table(columns, [[row[name] for name in columns] for row in rows])


@app.command(epilog="Example: chertctl dlq show message.received.timeline.dlq:3:17")
def show(
    place: Annotated[str, typer.Argument(help="topic:partition:offset, as the list says.")],
    reveal: Annotated[
        bool, typer.Option("--reveal", help="With its content; needs the permission and a reason.")
    ] = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: headers, reason, attempts, trace, and what operators did to it."""

    async def work(desk: Desk) -> None:
        async with reading.connected(desk.settings.need("kafka_bootstrap")) as topics:
            letter = await letter_at(topics, Place.parse(place))
        shown = {
            **letter.document(),
            "headers": {name: letter.record.header(name) for name, _ in letter.record.headers},
            "data": seen(letter.record, redactor_of(desk))["data"],
        }
        if reveal:
            shown["content"] = await revealed(desk, letter.record, reason)
        desk.screen.document(shown)
        desk.screen.say(written(shown))

    run(work, as_json=as_json)


@app.command(epilog="Example: chertctl dlq redrive --group timeline --because 'parts: missing' --reason 'fixed in 1.4'")
def redrive(
    places: Places = None,
    topic: Topic = None,
    group: Group = None,
    tenant: Tenant = None,
    because: Because = None,
    limit: Limit = CAP,
    rate: Annotated[float, typer.Option("--rate", min=0, help="The most letters a second; 0 without a cap.")] = 100.0,
    with_sends: Annotated[
        bool, typer.Option("--with-sends", help="Also what sends messages; asked once more.")
    ] = False,
    sends_confirmed: SendsConfirmed = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Let the group that gave letters up work through them again; what fails again stays, with its history."""

    async def work(desk: Desk) -> None:
        chosen = await _chosen(desk, places or [], Choice(topic, group, tenant, because), limit)
        tried = await redrive_letters(desk, chosen, dry_run=True, sends=with_sends, rate=None)
        tell(desk, tried, dry_run=True)
        if not chosen or not desk.screen.decide(f"Redrive {len(chosen)} letters?", dry_run=dry_run, yes=yes):
            desk.screen.document(_told(tried, dry_run=True))
            return
        if with_sends:
            desk.screen.decide_to_send(yes=sends_confirmed)
        async with desk.audit() as audit, audit.act("dlq redrive", reason=reason, owner=tenant) as act:
            driven = await redrive_letters(desk, chosen, dry_run=False, sends=with_sends, rate=rate or None, act=act)
        tell(desk, driven, dry_run=False)
        desk.screen.document(_told(driven, dry_run=False))

    run(work, as_json=as_json)


@app.command(epilog="Example: chertctl dlq discard message.received.timeline.dlq:3:17 --reason 'a test of ours'")
def discard(
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit.")],
    places: Places = None,
    topic: Topic = None,
    group: Group = None,
    tenant: Tenant = None,
    because: Because = None,
    limit: Limit = CAP,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Say that letters need nothing more; they leave the list, and Kafka forgets them by their age."""

    async def work(desk: Desk) -> None:
        chosen = await _chosen(desk, places or [], Choice(topic, group, tenant, because), limit)
        outcomes = [(letter, "discarded", None) for letter in chosen]
        tell(desk, outcomes, dry_run=True)
        if not chosen or not desk.screen.decide(f"Discard {len(chosen)} letters?", dry_run=dry_run, yes=yes):
            desk.screen.document(_told(outcomes, dry_run=True))
            return
        async with desk.audit() as audit, audit.act("dlq discard", reason=reason, owner=tenant) as act:
            act.places += [_place(letter, "discarded") for letter in chosen]
            act.result["discarded"] += len(chosen)
        desk.screen.document(_told(outcomes, dry_run=False))

    run(work, as_json=as_json)


async def _found(desk: Desk, choice: Choice) -> list[Letter]:
    async with reading.connected(desk.settings.need("kafka_bootstrap")) as topics:
        return await letters(topics, choice, desk.screen)


async def _chosen(desk: Desk, places: Sequence[str], choice: Choice, limit: int) -> list[Letter]:
    """Those at these places, or the oldest that are meant."""
    if not places and not choice.narrow:
        raise WrongCallError("That is every dead letter there is; name places, or choose by options.")
    async with reading.connected(desk.settings.need("kafka_bootstrap")) as topics:
        if places:
            return [await _open_letter(topics, Place.parse(text)) for text in dict.fromkeys(places)]
        return (await letters(topics, choice, desk.screen))[:limit]


async def _open_letter(topics: Topics, place: Place) -> Letter:
    letter = await letter_at(topics, place)
    if not letter.group:
        raise WrongCallError(f"{place.topic} is no dead-letter topic.")
    if letter.state != "open":
        raise WrongCallError(f"{place} was {letter.state} before; `chertctl dlq show` says by whom.")
    return letter


Outcomes = Sequence[tuple[Letter, str, str | None]]
"""Letters, what became of them, and why."""


def tell(desk: Desk, outcomes: Outcomes, *, dry_run: bool) -> None:
    """Show what became of letters, or what would."""
    columns = ("place", "tenant", "would be" if dry_run else "outcome", "why")
    rows = [(letter.record.place, letter.tenant, outcome, why) for letter, outcome, why in outcomes]
    desk.screen.table(columns, rows)
    if not outcomes:
        desk.screen.say("No letter is like that.")


def _told(outcomes: Outcomes, *, dry_run: bool) -> dict[str, object]:
    listed = [
        {"place": str(letter.record.place), "outcome": outcome, "reason": why} for letter, outcome, why in outcomes
    ]
    return {"dry_run": dry_run, "letters": listed}


def _place(letter: Letter, outcome: str) -> RecordPlace:
    place = letter.record.place
    return RecordPlace(topic=place.topic, partition=place.partition, offset=place.offset, outcome=outcome)
