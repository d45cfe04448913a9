"""The audit, read: what operators did, and which replay of the same records is still going on."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from chertctl.outcomes import WrongCallError
from chertctl.reading import Ranges, Topics
from chertctl.replay_jobs import Job
from contracts.audits import OpsAudited
from contracts.envelope import ContractError, NewerVersionError, decode
from contracts.topics import OPS_AUDITED

LOOK_BACK: Final = timedelta(hours=24)
"""A replay that told no end for longer was cut off, and nobody went on with it."""

_GOING_ON: Final = {"began", "went_on"}


async def read_audits(topics: Topics, ranges: Ranges) -> AsyncIterator[OpsAudited]:
    """What these ranges of `ops.audited` tell, each partition in order, but for what this release cannot read.

    Raises:
        AwayError: the broker stopped answering.
    """
    async for records in topics.read(OPS_AUDITED.name, ranges):
        for record in records:
            try:
                headers = [(name, value or b"") for name, value in record.headers]
                yield decode(OPS_AUDITED, headers, record.value or b"").data
            except (ContractError, NewerVersionError):
                continue


async def others_at_work(topics: Topics, job: Job, now: datetime) -> Sequence[OpsAudited]:
    """The last word on each replay of the same group, topic and tenant that has told no end, the oldest first.

    Raises:
        AwayError: the broker stopped answering.
    """
    try:
        ranges = await topics.between(OPS_AUDITED.name, now - LOOK_BACK, None)
    except WrongCallError:  # without the topic nobody acts
        return ()
    last = {told.action_id: told async for told in read_audits(topics, ranges)}
    return sorted((told for told in last.values() if _meets(told, job)), key=lambda told: told.at)


def words_on(other: OpsAudited) -> str:
    """What an operator is told of another's replay."""
    return (
        f"{other.operator} is at work on {other.arguments['topic']} for {other.arguments['group']}, or was cut off: "
        f"replay {other.action_id}, {other.at:%Y-%m-%d %H:%M:%S} UTC. What both ask for is written once."
    )


def _meets(told: OpsAudited, job: Job) -> bool:
    """Whether a replay is going on that may be about records of this one."""
    tenants = {told.owner, job.selection.tenant}
    same = (told.arguments.get("topic"), told.arguments.get("group")) == (job.topic, job.group)
    return told.verb == "replay" and told.stage in _GOING_ON and same and (None in tenants or len(tenants) == 1)
