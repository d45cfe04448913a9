"""Working through Chert's own event log, a page at a time; the timeline reads it, for it alone may."""

from collections.abc import Callable

from chertctl.replay_jobs import LogJob
from chertctl.replaying import said
from chertctl.verbs import Desk
from contracts.replays import LogReplay, LogReplayAnswer


async def work_through_log(desk: Desk, job: LogJob, *, dry_run: bool, remember: Callable[[LogJob], None]) -> None:
    """Work through what is left of a job; `remember` is called after each page.

    Raises:
        AwayError: the timeline, or Chert behind it, does not answer.
        RefusedError: the timeline refuses.
    """
    pages = 0
    with desk.screen.progress("event log") as counter:
        while not job.done:
            question = LogReplay(chert_tenant=job.chert_tenant, since=job.since, cursor=job.cursor, dry_run=dry_run)
            answer = await desk.services.call("timeline", "POST", "/ops/replay/event-log", LogReplayAnswer, question)
            _count(job, answer)
            job.cursor, job.done = answer.next_cursor, answer.next_cursor is None
            remember(job)
            pages += 1
            counter.reach(pages)


def _count(job: LogJob, answer: LogReplayAnswer) -> None:
    told = {"written": answer.written, "already": answer.already}
    for trouble in answer.troubles:
        told[said(trouble)] = told.get(said(trouble), 0) + 1
    for outcome, number in told.items():
        if number:
            job.result[outcome] = job.result.get(outcome, 0) + number
