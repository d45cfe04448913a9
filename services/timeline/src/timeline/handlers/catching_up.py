"""Catching up: what Chert gave up delivering is read from its event log and told as if it had been delivered.

Chert tries three times within seconds and never again (chert-contract.md, section 14.8). Its log has everything, so it
is read every minute, from a little before where the last reading ended. What the inbox does not know is published with
the same ids that a delivery would have had, so that whichever comes first counts and the other changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from chassis.clock import Clock
from chassis.kafka import EventPublisher
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.tracing import current_traceparent
from contracts.envelope import Event
from contracts.messages import MessageReceived
from contracts.topics import MESSAGE_RECEIVED
from timeline.errors import ChertAwayError
from timeline.models import Cursor
from timeline.ports import ChertLog, Cursors, KnownMessages, Projects

LOG = get_log()

EVERY: Final = timedelta(seconds=60)
"""How often a project's log is read."""

_OVERLAP: Final = timedelta(minutes=5)
"""How far back each reading begins: rows may be written late, and clocks differ."""

_FIRST: Final = timedelta(hours=1)
"""How far back the first reading of a project begins: it may have been connected while nobody here was up."""

_UNDER_WAY: Final = timedelta(seconds=30)
"""A message younger than that may still be delivered, or lie in Kafka."""

_PAGES: Final = 50
"""The most pages of one reading, 10,000 messages; the next goes on from there."""


class CatchUp:
    """Reads the logs of all connected projects; several processes share them by claims."""

    def __init__(
        self,
        *,
        log: ChertLog,
        cursors: Cursors,
        known: KnownMessages,
        projects: Projects,
        publisher: EventPublisher,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._log, self._cursors, self._known, self._projects = log, cursors, known, projects
        self._publisher, self._clock, self._metrics = publisher, clock, metrics

    async def step(self) -> bool:
        """Read what is due; one project's trouble is no other's.

        Raises:
            BrokerAwayError: nothing could be told; the log is read again from the same place.
        """
        now = self._clock.now()
        for cursor in await self._due(now):
            try:
                await self._read(cursor, now)
            except ChertAwayError as error:
                self._metrics.count("timeline_catch_up_failures")
                LOG.warning("catch_up.away", chert_tenant=cursor.chert_tenant, reason=error.reason)
        return False

    async def _due(self, now: datetime) -> Sequence[Cursor]:
        return await self._cursors.claim(await self._projects.connected(), now, now + EVERY, begin=now - _FIRST)

    async def _read(self, cursor: Cursor, now: datetime) -> None:
        since, place, found = cursor.read_until - _OVERLAP, None, 0
        for _ in range(_PAGES):
            page = await self._log.page(cursor.chert_tenant, since, place)
            found += await self._tell([one for one in page.messages if one.received_at <= now - _UNDER_WAY])
            place = page.next_cursor
            if page.last_at is not None:
                await self._cursors.advance(cursor.chert_tenant, min(page.last_at, now - _UNDER_WAY))
            if place is None:
                await self._cursors.advance(cursor.chert_tenant, now - _UNDER_WAY)
                break
        if found:
            LOG.warning("catch_up.found", chert_tenant=cursor.chert_tenant, count=found)

    async def _tell(self, messages: Sequence[MessageReceived]) -> int:
        """Publish what was never received; how many."""
        missing = await self._known.unknown(messages)
        if not missing:
            return 0
        age = self._clock.now() - min(message.received_at for message in missing)
        self._metrics.set("timeline_catch_up_gap_seconds", age.total_seconds())
        self._metrics.count("timeline_caught_up", len(missing))
        await self._publisher.publish([received_event(message) for message in missing])
        return len(missing)


def received_event(message: MessageReceived) -> Event[MessageReceived]:
    """The same event that the ingress tells of a delivery."""
    return Event(
        type=MESSAGE_RECEIVED,
        id=f"message.received:{message.chert_tenant}:{message.message_id}",
        source="/timeline",
        time=message.received_at,
        data=message,
        traceparent=current_traceparent(),
    )
