"""What became of a reply: kept in its document, told to the world, and one canonical line about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.tracing import current_trace_id, current_traceparent
from contracts.envelope import Event
from contracts.messages import ReplyRecorded
from contracts.telemetry import LogEvent
from contracts.topics import REPLY_RECORDED
from timeline.errors import ReplyError
from timeline.models import Entry, Settlement
from timeline.ports import EntryOutcomes


@dataclass(frozen=True, slots=True)
class Settled:
    """The reply is done with, as far as its lane goes."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """The reply is to be looked at again; `trouble` says that the account did not answer as it should."""

    until: datetime
    trouble: bool = False


Step = Settled | Postponed
"""What a lane does with a reply after it was worked on."""

LOG = get_log()

_LINES: Final[dict[str, LogEvent]] = {
    "recorded": "reply.recorded",
    "adopted": "reply.adopted",
    "unmatched": "reply.unmatched",
    "failed": "reply.failed",
    "superseded": "reply.superseded",
    "postponed": "reply.postponed",
}


class Outcomes:
    """Settles entries."""

    def __init__(self, *, entries: EntryOutcomes, clock: Clock, metrics: Metrics) -> None:
        self._entries, self._clock, self._metrics = entries, clock, metrics

    async def recorded(self, entry: Entry, contact_id: str, communication_id: str, *, adopted: bool) -> Step:
        """It is on the timeline."""
        now = self._clock.now()
        settlement = Settlement(
            "recorded",
            now,
            contact_id=contact_id,
            communication_id=communication_id,
            adopted=adopted,
            events=(_reply_recorded(entry, contact_id, communication_id, now),),
        )
        await self._entries.settle(entry.id, settlement)
        outcome = "adopted" if adopted else "recorded"
        self._tell(outcome, entry, contact_id=contact_id, communication_id=communication_id)
        return Settled()

    async def unmatched(self, entry: Entry) -> Step:
        """No contact has this number; it waits for one."""
        await self._entries.settle(entry.id, Settlement("unmatched", self._clock.now(), reason="no contact"))
        self._tell("unmatched", entry)
        return Settled()

    async def superseded(self, entry: Entry) -> Step:
        """The account is bound to another project by now (`architecture.md`, rule 4)."""
        await self._entries.settle(entry.id, Settlement("superseded", self._clock.now(), reason="project changed"))
        self._tell("superseded", entry)
        return Settled()

    async def failed(self, entry: Entry, error: ReplyError) -> Step:
        """HubSpot refused it for good; its words are kept for whoever looks."""
        await self._entries.settle(
            entry.id, Settlement("failed", self._clock.now(), reason=error.reason, words=error.words)
        )
        self._tell("failed", entry, reason=error.reason)
        return Settled()

    async def postponed(self, entry: Entry, until: datetime, reason: str, *, trouble: bool = False) -> Step:
        """Later."""
        await self._entries.postpone(entry.id, until, reason)
        self._tell("postponed", entry, reason=reason, until=until.isoformat())
        return Postponed(until, trouble)

    def _tell(self, outcome: str, entry: Entry, **more: object) -> None:
        self._metrics.count("replies", outcome=outcome)
        age = self._clock.now() - entry.message.received_at
        LOG.info(
            _LINES[outcome],
            outcome=outcome,
            portal_id=entry.portal_id,
            chert_tenant=entry.message.chert_tenant,
            chat_id=entry.message.chat_id,
            message_id=entry.message.message_id,
            attempts=entry.attempts,
            milliseconds_since_received=round(age.total_seconds() * 1000),
            trace_id=current_trace_id(),
            **more,
        )


def _reply_recorded(entry: Entry, contact_id: str, communication_id: str, now: datetime) -> Event[ReplyRecorded]:
    return Event(
        type=REPLY_RECORDED,
        id=f"reply.recorded:{entry.id}",
        source="/timeline",
        time=now,
        subject=contact_id,
        traceparent=current_traceparent(),
        data=ReplyRecorded(
            portal_id=entry.portal_id,
            chert_tenant=entry.message.chert_tenant,
            chat_id=entry.message.chat_id,
            message_id=entry.message.message_id,
            contact_id=contact_id,
            communication_id=communication_id,
            recorded_at=now,
        ),
    )
