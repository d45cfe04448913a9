"""200 accounts with a backlog: is each of them written as fast as HubSpot lets it, and all of them soon?

First one reply to a call, with HubSpot's limit at 5 calls in 10 s: each account's calls are held against that limit.
Then batches, with the real limit. HubSpot takes 50 ms for each call.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from rich.console import Console

from contracts.topics import MESSAGE_RECEIVED
from harness.event_log import EventLog
from harness.leads import Lead, Leads
from harness.own_systems import own_system
from harness.progress import Progress, doing
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import pace

SEED: Final = 7_106
ACCOUNTS: Final = 200
LEADS: Final = 50
SIMULATOR_MILLISECONDS: Final = 50
LIMIT: Final = 5
WINDOW_SECONDS: Final = 10.0
WATCHED_SECONDS: Final = {Scale.QUICK: 40.0, Scale.FULL: 120.0}
REPLIES: Final = {Scale.QUICK: 10_000, Scale.FULL: 100_000}
FULL_SECONDS: Final = 360.0
"""How long 100,000 replies may take; fewer have their share of it."""
SPARE_SECONDS: Final = 60.0
"""How much longer the backlog lasts than it is watched: meanwhile it is taken in, and a window passes."""
PATIENCE_SECONDS: Final = 900.0
CHUNK: Final = 1_000
"""How many replies are told at once."""
_FIRST: Final = range(0, ACCOUNTS * LEADS, LEADS)
"""Where each account's leads begin."""
console = Console()


def main(scale: Scale) -> Report:
    """Both halves."""
    report = Report("backlog", scale, seed=SEED)
    with own_system("backlog", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, scale))
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        await leads.greet()
        await leads.hubspot.slow_down("/crm", SIMULATOR_MILLISECONDS)
        await _one_by_one(system, leads, report, WATCHED_SECONDS[scale])
        await _in_batches(system, leads, report, REPLIES[scale])
        await leads.hubspot.close()
    report.add("S6.simulator_ms", SIMULATOR_MILLISECONDS, "ms")


async def _one_by_one(system: System, leads: Leads, report: Report, watched: float) -> None:
    """Watch so many seconds of a backlog that outlasts them, once it is on the lanes and a window has passed."""
    await leads.hubspot.switch(burst_limit=LIMIT)
    await asyncio.to_thread(system.stop, "timeline")
    each = int((watched + SPARE_SECONDS) / WINDOW_SECONDS * LIMIT)
    await _tell(leads, [leads.leads[first + number % LEADS] for number in range(each) for first in _FIRST])
    system.set_environment("timeline", TIMELINE_BATCH="1")
    await asyncio.to_thread(system.start, "timeline")
    log = EventLog(system.addresses.kafka_bootstrap)
    with doing(console, f"Taking in {each * ACCOUNTS} replies"):
        await log.wait_drained("timeline", MESSAGE_RECEIVED.name, seconds=PATIENCE_SECONDS)
    await _watch("until the first window is over", WINDOW_SECONDS)
    since = time.time()
    await _watch("watched one by one", watched)
    until = time.time()
    written = [one for one in await leads.written() if since <= one.created_at < until]
    counts = Counter(one.portal_id for one in written)
    most = watched / WINDOW_SECONDS * LIMIT
    shares = sorted(counts[portal_id] / most for portal_id in {lead.portal_id for lead in leads.leads})
    report.add("S6.limit_share_min", shares[0], "of its limit", ">= 0.9")
    report.add("S6.limit_share_median", shares[len(shares) // 2], "of its limit")
    report.add("S6.one_by_one.effects", len(written), "replies on timelines", f">= {ACCOUNTS}")
    await leads.hubspot.switch(burst_limit=110)
    system.set_environment("timeline")
    await asyncio.to_thread(system.restart, "timeline")
    await leads.all_written(seconds=PATIENCE_SECONDS)


async def _in_batches(system: System, leads: Leads, report: Report, replies: int) -> None:
    """Let a backlog grow while the service is down; from its start to the last reply."""
    await asyncio.to_thread(system.stop, "timeline")
    before = len(leads.said)
    await _tell(leads, [leads.leads[number % len(leads.leads)] for number in range(replies)])
    began, asked = time.time(), await leads.hubspot.last_request()
    await asyncio.to_thread(system.start, "timeline")
    await leads.all_written(seconds=PATIENCE_SECONDS)
    written = await leads.written()
    took = max(one.created_at for one in written) - began
    verdict = await leads.judge()
    calls = await leads.hubspot.last_request() - asked
    report.add("S6.events", replies, "replies", f">= {replies}")
    report.add("S6.effects", len(written) - before, "replies on timelines", f">= {replies}")
    report.add("S6.lost", len(verdict.lost), "replies", "== 0")
    report.add("S6.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("S6.backlog_s", took, "s", f"<= {FULL_SECONDS * replies / REPLIES[Scale.FULL]:g}")
    report.add("S6.calls_per_reply", calls / replies, "calls, those for access tokens too")
    cpu = system.processes["timeline"].cpu_seconds()
    report.add("S6.cpu_us_per_reply", cpu / replies * 1e6, "µs")


async def _tell(leads: Leads, chosen: Sequence[Lead]) -> None:
    """Each of these leads writes, all of it at once but for the time that telling takes."""
    progress = Progress(console, "replies told", len(chosen))
    for first in range(0, len(chosen), CHUNK):
        await leads.say(chosen[first : first + CHUNK])
        progress.at(first + CHUNK)


async def _watch(what: str, seconds: float) -> None:
    """Let so much time pass, and say so."""
    began, progress = time.monotonic(), Progress(console, f"seconds {what}", seconds)
    while (passed := time.monotonic() - began) < seconds:
        await pace(min(1.0, seconds - passed))
        progress.at(time.monotonic() - began)
