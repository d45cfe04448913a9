"""`chertctl replay`: let a consumer group work through records again, once more without doubling anything."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from chertctl import reading
from chertctl.audit_trail import others_at_work, words_on
from chertctl.log_replay import work_through_log
from chertctl.outcomes import OperatorError, WrongCallError
from chertctl.reading import Ranges, Topics
from chertctl.replay_jobs import Job, JobFile, LogJob, Selection, ids_of
from chertctl.replay_runs import give_up, go, show, through_log, through_topic
from chertctl.replaying import Replayer
from chertctl.settings import service_named
from chertctl.verbs import AsJson, Desk, DryRun, Reason, SendsConfirmed, Yes, run, verb_app

app = verb_app("Let a consumer group work through records again; what it has done before stays as it is.")

RATE: Final = 500.0
"""Records a second unless told otherwise: well below what a service takes, so that live traffic feels nothing."""

TOO_OLD: Final = "skipped: older than the oldest kept key"
NOTHING_KEPT: Final = "skipped: no key is kept at all"

Moment = Annotated[str | None, typer.Option(help="ISO 8601 with an offset, 2026-11-22T12:00:00Z.")]
Group = Annotated[str, typer.Option("--group", "-g", help="Whose work: the consumer group, which is a service.")]
Rate = Annotated[float, typer.Option("--rate", min=0, help="The most records a second, counting too; 0 without a cap.")]
JobName = Annotated[str, typer.Argument(help="The id that the replay told, or the path of its file.")]
JobPath = Annotated[Path | None, typer.Option("--job", help="Keep the job in this file instead of the usual folder.")]


@app.command(
    name="topic",
    epilog="Example: chertctl replay topic message.received --tenant acme --since 2026-11-22T06:00:00Z --dry-run",
)
def replay_topic(
    topic: Annotated[str, typer.Argument(help="Which topic.")],
    group: Group = "timeline",
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only of this account or Chert tenant.")] = None,
    since: Moment = None,
    until: Moment = None,
    offsets: Annotated[
        list[str] | None, typer.Option("--offsets", help="partition:first-last, both included; repeatable.")
    ] = None,
    id_: Annotated[list[str] | None, typer.Option("--id", help="Event id, message id or place; repeatable.")] = None,
    ids_file: Annotated[Path | None, typer.Option("--ids-file", help="Such ids, one a line.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole topic.")] = False,
    with_sends: Annotated[
        bool, typer.Option("--with-sends", help="Also what sends messages; asked once more.")
    ] = False,
    sends_confirmed: SendsConfirmed = False,
    rate: Rate = RATE,
    job_path: JobPath = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Replay records of a topic into one group's work.

    First a dry run counts what would be written, what is already, and what would be skipped and why. Nothing is
    published to the topic, so other groups notice nothing. A replay that stops is taken up again by `replay resume`.
    """

    async def work(desk: Desk) -> None:
        ids = frozenset(id_ or ()) | (ids_of(ids_file) if ids_file else frozenset())
        if not (tenant or since or until or offsets or ids or everything):
            raise WrongCallError("That is the whole topic; if you mean it, say --all.")
        job = Job(
            id=desk.randomness.uuid(),
            group=service_named(group),
            topic=topic,
            selection=Selection(tenant=tenant, ids=ids or None),
            sends=with_sends,
            reason=reason,
            rate=rate or None,
        )
        first, last, spans = _moment(since), _moment(until), [_offsets(text) for text in offsets or ()]
        async with reading.connected(desk.settings.need("kafka_bootstrap")) as topics:
            job.ranges = dict(await _ranges(topics, topic, first, last, spans))
            file = JobFile(job_path) if job_path else JobFile.of(job.id)
            await count_and_work(desk, topics, job, file, dry_run=dry_run, yes=yes, sends_confirmed=sends_confirmed)

    run(work, as_json=as_json)


