"""Timeline killed (-9) again and again, at random and at every named point, while HubSpot is as unkind as it can be.

Two processes share the lanes. HubSpot answers creates with 502 or 504, hangs or breaks off, and carries them out up to
a minute later or never; it rewrites bodies, its reads lag, some contacts have 300 messages. Leads say the same thing
twice within a second. HubSpot's ledger is the judge.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Final

from _ambiguous_writes import CREATES, Looks, unknown_ends
from aiokafka import AIOKafkaProducer
from pydantic import JsonValue
from rich.console import Console

from harness.errors import StartFailedError
from harness.leads import Lead, Leads
from harness.own_systems import own_system
from harness.progress import Progress
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import eventually, pace

SEED: Final = 7_001
REPLIES: Final = {Scale.QUICK: 10_000, Scale.FULL: 100_000}
ACCOUNTS: Final = 200
LEADS: Final = 20
KILLS: Final = 50
POINTS: Final = (
    "after_inbox_insert_before_commit",
    "after_entries_before_list",
    "after_list_before_commit",
    "after_intent_before_write",
    "after_write_before_record",
    "after_own_before_record",
    "after_record",
    "after_look_before_finding",
)
EACH_POINT: Final = 3
"""How many of the kills are at each named point; the rest is at random."""
SPEED: Final = 5.0
"""How fast the wall clock runs, so that waiting out a late commit takes 15 s; leases and calls stay real."""
OLD_TIMELINES: Final = 40
"""How many contacts have 300 messages on their timelines, which takes several pages to read."""
LOOKS: Final = 2
"""The most looks that one unknown end may cost: one when nothing can appear any more, one if a process died in it."""
UNKIND: Final = 0.05
"""How often one more create ends badly while a process is to die in a look, which nothing else leads to."""
TOLD: Final = 5
"""Of how many contacts beyond that the story is told."""
DIES_SECONDS: Final = 60.0
DRAIN_SECONDS: Final = 600.0
LATE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 2.0
FAULTS: Final[tuple[dict[str, JsonValue], ...]] = (
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 504},
    {"kind": "drop"},
    {"kind": "hang"},
)
console = Console()


def main(scale: Scale) -> Report:
    """Kill, and judge."""
    report = Report("timeline_kill", scale, seed=SEED)
    with own_system("timeline_kill", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, REPLIES[scale]))
    return report


async def _measure(system: System, report: Report, replies: int) -> None:
    bootstrap = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        for lead in leads.leads[:OLD_TIMELINES]:
            await leads.hubspot.add_history(lead.portal_id, lead.contact_id, 300)
        await leads.hubspot.switch(rewrite_bodies=True, association_lag_seconds=2.0)
        await system.move_clock(speed=SPEED)
        storm = Storm(system, leads)
        await storm.rage(replies)
        await storm.look_until(leads.all_written(seconds=DRAIN_SECONDS))
        await pace(LATE_SECONDS / SPEED)  # what was ordered to happen late has happened
        verdict = await leads.judge()
        await storm.look()
        unknown = await unknown_ends(system.addresses.mongo_url)
        await leads.hubspot.close()
    report.add("F1.events", verdict.said, "replies", f">= {replies}")
    report.add("F1.effects", verdict.written, "replies on timelines", f">= {replies}")
    report.add("F1.lost", len(verdict.lost), "replies", "== 0")
    report.add("F1.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("F1.disordered", len(verdict.disordered), "conversations", "== 0")
    report.add("F1.kills", storm.kills, "kills", f">= {KILLS}")
    report.add("F1.points_hit", len(storm.hit), "named points", f"== {len(POINTS)}")
    report.add("F1.points", len(POINTS), "named points")
    for point in POINTS:
        report.add(f"F1.at.{point}", storm.hit[point], "kills", ">= 1")
    report.add("F2.events", storm.faults, "unkind answers", f">= {KILLS}")
    report.add("F2.unseen", storm.looks.unseen, "calls that HubSpot had forgotten when they were asked for", "== 0")
    report.add("F2.creates", storm.looks.creates, "calls that write")
    report.add("F2.unknown_ends", unknown.total(), "writes whose end nobody learned", f">= {KILLS}")
    report.add("F2.read_calls", storm.looks.calls, "calls that look for replies, all together")
    report.add("F2.further_pages", storm.looks.pages.total(), "of associations, for contacts with more than 100")
    worst = storm.looks.worst(unknown)
    report.add(
        "F2.extra_reads_max", worst[0][0] if worst else 0.0, "looks for each write with an unknown end", f"<= {LOOKS}"
    )
    for ratio, contact_id in worst[:TOLD]:
        if ratio > LOOKS:
            story = "; ".join(storm.looks.stories[contact_id])
            console.print(f"contact {contact_id}, {unknown[contact_id]} unknown ends: {story}", highlight=False)


class Storm:
    """Kills, faults and replies, all at once."""

    def __init__(self, system: System, leads: Leads) -> None:
        self._system, self._leads, self._random = system, leads, leads.random
        self._replicas = ["timeline"]
        named = [point for point in POINTS for _ in range(EACH_POINT)]
        self._plan: list[str | None] = [*named, *[None] * (KILLS - len(named))]
        self._random.shuffle(self._plan)
        self.kills, self.faults = 0, 0
        self.hit: Counter[str] = Counter()
        self.looks = Looks()

    async def rage(self, replies: int) -> None:
        """Kill by the plan, each time while some of the replies are under way."""
        self.looks.last = await self._leads.hubspot.last_request()
        self._replicas.append(await asyncio.to_thread(self._system.start_copy, "timeline"))
        for number, name in enumerate(self._replicas):
            await asyncio.to_thread(self._system.stop, name)
            await self._start(name, number)
        progress = Progress(console, "kills", KILLS)
        for number in range(KILLS):
            await self._kill(number, replies // KILLS)
            await self.look()
            progress.at(number + 1)
            if number % 10 == 9:
                console.print(f"{number + 1} kills, {len(self._leads.said)} replies, {dict(self.hit)}", highlight=False)

    async def look(self) -> None:
        """Take in what HubSpot was asked since the last time."""
        self.looks.take(await self._leads.hubspot.requests(since=self.looks.last))

    async def look_until(self, waiting: Coroutine[None, None, None]) -> None:
        """Look now and then while waiting for something: HubSpot keeps its last requests alone."""
        task = asyncio.create_task(waiting)
        while not task.done():
            await self.look()
            await asyncio.wait({task}, timeout=LOOK_SECONDS)
        await task

    async def _kill(self, number: int, replies: int) -> None:
        victim, point = self._replicas[number % 2], self._plan[number]
        await self._misbehave()
        await self._say(replies // 2)
        if point is None:
            await pace(self._random.uniform(0.0, 1.0))
            await self._say(replies - replies // 2)
            await asyncio.to_thread(self._system.kill, victim)
        else:
            await self._say(replies - replies // 2)
            await eventually(lambda: self._died(victim, point), what=f"{victim} to die {point}", seconds=DIES_SECONDS)
            self.hit[point] += 1
        self.kills += 1
        await self._start(victim, number + len(self._replicas))

    async def _died(self, name: str, point: str) -> bool:
        """Whether it is dead; while it lives a lead here and there writes, so that it has something to die at."""
        if name not in self._system.processes or not self._system.processes[name].running:
            return True
        if point == POINTS[-1] and self._random.random() < UNKIND:
            await self._misbehave()
        await self._say(1)
        await pace(0.1)
        return False

    async def _start(self, name: str, number: int) -> None:
        point = self._plan[number] if number < len(self._plan) else None
        order = {} if point is None else {"TIMELINE_FAULT_POINT": f"{point}:{number}"}
        self._system.set_environment(name, **order)
        try:
            await asyncio.to_thread(self._system.start, name)
        except StartFailedError:  # what is left from before brought it to its point before it was ready
            if point is None:
                raise

    async def _say(self, count: int) -> None:
        """Some leads write, a few of them the same twice."""
        chosen: list[Lead] = []
        while len(chosen) < count:
            lead = self._random.choice(self._leads.leads)
            chosen += [lead] * (2 if self._random.random() < 0.05 and len(chosen) + 2 <= count else 1)
        await self._leads.say(chosen)

    async def _misbehave(self) -> None:
        """Let one of the next creates end badly: it never happens, or happens up to a minute later."""
        path = self._random.choice([f"{CREATES}/batch/create", f"{CREATES}/batch/create", CREATES])
        happens = self._random.random() < 0.8
        late = self._random.uniform(0, LATE_SECONDS) if happens else 0.0
        order = {**self._random.choice(FAULTS), "after_write": happens, "late_seconds": late}
        await self._leads.hubspot.fault(method="POST", path_prefix=path, exact=True, **order)
        self.faults += 1
