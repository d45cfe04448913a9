"""Runs of replay jobs: under the audit, by one process at a time; however one ends, its file says how far it came."""

from collections.abc import Awaitable, Callable
from typing import Final

from chertctl.log_replay import work_through_log
from chertctl.outcomes import OperatorError
from chertctl.reading import Topics
from chertctl.replay_jobs import Job, JobFile, LogJob
from chertctl.replaying import Replayer
from chertctl.verbs import Desk

STOP_SECONDS: Final = 60.0
"""How long a replay at work may take to notice that it was given up: as long as a service may take for a batch."""

LOOK_SECONDS: Final = 0.2


class GivenUpError(OperatorError):
    """Somebody gave this replay up while it was at work."""


async def go(
    desk: Desk, job: Job | LogJob, file: JobFile, work: Callable[[], Awaitable[None]], *, went_on: bool
) -> None:
    """Do the work of a job under the audit; however it ends, the file says how far it came.

    Raises:
        GivenUpError: somebody gave it up meanwhile.
        OperatorError: another process is at work on it, or it cannot go on.
    """
    with file.held():
        file.begin(job)
        await _audited(desk, job, file, work, went_on=went_on)
    show(desk, job.result, "were", job.id, final=True)


async def _audited(
    desk: Desk, job: Job | LogJob, file: JobFile, work: Callable[[], Awaitable[None]], *, went_on: bool
) -> None:
    async with (
        desk.audit() as audit,
        audit.act(
            "replay",
            reason=job.reason,
            owner=job.chert_tenant if isinstance(job, LogJob) else job.selection.tenant,
            arguments=_arguments(job),
            action_id=job.id,
            going_on=went_on,
        ) as act,
    ):
        try:
            await work()
        except GivenUpError:
            act.cancelled = True
            raise
        finally:
            act.result.update(job.result)
            if not (job.done or act.cancelled):
                desk.screen.warn(f"Not finished; what was done is done. Go on with: chertctl replay resume {file.path}")


async def through_topic(desk: Desk, topics: Topics, job: Job, file: JobFile) -> None:
    """Work through what is left of a topic's job."""
    total = job.left
    with desk.screen.progress("replay", total) as counter:

        def remember(now: Job) -> None:
            _remember(now, file)
            counter.reach(total - now.left)

        await Replayer(topics, desk.services, desk.clock).work(job, dry_run=False, remember=remember)


async def through_log(desk: Desk, job: LogJob, file: JobFile) -> None:
    """Work through what is left of an event log's job."""
    await work_through_log(desk, job, dry_run=False, remember=lambda now: _remember(now, file))


def _remember(job: Job | LogJob, file: JobFile) -> None:
    file.write(job)
    if file.is_asked_to_stop and not job.done:
        raise GivenUpError("This replay was given up by `chertctl replay cancel`; what was done is done.")


def _arguments(job: Job | LogJob) -> dict[str, str]:
    if isinstance(job, LogJob):
        return {"event_log": job.chert_tenant, "since": job.since.isoformat()}
    told = {"topic": job.topic, "group": job.group, "records": str(job.left), "sends": str(job.sends).lower()}
    return told if job.selection.ids is None else {**told, "ids": str(len(job.selection.ids))}


def show(desk: Desk, result: dict[str, int], verb: str, job_id: str, *, final: bool) -> None:
    """Show what became of records, or what would."""
    rows = [(name.replace("written", f"{verb} written"), number) for name, number in sorted(result.items())]
    desk.screen.table(("outcome", "records"), rows)
    if not rows:
        desk.screen.say("No record is in that range.")
    if final:
        desk.screen.document({"job": job_id, "result": result, "dry_run": verb == "would be"})


async def give_up(desk: Desk, file: JobFile, reason: str | None, *, dry_run: bool, yes: bool) -> None:
    """Show a job, ask, and have nobody work on it any more.

    Raises:
        WrongCallError: it is over.
        OperatorError: nobody agreed, or it came to its end meanwhile, or the process at work on it did not stop.
    """
    found = file.read_open()
    so_far = ", ".join(f"{number} {outcome}" for outcome, number in sorted(found.result.items()))
    desk.screen.say(f"Replay {found.id}; so far: {so_far or 'nothing'}.")
    if desk.screen.decide("Give it up?", dry_run=dry_run, yes=yes):
        await _stopped(desk, file)
        found = file.read_open()
        async with desk.audit() as audit, audit.act("replay cancel", reason=reason, action_id=found.id) as act:
            found.cancelled = True
            file.write(found)
            act.result.update(found.result)
        desk.screen.say("Given up; what was done is done.")
    desk.screen.document(
        {"job": found.id, "result": found.result, "cancelled": found.cancelled, "dry_run": not found.cancelled}
    )


async def _stopped(desk: Desk, file: JobFile) -> None:
    """Return once no process works on the job."""
    file.ask_to_stop()
    until = desk.clock.monotonic() + STOP_SECONDS
    while file.is_held():
        if desk.clock.monotonic() > until:
            raise OperatorError(f"The process that works on it did not stop in {STOP_SECONDS:.0f} s; end it.")
        await desk.clock.sleep(LOOK_SECONDS)
