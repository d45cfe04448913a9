"""From Kafka to the timeline, beside what a careful user would write: a trickle, then a backlog at HubSpot's limit.

HubSpot takes 50 ms for each call. Latency is from when a reply is given to Kafka until HubSpot has it, less those 50.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from _timelines import SIMULATOR_MILLISECONDS, Timelines
from aiokafka import AIOKafkaProducer

from harness.leads import Leads
from harness.own_systems import own_system
from harness.paired import percentile
from harness.processes import Process
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import pace

SEED: Final = 7_104
ACCOUNTS: Final = 10
LEADS: Final = 250
TRICKLE: Final = {Scale.QUICK: 300, Scale.FULL: 3_000}
TRICKLE_PER_SECOND: Final = 20
BACKLOG: Final = {Scale.QUICK: 1_000, Scale.FULL: 5_000}
"""Replies in the backlog, all of one account, whose limit is what the plain consumer meets; of its leads in turn."""
DRAIN_SECONDS: Final = 400.0
LIMITED: Final = 429


@dataclass(frozen=True)
class Seen:
    """What one of the two did with the same load."""

    replies: int
    calls: int
    limited: int
    seconds: float
    cpu_seconds: float
    latencies: Sequence[float]


def main(scale: Scale) -> Report:
    """Both loads for both."""
    report = Report("replies", scale, seed=SEED)
    with own_system("replies", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, scale))
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=2) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        await leads.greet()
        await leads.hubspot.slow_down("/crm", SIMULATOR_MILLISECONDS)
        await leads.say(leads.leads[::LEADS])
        await leads.all_written(seconds=DRAIN_SECONDS)
        own = system.processes["timeline"]
        trickle, backlog = await _trickle(leads, own, scale), await _backlog(leads, own, scale)
        verdict = await leads.judge()
        timelines = Timelines(system, leads)
        async with timelines.plain() as plain:
            plain_trickle, plain_backlog = await _trickle(leads, plain, scale), await _backlog(leads, plain, scale)
        await leads.hubspot.close()
    total = trickle.replies + backlog.replies
    report.add("S4.simulator_ms", SIMULATOR_MILLISECONDS, "ms")
    report.add("S4.events", total, "replies", f">= {total}")
    report.add("S4.effects", verdict.written, "replies on timelines", f">= {total}")
    report.add("S4.lost", len(verdict.lost), "replies", "== 0")
    report.add("S4.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("S4.trickle_calls_ratio", trickle.calls / plain_trickle.calls, "of the plain consumer's", "<= 1")
    report.add("S4.own_latency_p50_ms", percentile(trickle.latencies, 0.5) * 1000, "ms")
    report.add("S4.own_latency_p99_ms", percentile(trickle.latencies, 0.99) * 1000, "ms", "<= 30")
    report.add("S4.plain_latency_p99_ms", percentile(plain_trickle.latencies, 0.99) * 1000, "ms")
    report.add("S4.backlog_calls_ratio", backlog.calls / plain_backlog.calls, "of the plain consumer's", "<= 0.03")
    report.add("S4.backlog_throughput_ratio", plain_backlog.seconds / backlog.seconds, "of the plain", ">= 20")
    report.add("S4.backlog_s", backlog.seconds, "s")
    report.add("S4.plain_backlog_s", plain_backlog.seconds, "s")
    report.add("S4.cpu_us_per_reply", backlog.cpu_seconds / backlog.replies * 1e6, "µs", "<= 500")
    report.add("S4.rate_429", backlog.limited / backlog.calls, "of calls", "<= 0.001")


async def _trickle(leads: Leads, process: Process, scale: Scale) -> Seen:
    async def load() -> None:
        for _ in range(TRICKLE[scale]):
            await leads.say([leads.random.choice(leads.leads)])
            await pace(1 / TRICKLE_PER_SECOND)

    return await _seen(leads, process, load)


async def _backlog(leads: Leads, process: Process, scale: Scale) -> Seen:
    chosen = [leads.leads[number % LEADS] for number in range(BACKLOG[scale])]

    async def load() -> None:
        await leads.say(chosen)

    return await _seen(leads, process, load)


async def _seen(leads: Leads, process: Process, load: Callable[[], Awaitable[None]]) -> Seen:
    """Load, wait for the last reply, and count."""
    asked, known, used = await leads.hubspot.last_request(), set(leads.said), process.cpu_seconds()
    await load()
    await leads.all_written(seconds=DRAIN_SECONDS)
    used = process.cpu_seconds() - used
    written = [one for one in await leads.written() if one.write_trace_id not in known]
    said_at = {str(one.write_trace_id): leads.said_at[str(one.write_trace_id)] for one in written}
    calls = await leads.hubspot.requests("/crm", since=asked)
    own = SIMULATOR_MILLISECONDS / 1000
    return Seen(
        replies=len(written),
        calls=len(calls),
        limited=sum(one.status == LIMITED for one in calls),
        seconds=max(one.created_at for one in written) - min(said_at.values()),
        cpu_seconds=used,
        latencies=[one.created_at - said_at[str(one.write_trace_id)] - own for one in written],
    )
