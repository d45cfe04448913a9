"""One, two and four processes of the timeline under one backlog: does twice as many do twice as much?

HubSpot takes three seconds for each call and each call writes one reply, so what limits a process is how many accounts
it serves at once. That is what more processes are for, and what a machine that also carries database, broker and
HubSpot can show: what a process and the database compute for a reply is for `replies` and `backlog` to say. Everything
is on the lanes before it is counted. At the end three of the four leave under load.
"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import httpx2
from aiokafka import AIOKafkaProducer
from rich.console import Console

from contracts.topics import MESSAGE_RECEIVED
from harness.event_log import EventLog
from harness.leads import Leads
from harness.own_systems import own_system
from harness.progress import Progress
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import pace

SEED: Final = 7_107
ACCOUNTS: Final = 200
LEADS: Final = 5
CALL_MILLISECONDS: Final = 3_000
AT_ONCE: Final = 40
"""How many accounts a process serves at once (`timeline.workers`): thirteen replies a second at best."""
PROCESSES: Final = (1, 2, 4)
ENOUGH: Final = 1.5
"""How much more is said than can be written in the time: no account is to run out before it ends."""
SETTLING_SECONDS: Final = 10.0
"""How long lanes take to find the processes that have come or gone; not counted."""
COUNTED_SECONDS: Final = {Scale.QUICK: 20.0, Scale.FULL: 60.0}
ONE_BY_ONE: Final = {"TIMELINE_BATCH": "1"}
DRAIN_SECONDS: Final = 600.0
RECORDED: Final = re.compile(r'^replies_total\{outcome="recorded"\} (\S+)$', re.MULTILINE)
console = Console()


@dataclass(frozen=True, slots=True)
class Stage:
    """What so many processes did: replies a second in all, those of each, and seconds of CPU of all for a reply."""

    per_second: float
    shares: Sequence[float]
    cpu_seconds: float

    @property
    def evenness(self) -> float:
        """What the least busy process did, as a share of the mean."""
        return min(self.shares) / (sum(self.shares) / len(self.shares))


def main(scale: Scale) -> Report:
    """One after the other on one system."""
    report = Report("scale_out", scale, seed=SEED)
    with own_system("scale_out", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, COUNTED_SECONDS[scale]))
    return report


async def _measure(system: System, report: Report, counted: float) -> None:
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        await leads.greet()
        system.set_environment("timeline", **ONE_BY_ONE)
        await asyncio.to_thread(system.restart, "timeline")
        await leads.hubspot.slow_down("/crm", CALL_MILLISECONDS)
        processes, stages = ["timeline"], dict[int, Stage]()
        for count in PROCESSES:
            while len(processes) < count:
                processes.append(await asyncio.to_thread(partial(system.start_copy, "timeline", **ONE_BY_ONE)))
            stages[count] = await _stage(system, leads, processes, counted)
            told = ", ".join(f"{share:.0f}" for share in stages[count].shares)
            console.print(f"{count}: {stages[count].per_second:.1f} replies/s, of each {told}", highlight=False)
        for name in processes[1:]:
            await asyncio.to_thread(system.stop, name)
        await leads.hubspot.slow_down("/crm", 0)
        await leads.all_written(seconds=DRAIN_SECONDS)
        verdict = await leads.judge()
        await leads.hubspot.close()
    report.add("SO.call_ms", CALL_MILLISECONDS, "ms for each call to HubSpot")
    report.add("SO.events", verdict.said, "replies", ">= 1000")
    report.add("SO.effects", verdict.written, "replies on timelines", f">= {verdict.said}")
    report.add("SO.lost", len(verdict.lost), "replies", "== 0")
    report.add("SO.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("SO.disordered", len(verdict.disordered), "conversations", "== 0")
    _compare(stages, report)


def _compare(stages: Mapping[int, Stage], report: Report) -> None:
    alone = stages[PROCESSES[0]]
    for count, stage in stages.items():
        report.add(f"SO.per_second_{count}", stage.per_second, "replies")
        report.add(f"SO.cpu_us_per_reply_{count}", stage.cpu_seconds * 1e6, "µs")
        if count > 1:
            report.add(
                f"SO.ratio_{count}", stage.per_second / alone.per_second, "of one process", f">= {0.8 * count:g}"
            )
            report.add(f"SO.least_share_{count}", stage.evenness, "of the mean", ">= 0.7")


async def _stage(system: System, leads: Leads, names: Sequence[str], counted: float) -> Stage:
    """A backlog that outlasts the time that is counted, and what each process did of it in that time."""
    calls = (SETTLING_SECONDS + counted) * 1000 / CALL_MILLISECONDS
    wanted = int(len(names) * AT_ONCE * calls * ENOUGH)
    left = len(leads.said) - len(await leads.written())
    chosen = [leads.leads[number * LEADS % len(leads.leads) + number // ACCOUNTS % LEADS] for number in range(wanted)]
    await leads.say(chosen[left:])
    log = EventLog(system.addresses.kafka_bootstrap)
    await log.wait_drained("timeline", MESSAGE_RECEIVED.name, seconds=DRAIN_SECONDS)
    progress = Progress(console, f"seconds with {len(names)}", SETTLING_SECONDS + counted)
    await _pass(progress, 0.0, SETTLING_SECONDS)
    before, used, since = await _recorded(system, names), _cpu_seconds(system, names), time.time()
    await _pass(progress, SETTLING_SECONDS, counted)
    after, used, until = await _recorded(system, names), _cpu_seconds(system, names) - used, time.time()
    written = sum(since <= one.created_at < until for one in await leads.written())
    return Stage(written / (until - since), [after[name] - before[name] for name in names], used / max(written, 1))


async def _pass(progress: Progress, done: float, seconds: float) -> None:
    """Let so much time pass, and say so."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        await pace(min(1.0, seconds - passed))
        progress.at(done + time.monotonic() - began)


async def _recorded(system: System, names: Sequence[str]) -> Mapping[str, float]:
    """How many replies each process has recorded, by its own count."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        pages = {name: (await http.get(f"{system.url(name)}/metrics")).text for name in names}
    return {name: float(found[1]) if (found := RECORDED.search(page)) else 0.0 for name, page in pages.items()}


def _cpu_seconds(system: System, names: Sequence[str]) -> float:
    return sum(system.processes[name].cpu_seconds() for name in names)