@app.command(
    name="event-log", epilog="Example: chertctl replay event-log acme --since 2026-11-01T00:00:00Z --reason 'retention'"
)
def replay_event_log(
    chert_tenant: Annotated[str, typer.Argument(help="Whose log: Chert's slug of the project.")],
    since: Annotated[str, typer.Option(help="ISO 8601 with an offset.")],
    job_path: JobPath = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Replay from Chert's own event log into the timeline, for what Kafka does not keep any more."""

    async def work(desk: Desk) -> None:
        start = _moment(since)
        assert start is not None  # noqa: S101 - the option is required
        job = LogJob(id=desk.randomness.uuid(), chert_tenant=chert_tenant, since=start, reason=reason)
        counted = job.model_copy(deep=True)
        await work_through_log(desk, counted, dry_run=True, remember=lambda _: None)
        show(desk, counted.result, "would be", job.id, final=dry_run)
        _refuse_too_old(counted.result)
        if desk.screen.decide("Replay these?", dry_run=dry_run, yes=yes):
            file = JobFile(job_path) if job_path else JobFile.of(job.id)
            await go(desk, job, file, lambda: through_log(desk, job, file), went_on=False)

    run(work, as_json=as_json)


@app.command(epilog="Example: chertctl replay resume 5b1c7c0e-0f0e-4a53-9a25-6f1f6a1e2b3c")
def resume(job: JobName, as_json: AsJson = False) -> None:
    """Go on with a replay that was stopped or killed, where it was."""
    run(lambda desk: go_on(desk, JobFile.named(job)), as_json=as_json)


@app.command(epilog="Example: chertctl replay cancel 5b1c7c0e-0f0e-4a53-9a25-6f1f6a1e2b3c --reason 'wrong range'")
def cancel(
    job: JobName, dry_run: DryRun = False, yes: Yes = False, reason: Reason = None, as_json: AsJson = False
) -> None:
    """Give a replay up: one that is at work stops, and none can be resumed; what it has done stays done."""
    run(lambda desk: give_up(desk, JobFile.named(job), reason, dry_run=dry_run, yes=yes), as_json=as_json)


async def count_and_work(
    desk: Desk, topics: Topics, job: Job, file: JobFile, *, dry_run: bool, yes: bool, sends_confirmed: bool
) -> None:
    """Show what would become of a job's records, ask, and work through them.

    Raises:
        OperatorError: nobody agreed, or what a group cannot know any more is among them; nothing was changed then.
            Or it stopped on the way, and the file says how far it came.
    """
    counted = job.model_copy(deep=True)
    with desk.screen.progress("dry run", counted.left) as counter:
        total = counted.left
        await Replayer(topics, desk.services, desk.clock).work(
            counted, dry_run=True, remember=lambda now: counter.reach(total - now.left)
        )
    show(desk, counted.result, "would be", job.id, final=dry_run)
    _refuse_too_old(counted.result)
    for other in await others_at_work(topics, job, desk.clock.now()):
        desk.screen.warn(words_on(other))
    if not desk.screen.decide("Replay these?", dry_run=dry_run, yes=yes):
        return
    if job.sends:
        desk.screen.decide_to_send(yes=sends_confirmed)
    await go(desk, job, file, lambda: through_topic(desk, topics, job, file), went_on=False)


async def go_on(desk: Desk, file: JobFile) -> None:
    """Go on with the job of a file.

    Raises:
        WrongCallError: there is nothing to go on with.
        OperatorError: another process is at work on it, or it cannot go on.
    """
    found = file.read_open()
    if isinstance(found, LogJob):
        await go(desk, found, file, lambda: through_log(desk, found, file), went_on=True)
        return
    async with reading.connected(desk.settings.need("kafka_bootstrap")) as topics:
        await go(desk, found, file, lambda: through_topic(desk, topics, found, file), went_on=True)


def _refuse_too_old(result: dict[str, int]) -> None:
    """What is older than every kept key may be on a timeline already, and nobody could tell.

    Raises:
        OperatorError: some is.
    """
    if result.get(NOTHING_KEPT):
        raise OperatorError("Refused: this group keeps no key at all, so that nobody could tell what it has done.")
    if number := result.get(TOO_OLD):
        raise OperatorError(
            f"Refused: {number} records are older than the oldest kept key, so that nobody could tell whether they "
            "were written. Take a later --since."
        )


async def _ranges(
    topics: Topics, topic: str, since: datetime | None, until: datetime | None, offsets: Sequence[tuple[int, int, int]]
) -> Ranges:
    found = await topics.between(topic, since, until)
    if not offsets:
        return {number: span for number, span in found.items() if span[0] < span[1]}
    asked: dict[int, tuple[int, int]] = {}
    for partition, first, last in offsets:
        if partition not in found:
            raise WrongCallError(f"{topic} has no partition {partition}.")
        begin, end = found[partition]
        asked[partition] = (max(first, begin), min(last + 1, end))
    return {number: span for number, span in asked.items() if span[0] < span[1]}


def _offsets(text: str) -> tuple[int, int, int]:
    partition, _, span = text.partition(":")
    first, _, last = span.partition("-")
    parts = [partition, first, last or first]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise WrongCallError(f"{text!r} is no range of offsets; write partition:first-last, 3:100-200.")
    number, begin, end = (int(part) for part in parts)
    if begin > end:
        raise WrongCallError(f"{text!r} ends before it begins.")
    return number, begin, end


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongCallError(f"{text!r} is no moment; write 2026-11-22T12:00:00Z.") from None
    if moment.tzinfo is None:
        raise WrongCallError(f"{text!r} has no offset; write 2026-11-22T12:00:00Z for UTC.")
    return moment.astimezone(UTC)
