"""Processes of the timeline come and go every few seconds, and one is stopped (SIGSTOP) for a while and woken.

Kafka's partitions and the lanes move with them. A holder that was stopped must not write when it is woken.
"""

import asyncio
from typing import Final

from aiokafka import AIOKafkaProducer
from rich.console import Console

from harness.leads import Leads
from harness.own_systems import own_system
from harness.progress import Progress
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import pace

SEED: Final = 7_005
REPLIES: Final = {Scale.QUICK: 5_000, Scale.FULL: 50_000}
CHANGES: Final = {Scale.QUICK: 12, Scale.FULL: 60}
STOPS: Final = {Scale.QUICK: (5.0, 20.0, 40.0), Scale.FULL: (5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)}
ACCOUNTS: Final = 50
LEADS: Final = 20
EVERY_SECONDS: Final = 5.0
DRAIN_SECONDS: Final = 900.0
console = Console()


def main(scale: Scale) -> Report:
    """Let them come and go, and judge."""
    report = Report("rebalance", scale, seed=SEED)
    with own_system("rebalance", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, scale))
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        replicas = ["timeline", await asyncio.to_thread(system.start_copy, "timeline")]
        saying = asyncio.create_task(_say(leads, REPLIES[scale], CHANGES[scale] * EVERY_SECONDS))
        stopping = asyncio.create_task(_stop_and_wake(system, replicas[0], STOPS[scale]))
        changes = await _come_and_go(system, replicas[1], CHANGES[scale])
        await asyncio.gather(saying, stopping)
        await leads.all_written(seconds=DRAIN_SECONDS)
        verdict = await leads.judge()
        await leads.hubspot.close()
    report.add("F5.events", verdict.said, "replies", f">= {REPLIES[scale]}")
    report.add("F5.effects", verdict.written, "replies on timelines", f">= {REPLIES[scale]}")
    report.add("F5.lost", len(verdict.lost), "replies", "== 0")
    report.add("F5.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("F5.disordered", len(verdict.disordered), "conversations", "== 0")
    report.add("F5.changes", changes, "processes added or removed", f">= {CHANGES[scale]}")
    report.add("F5.stops", len(STOPS[scale]), "processes stopped and woken")


async def _say(leads: Leads, replies: int, seconds: float) -> None:
    """So many replies of random leads, spread over a time."""
    chunk = max(1, replies // 200)
    progress = Progress(console, "replies said", replies)
    for said in range(0, replies, chunk):
        progress.at(said)
        await leads.say(leads.random.choices(leads.leads, k=min(chunk, replies - said)))
        await pace(seconds * chunk / replies)


async def _come_and_go(system: System, replica: str, changes: int) -> int:
    """A process more, a process less; how often."""
    for number in range(changes):
        await pace(EVERY_SECONDS)
        await asyncio.to_thread(system.start if number % 2 else system.stop, replica)
    if changes % 2:
        await asyncio.to_thread(system.start, replica)
    return changes


async def _stop_and_wake(system: System, replica: str, stops: tuple[float, ...]) -> None:
    for seconds in stops:
        await pace(EVERY_SECONDS)
        system.pause(replica)
        await pace(seconds)
        system.resume(replica)
        console.print(f"woken after {seconds:g} s", highlight=False)
