"""What is refused before a replay begins: ranges of which nobody knows any more, and sends asked for once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ops.tests.unit._played import PlayedDesk, played_desk
from typer.testing import CliRunner

from chertctl.outcomes import OperatorError
from chertctl.reading import Lying, Place, Ranges
from chertctl.replay import NOTHING_KEPT, TOO_OLD, count_and_work
from chertctl.replay_jobs import Job, JobFile
from contracts.replays import ReplayAnswer, ReplayTrouble

TOPIC = "message.received"
PATH = "/ops/replay"


@dataclass(frozen=True)
class PlayedTopics:
    """A topic of some records, and an audit of nothing."""

    records: int = 3

    async def between(self, topic: str, since: datetime | None, until: datetime | None) -> Ranges:
        """Of the audit: nobody did anything."""
        return {}

    async def read(self, topic: str, ranges: Ranges) -> AsyncIterator[list[Lying]]:
        """Every record in one poll."""
        if topic == TOPIC and ranges:
            yield [Lying(Place(TOPIC, 0, offset), 0, b"acme:chat", b"{}", ()) for offset in range(self.records)]


@pytest.fixture
def file(tmp_path: Path) -> JobFile:
    """Where a job would be kept."""
    return JobFile(tmp_path / "job.json")


def answering(*troubles: str, group: str = "timeline") -> PlayedDesk:
    """A desk whose service would write two records, and leave out the last for such reasons."""
    desk = played_desk()
    left_out = tuple(
        ReplayTrouble(index=2, outcome="skipped", reason=one.removeprefix("skipped: ")) for one in troubles
    )
    desk.services.will(group, PATH, ReplayAnswer(written=2, troubles=left_out))
    return desk


async def replay(
    desk: PlayedDesk, file: JobFile, *, records: int = 3, sends_confirmed: bool = False, **of: Any
) -> None:
    """Do it, as a script does, with nobody there to answer."""
    topics: Any = PlayedTopics(records)
    job = Job(
        id="r1", group=of.pop("group", "timeline"), topic=TOPIC, ranges={0: (0, records)} if records else {}, **of
    )
    with CliRunner().isolation(input=""):
        await count_and_work(desk, topics, job, file, dry_run=False, yes=True, sends_confirmed=sends_confirmed)


@pytest.mark.parametrize(
    ("reason", "words"), [(TOO_OLD, "Take a later --since"), (NOTHING_KEPT, "keeps no key at all")]
)
async def test_what_nobody_can_know_any_more_is_refused_whole(file: JobFile, reason: str, words: str) -> None:
    """One record of which it cannot be told whether it was written stops all, before anything is done or audited."""
    desk = answering(reason)

    with pytest.raises(OperatorError, match=words):
        await replay(desk, file)

    assert [True] == [body["dry_run"] for _, _, body in desk.services.asked]
    assert ([], False) == (desk.told(), file.path.exists())


async def test_sends_need_a_second_yes(file: JobFile) -> None:
    """With `--yes` alone a replay that may send does nothing but count."""
    desk = answering(group="actions")

    with pytest.raises(OperatorError, match="nothing was changed"):
        await replay(desk, file, group="actions", sends=True)

    assert [True] == [body["dry_run"] for _, _, body in desk.services.asked]
    assert ([], False) == (desk.told(), file.path.exists())


async def test_sends_that_were_asked_for_twice_are_made(file: JobFile) -> None:
    """Both yeses said, the service is told that it may send."""
    desk = answering(group="actions")

    await replay(desk, file, group="actions", sends=True, sends_confirmed=True)

    assert (True, False) == (desk.services.asked[-1][2]["sends"], desk.services.asked[-1][2]["dry_run"])
    assert [("replay", "began"), ("replay", "done")] == desk.told()


async def test_without_the_word_nothing_may_be_sent(file: JobFile) -> None:
    """A replay that was not asked to send tells the service so, with every batch."""
    desk = answering(group="actions")

    await replay(desk, file, group="actions", sends_confirmed=True)

    assert {False} == {body["sends"] for _, _, body in desk.services.asked}


async def test_a_range_without_records_asks_no_service(file: JobFile) -> None:
    """What matches nothing ends well, and there was nothing to do."""
    desk = answering()

    await replay(desk, file, records=0)

    assert [] == desk.services.asked
