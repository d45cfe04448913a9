"""What became of a reply: kept in its document, told to the world, and one canonical line about it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.tracing import current_trace_id, current_traceparent, mark
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
    """The reply is to be looked at again; `trouble` says in what way the account did not answer as it should."""

    until: datetime
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a reply came to lie."""

    entry: Entry
    contact_id: str
    communication_id: str


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
        self._took = metrics.observer("reply_seconds")

    async def recorded(self, targets: Sequence[Target]) -> Step:
        """They are on their timelines."""
        return await self._on_timeline(targets, adopted=False)

    async def adopted(self, targets: Sequence[Target]) -> Step:
        """They were found on their timelines, after writes whose end was not known."""
        return await self._on_timeline(targets, adopted=True)

    async def _on_timeline(self, targets: Sequence[Target], *, adopted: bool) -> Step:
        now = self._clock.now()
        await self._entries.settle({target.entry.id: _recorded(target, now, adopted=adopted) for target in targets})
        outcome = "adopted" if adopted else "recorded"
        self._count(outcome, [target.entry for target in targets])
        for target in targets:
            if target.entry.sent_to is None:
                self._took((now - target.entry.message.received_at).total_seconds())
            mark(
                target.entry.traceparent,
                "reply on the timeline",
                message_id=target.entry.message.message_id,
                communication_id=target.communication_id,
            )
            self._say(outcome, target.entry, contact_id=target.contact_id, communication_id=target.communication_id)
        return Settled()

    async def unmatched(self, entry: Entry) -> Step:
        """No contact has this number; it waits for one."""
        await self._entries.settle({entry.id: Settlement("unmatched", self._clock.now(), reason="no contact")})
        self._tell("unmatched", entry)
        return Settled()

    async def superseded(self, entry: Entry) -> Step:
        """The account is bound to another project by now (`architecture.md`, rule 4)."""
        await self._entries.settle({entry.id: Settlement("superseded", self._clock.now(), reason="project changed")})
        self._tell("superseded", entry)
        return Settled()

    async def failed(self, entry: Entry, error: ReplyError, contact_id: str | None) -> Step:
        """HubSpot refused it for good; its words are kept for whoever looks."""
        settlement = Settlement(
            "failed", self._clock.now(), contact_id=contact_id, reason=error.reason, words=error.words
        )
        await self._entries.settle({entry.id: settlement})
        self._tell("failed", entry, reason=error.reason)
        return Settled()

    async def wait(self, entries: Sequence[Entry], until: datetime, reason: str) -> None:
        """Leave them alone until then, whatever becomes of this process; their lines are not written yet."""
        await self._entries.postpone([entry.id for entry in entries], until, reason)

    def waiting(self, entry: Entry, until: datetime, reason: str) -> Step:
        """It waits, as was noted down."""
        self._tell("postponed", entry, reason=reason, until=until.isoformat())
        return Postponed(until)

    async def postponed(self, entry: Entry, until: datetime, reason: str, *, trouble: bool = False) -> Step:
        """Later."""
        await self._entries.postpone([entry.id], until, reason)
        self._tell("postponed", entry, reason=reason, until=until.isoformat())
        return Postponed(until, reason if trouble else None)

    def _tell(self, outcome: str, entry: Entry, **more: object) -> None:
        self._count(outcome, [entry])
        self._say(outcome, entry, **more)

    def _count(self, outcome: str, entries: Sequence[Entry]) -> None:
        for sent, number in Counter(entry.sent_to is not None for entry in entries).items():
            self._metrics.count("replies", number, outcome=f"sent_{outcome}" if sent else outcome)

    def _say(self, outcome: str, entry: Entry, **more: object) -> None:
        age = self._clock.now() - entry.message.received_at
        LOG.info(
            _LINES[outcome],
            outcome=outcome,
            sent=entry.sent_to is not None,
            portal_id=entry.portal_id,
            chert_tenant=entry.message.chert_tenant,
            chat_id=entry.message.chat_id,
            message_id=entry.message.message_id,
            attempts=entry.attempts,
            milliseconds_since_received=round(age.total_seconds() * 1000),
            trace_id=current_trace_id() if entry.traceparent is None else entry.traceparent.split("-")[1],
            **more,
        )


def _recorded(target: Target, now: datetime, *, adopted: bool) -> Settlement:
    return Settlement(
        "recorded",
        now,
        contact_id=target.contact_id,
        communication_id=target.communication_id,
        adopted=adopted,
        events=(_reply_recorded(target, now),) if target.entry.sent_to is None else (),
    )


def _reply_recorded(target: Target, now: datetime) -> Event[ReplyRecorded]:
    entry = target.entry
    return Event(
        type=REPLY_RECORDED,
        id=f"reply.recorded:{entry.id}",
        source="/timeline",
        time=now,
        subject=target.contact_id,
        traceparent=entry.traceparent or current_traceparent(),
        data=ReplyRecorded(
            portal_id=entry.portal_id,
            chert_tenant=entry.message.chert_tenant,
            chat_id=entry.message.chat_id,
            message_id=entry.message.message_id,
            contact_id=target.contact_id,
            communication_id=target.communication_id,
            recorded_at=now,
        ),
    )
