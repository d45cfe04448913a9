"""Who replays the same records now."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chertctl.audit_trail import others_at_work, words_on
from chertctl.outcomes import WrongCallError
from chertctl.reading import Lying, Place, Ranges
from chertctl.replay_jobs import Job, Selection
from contracts.audits import OpsAudited
from contracts.envelope import Event
from contracts.topics import OPS_AUDITED

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEGAN = OpsAudited(
    operator="bob",
    action_id="r1",
    verb="replay",
    stage="began",
    arguments={"topic": "message.received", "group": "timeline"},
    at=NOW - timedelta(minutes=1),
)


@dataclass
class PlayedTopics:
    """The topic `ops.audited`; none if there is nothing to read."""

    told: list[OpsAudited] | None = field(default_factory=list)

    async def between(self, topic: str, since: datetime | None, until: datetime | None) -> Ranges:
        """Everything of the last day."""
        assert (OPS_AUDITED.name, NOW - timedelta(hours=24), None) == (topic, since, until)
        if self.told is None:
            raise WrongCallError("There is no topic ops.audited.")
        return {0: (0, len(self.told))}

    async def read(self, topic: str, ranges: Ranges) -> AsyncIterator[list[Lying]]:
        """One poll, and something in it that nobody can read."""
        events = [Event(OPS_AUDITED, f"a{at}", "/chertctl", told.at, told) for at, told in enumerate(self.told or ())]
        yield [
            Lying(Place(topic, 0, 0), 0, b"?", b"no event", ()),
            *(Lying(Place(topic, 0, 0), 0, one.key(), one.value(), one.headers()) for one in events),
        ]


async def found(told: list[OpsAudited] | None, tenant: str | None = None) -> list[str]:
    """Who is at work, when somebody replays as well."""
    topics: Any = PlayedTopics(told)
    job = Job(id="r2", group="timeline", topic="message.received", selection=Selection(tenant=tenant))
    return [one.operator for one in await others_at_work(topics, job, NOW)]


async def test_a_replay_without_an_end_is_told() -> None:
    """Whoever replays the same learns who does so since when, and that nothing is done twice."""
    assert ["bob"] == await found([BEGAN])
    assert ["bob"] == await found([BEGAN, BEGAN.model_copy(update={"stage": "went_on"})])
    assert "bob is at work on message.received for timeline, or was cut off: replay r1, 2026-11-22 11:59:00" in (
        words_on(BEGAN)
    )


@pytest.mark.parametrize("stage", ["done", "failed", "cancelled"])
async def test_one_that_ended_is_not(stage: str) -> None:
    """However it ended."""
    assert [] == await found([BEGAN, BEGAN.model_copy(update={"stage": stage})])


async def test_other_work_is_not() -> None:
    """Another topic, another group, another verb, another tenant; and where nobody was audited there is nobody."""
    elsewhere = [
        BEGAN.model_copy(update={"arguments": {"topic": "message.sent", "group": "timeline"}}),
        BEGAN.model_copy(update={"arguments": {"topic": "message.received", "group": "actions"}, "action_id": "r3"}),
        BEGAN.model_copy(update={"verb": "dlq redrive", "action_id": "r4"}),
        BEGAN.model_copy(update={"owner": "globex", "action_id": "r5"}),
    ]
    assert [] == await found(elsewhere, "acme")
    assert [] == await found(None)


async def test_a_tenant_is_part_of_everybody() -> None:
    """One who replays a tenant meets one who replays everything, and one who replays the same tenant."""
    of_acme = BEGAN.model_copy(update={"owner": "acme"})
    assert ["bob"] == await found([BEGAN], "acme")
    assert ["bob"] == await found([of_acme])
    assert ["bob"] == await found([of_acme], "acme")
