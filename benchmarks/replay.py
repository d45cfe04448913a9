"""S7: replaying a topic against copying it, and what live replies notice of it.

A replay looks up each record's key in the database, counts what it finds, and works through what is new; here all of it
is known already, as nearly all of it is in every replay. HubSpot and Chert add no latency. One account's leads go on
writing meanwhile.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import Final

from aiokafka import AIOKafkaProducer
from benchmarks.baselines.copy_topic import copy

from contracts.messages import MessageReceived
from contracts.topics import CONTACT_CREATED, MESSAGE_RECEIVED
from harness.event_log import EventLog, partitions_of
from harness.leads import Leads
from harness.operators import Operator
from harness.own_systems import own_system
from harness.paired import percentile
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import pace

SEED: Final = 7_007
RECORDS: Final = {Scale.QUICK: 20_000, Scale.FULL: 200_000}
ROUNDS: Final = {Scale.QUICK: 3, Scale.FULL: 9}
LIVE_A_SECOND: Final = 10.0
LIVE_SECONDS: Final = 20.0
DRAIN_SECONDS: Final = 300.0
NOBODY: Final = "tenant-nobody"
"""A project that no account is connected to: its messages are received, and wait."""


def main(scale: Scale) -> Report:
    """Measure both."""
    report = Report("bench_replay", scale, seed=SEED)
    with own_system("bench-replay", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, scale))
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(1, leads=20)
        await _fill(leads, RECORDS[scale])
        await EventLog(kafka).wait_drained("timeline", MESSAGE_RECEIVED.name, seconds=DRAIN_SECONDS)
        ratios, rates = await _throughput(system, ROUNDS[scale])
        quiet = await _live(leads, asyncio.create_task(pace(LIVE_SECONDS)))
        busy = await _live(leads, asyncio.create_task(_replays(system)))
        await leads.all_written(seconds=DRAIN_SECONDS, but=RECORDS[scale])
        logged = {str(one.write_trace_id): one.created_at for one in await leads.written()}
        await leads.hubspot.close()
    without, during = (percentile([logged[key] - leads.said_at[key] for key in keys], 0.99) for keys in (quiet, busy))
    report.add("S7.events", RECORDS[scale], "records on the topic", f">= {RECORDS[scale]}")
    report.add("S7.effects", len(logged), "live replies written", f">= {int(LIVE_A_SECOND * LIVE_SECONDS / 2)}")
    report.add("S7.records_per_s", median(rates), "records/s")
    report.add("S7.throughput_ratio", median(ratios), "of a bare copy", ">= 0.15")
    report.add("S7.live_p99_ratio", during / without, "during a replay", "<= 1.2")


async def _fill(leads: Leads, records: int) -> None:
    for _ in range(records // 500):
        events = [leads.event(leads.random.choice(leads.leads), "Yes, please") for _ in range(500)]
        await leads.tell([replace(event, data=_for_nobody(event.data)) for event in events])


def _for_nobody(message: MessageReceived) -> MessageReceived:
    return message.model_copy(update={"chert_tenant": NOBODY})


async def _throughput(system: System, rounds: int) -> tuple[Sequence[float], Sequence[float]]:
    """Ratios of replay to copy, in turn, and the replay's records a second; a command's start is not its work."""
    kafka, operator = system.addresses.kafka_bootstrap, Operator.of(system)
    partitions = await partitions_of(kafka, MESSAGE_RECEIVED.name)
    began = perf_counter()
    await asyncio.to_thread(operator.call, *_command("0", "--until", "2000-01-01T00:00:00Z"))
    start = perf_counter() - began
    ratios, rates = [], []
    for _ in range(rounds):
        copied = await copy(kafka, partitions, CONTACT_CREATED.name + ".timeline.dlq")
        began = perf_counter()
        counted = await asyncio.to_thread(operator.ask, *_command("0"))
        rates.append(sum(counted["result"].values()) / (perf_counter() - began - start))
        ratios.append(rates[-1] / copied)
    return ratios, rates


async def _replays(system: System) -> None:
    """Replays with the usual cap, one after the other, as long as the quiet window was."""
    operator, began = Operator.of(system), perf_counter()
    while perf_counter() - began < LIVE_SECONDS:
        await asyncio.to_thread(operator.call, *_command("500", "--offsets", "0:0-1000"))


def _command(rate: str, *more: str) -> Sequence[str]:
    whole = () if more else ("--all",)
    return ("replay", "topic", MESSAGE_RECEIVED.name, *whole, *more, "--dry-run", "--rate", rate, "--json")


async def _live(leads: Leads, until: "asyncio.Task[None]") -> Sequence[str]:
    """Leads write at an even pace until something has ended; the ids of what they said."""
    before = set(leads.said)
    while not until.done():
        await leads.say([leads.random.choice(leads.leads)])
        await pace(1 / LIVE_A_SECOND)
    await until
    return [key for key in leads.said if key not in before]
