"""Sends and replies that never stop: one account, and both ledgers as the judge."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from _workflow_world import FINAL, Enrolment, World, judge

from harness.control import ChertControl, HubSpotControl
from harness.reports import Report
from harness.system import System
from harness.waiting import eventually, pace

PACE_SECONDS: Final = 0.2
"""Between two enrolments, each with an answer by an earlier contact."""
SPEED: Final = 20.0
"""How fast the wall clock runs while HubSpot's retries, a minute and more apart, are waited for."""
DRAIN_SECONDS: Final = 300.0
"""How long what was begun may take to end then."""
AWAY: Final = frozenset({502, 503, None})
"""What an attempt is answered that is to come again."""
SUCCESS: Final = range(200, 300)


@dataclass
class Load:
    """Sends and replies that never stop."""

    world: World
    chert: ChertControl
    contacts: Sequence[Enrolment]
    enrolled: list[Enrolment] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    """Texts of replies by the id of their delivery."""
    pace_seconds: float = PACE_SECONDS

    async def go_on(self) -> None:
        """Enrol one contact after the other; each answers once."""
        for contact in self.contacts:
            self.enrolled.append(contact)
            await self.world.enrol([contact])
            reply = await self.chert.reply(self.world.slug, contact.phone, f"Answer of {contact.text}.")
            self.said[reply.event_id] = reply.text
            await pace(self.pace_seconds)

    @asynccontextmanager
    async def under_way(self) -> AsyncIterator[None]:
        """Go on until the block ends."""
        working = asyncio.create_task(self.go_on())
        try:
            yield
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def drain(
        self, system: System, hubspot: HubSpotControl, *, offset_seconds: float = 0.0, speed: float = SPEED
    ) -> None:
        """Let time run fast until all that was begun is done.

        Raises:
            ConditionNotMetError: it took too long.
        """
        await system.move_clock(offset_seconds=offset_seconds, speed=speed)
        await self.done(hubspot, seconds=DRAIN_SECONDS)

    async def statuses(self) -> Counter[int | None]:
        """What every attempt of HubSpot and Chert was answered with."""
        seen = Counter(attempt.status for one in await self.world.executions() for attempt in one.attempts)
        for event_id in self.said:
            seen.update(await self.chert.deliveries(event_id))
        return seen

    async def done(self, hubspot: HubSpotControl, *, seconds: float) -> None:
        """Wait until every call has ended and every reply is on its timeline.

        Raises:
            ConditionNotMetError: it did not happen within so many seconds.
        """
        await eventually(self._settled, what="every call to end", seconds=seconds)
        await eventually(lambda: self._written(hubspot), what="every reply", seconds=seconds)

    async def judge(self, hubspot: HubSpotControl) -> "Judged":
        """Compare what was wanted with what both ledgers have."""
        lost, doubled = judge(await self.world.sent(), self.enrolled)
        bodies = Counter(text for one in await hubspot.logged() for text in self.said.values() if text in one.body)
        events = len(self.enrolled) + len(self.said)
        lost += len(self.said) - len(bodies)
        return Judged(events, events - lost, lost, doubled + sum(bodies.values()) - len(bodies))

    async def _settled(self) -> bool:
        return all(one.outcome in FINAL for one in await self.world.executions())

    async def _written(self, hubspot: HubSpotControl) -> bool:
        bodies = [one.body for one in await hubspot.logged()]
        return all(any(text in body for body in bodies) for text in self.said.values())


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of everything that was wanted."""

    events: int
    effects: int
    lost: int
    doubled: int

    def add_to(self, report: Report, row: str, at_least: int) -> None:
        """The four figures that every row has."""
        report.add(f"{row}.events", self.events, "sends and replies", f">= {at_least}")
        report.add(f"{row}.effects", self.effects, "of them done", f">= {at_least}")
        report.add(f"{row}.lost", self.lost, "", "== 0")
        report.add(f"{row}.doubled", self.doubled, "", "== 0")


def errors(statuses: Counter[int | None]) -> dict[int | None, int]:
    """The answers that neither took a call nor let it come again."""
    return {status: count for status, count in statuses.items() if status not in AWAY and status not in SUCCESS}
