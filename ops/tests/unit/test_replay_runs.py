"""Replays that are taken up again or given up: one process at a time, and each end is told."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from ops.tests.unit._played import NOW, AdvancingClock, PlayedDesk, played_desk
from tests.e2e._golden import same_as_golden

from chertctl.outcomes import AwayError, OperatorError, WrongCallError
from chertctl.replay import go_on
from chertctl.replay_jobs import JobFile, LogJob
from chertctl.replay_runs import give_up, go, through_log
from contracts.replays import LogReplayAnswer

PATH = "/ops/replay/event-log"


@pytest.fixture
def desk() -> PlayedDesk:
    """A desk whose timeline has two pages of an event log left."""
    desk = played_desk()
    more = LogReplayAnswer(written=2, already=1, next_cursor="c2", reached=NOW)
    desk.services.will("timeline", PATH, more, LogReplayAnswer(already=3))
    return desk


@pytest.fixture
def file(tmp_path: Path) -> JobFile:
    """A job that was cut off after its first page."""
    file = JobFile(tmp_path / "job.json")
    file.write(job())
    return file


def job(since: datetime = NOW) -> LogJob:
    """What a replay had done when it was cut off."""
    identity = "5b1c7c0e-0f0e-4a53-9a25-6f1f6a1e2b3c"
    return LogJob(id=identity, chert_tenant="acme", since=since, cursor="c1", result={"written": 4})


async def test_a_replay_goes_on_where_it_was(
    desk: PlayedDesk, file: JobFile, capsys: pytest.CaptureFixture[str]
) -> None:
    """Resumed, it asks for what is left alone, counts on, and is told of as the same act."""
    await go_on(desk, file)

    same_as_golden("replay-resume", json.loads(capsys.readouterr().out))
    assert ["c1", "c2"] == [body["cursor"] for _, _, body in desk.services.asked]
    assert [("replay", "went_on"), ("replay", "done")] == desk.told()
    assert {job().id} == {event.data.action_id for event in desk.journal.events}


async def test_a_replay_that_is_given_up_is_over(
    desk: PlayedDesk, file: JobFile, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was done stays, nobody can go on with it, and the audit says how far it came."""
    await give_up(desk, file, "wrong range", dry_run=False, yes=True)

    same_as_golden("replay-cancel", json.loads(capsys.readouterr().out))
    assert {"written": 4} == desk.journal.events[-1].data.result
    with pytest.raises(WrongCallError):
        await go_on(desk, file)
    with pytest.raises(WrongCallError):
        await give_up(desk, file, None, dry_run=False, yes=True)
    assert [] == desk.services.asked


async def test_a_dry_run_gives_nothing_up(desk: PlayedDesk, file: JobFile) -> None:
    """It only shows the job, which can still be resumed."""
    await give_up(desk, file, None, dry_run=True, yes=False)
    await go_on(desk, file)

    assert isinstance(found := file.read(), LogJob)
    assert (True, False) == (found.done, found.cancelled)


async def test_one_process_works_on_a_job(desk: PlayedDesk, file: JobFile) -> None:
    """A second operator is refused while the first is at work, before anything is asked of a service."""
    with file.held(), pytest.raises(OperatorError, match="Another process"):
        await go_on(desk, file)

    assert [] == desk.services.asked


class ElsewhereClock(AdvancingClock):
    """A clock whose sleepers wait until something has ended."""

    def __init__(self, begin: asyncio.Event, ended: "asyncio.Task[None]") -> None:
        super().__init__()
        self._begin, self._ended = begin, ended

    async def sleep(self, seconds: float) -> None:
        """Let it begin, and wait for its end."""
        self._begin.set()
        await asyncio.wait([self._ended])
        await super().sleep(seconds)


async def test_a_replay_at_work_stops_when_it_is_given_up(desk: PlayedDesk, file: JobFile) -> None:
    """It ends after the page that it is at, and the one who gave it up learns how far it came."""
    at_work, held, begin = job(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        held.set()
        await begin.wait()
        await through_log(desk, at_work, file)

    replaying = asyncio.create_task(go(desk, at_work, file, work, went_on=True))
    await held.wait()
    other = replace(desk, clock=ElsewhereClock(begin, replaying))
    await give_up(other, file, None, dry_run=False, yes=True)

    with pytest.raises(OperatorError, match="given up"):
        await replaying
    assert isinstance(found := file.read(), LogJob)
    assert (True, {"written": 6, "already": 1}) == (found.cancelled, found.result)
    assert ("replay", "cancelled") in desk.told()


async def test_a_replay_that_fails_can_be_resumed(desk: PlayedDesk, file: JobFile) -> None:
    """What stops it is told as a failure, and its file keeps what was done before."""
    away = played_desk()
    away.services.will("timeline", PATH, LogReplayAnswer(written=1, next_cursor="c2"), AwayError("away"))

    with pytest.raises(AwayError):
        await go_on(away, file)
    await go_on(desk, file)

    assert ("replay", "failed") == away.told()[-1]
    assert {"written": 7, "already": 4} == file.read().result
