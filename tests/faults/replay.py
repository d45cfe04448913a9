"""The whole topic again, three times, while leads go on writing: the group's offsets are set back to the beginning.

What was written before must not be written again, and what comes meanwhile must not be lost.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from contracts.topics import MESSAGE_RECEIVED
from harness.event_log import EventLog, partitions_of
from harness.leads import Leads
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System

SEED: Final = 7_015
REPLIES: Final = {Scale.QUICK: 3_000, Scale.FULL: 30_000}
TIMES: Final = 3
ACCOUNTS: Final = 20
LEADS: Final = 20
DRAIN_SECONDS: Final = 300.0


def main(scale: Scale) -> Report:
    """Replay, and judge."""
    report = Report("replay", scale, seed=SEED)
    with own_system("replay", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, REPLIES[scale]))
    return report


async def _measure(system: System, report: Report, replies: int) -> None:
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        replicas = ["timeline", await asyncio.to_thread(system.start_copy, "timeline")]
        replayed = 0
        for _ in range(TIMES):
            await _say(leads, replies // (TIMES + 1))
            await leads.all_written(seconds=DRAIN_SECONDS)
            replayed += len(leads.said)
            await _set_back(system, replicas)
        await _say(leads, replies // (TIMES + 1))
        await leads.all_written(seconds=DRAIN_SECONDS)
        await EventLog(kafka).wait_drained("timeline", MESSAGE_RECEIVED.name, seconds=DRAIN_SECONDS)
        verdict = await leads.judge()
        await leads.hubspot.close()
    report.add("F15.events", replayed, "events replayed", f">= {replies}")
    report.add("F15.effects", verdict.written, "replies on timelines", f">= {replies}")
    report.add("F15.lost", len(verdict.lost), "replies", "== 0")
    report.add("F15.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("F15.disordered", len(verdict.disordered), "conversations", "== 0")


async def _say(leads: Leads, count: int) -> None:
    await leads.say(leads.random.choices(leads.leads, k=count))


async def _set_back(system: System, replicas: Sequence[str]) -> None:
    """Stop the group, begin anew at the oldest record of every partition, and start it."""
    for name in replicas:
        await asyncio.to_thread(system.stop, name)
    kafka = system.addresses.kafka_bootstrap
    partitions = await partitions_of(kafka, MESSAGE_RECEIVED.name)
    async with AIOKafkaConsumer(bootstrap_servers=kafka, group_id="timeline", enable_auto_commit=False) as consumer:
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
    for name in replicas:
        await asyncio.to_thread(system.start, name)
