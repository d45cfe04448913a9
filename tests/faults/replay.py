"""The whole topic again, three times, while leads go on writing, and the command that does it killed in its middle.

Some replies were never worked through, for the group's offsets were moved past them: these must be written, each once.
What was written before must not be written again, what comes meanwhile must not be lost or wait, and nothing is sent.
"""

import asyncio
import json
import subprocess
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console

from contracts.topics import MESSAGE_RECEIVED
from harness.control import ChertControl
from harness.event_log import EventLog, partitions_of
from harness.leads import Leads
from harness.operators import Operator
from harness.own_systems import own_system
from harness.paired import percentile
from harness.progress import doing
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import eventually, pace

SEED: Final = 7_015
REPLIES: Final = {Scale.QUICK: 3_000, Scale.FULL: 30_000}
TIMES: Final = 3
ACCOUNTS: Final = 20
LEADS: Final = 20
LOST: Final = 0.1
"""The share of replies that the group never worked through."""
LIVE_A_SECOND: Final = 10.0
LIVE_SECONDS: Final = 60.0
"""About as long as the replays take: the slowest hundredth of fewer replies would be two or three of them."""
KILLS: Final = 2
"""How often each replay is killed before it may end."""
DRAIN_SECONDS: Final = 900.0
console = Console()


def main(scale: Scale) -> Report:
    """Replay, and judge."""
    report = Report("replay", scale, seed=SEED)
    with own_system("replay", services=("oauth", "actions", "timeline")) as system:
        asyncio.run(_measure(system, report, REPLIES[scale]))
    return report


async def _measure(system: System, report: Report, replies: int) -> None:
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        lost = await _say_and_lose(system, leads, replies)
        quiet = await _live(leads, asyncio.create_task(pace(LIVE_SECONDS)))
        replayer = _Replayer(system, Random(SEED))  # noqa: S311 - repeatable
        busy = await _live(leads, asyncio.create_task(replayer.all()))
        await leads.all_written(seconds=DRAIN_SECONDS)
        await EventLog(kafka).wait_drained("timeline", MESSAGE_RECEIVED.name, seconds=DRAIN_SECONDS)
        verdict = await leads.judge()
        delays = await _delays(leads)
        sends = await _sends(system, {lead.tenant for lead in leads.leads})
        await leads.hubspot.close()
    report.add("F15.events", replayer.events, "events replayed", f">= {TIMES * replies}")
    report.add("F15.effects", verdict.written, "replies on timelines", f">= {replies}")
    report.add("F15.brought_back", lost, "replies that a replay wrote", f">= {int(replies * LOST)}")
    report.add("F15.kills", replayer.kills, "while a replay was under way", f">= {TIMES}")
    report.add("F15.lost", len(verdict.lost), "replies", "== 0")
    report.add("F15.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("F15.sends", sends, "messages", "== 0")
    without, during = (percentile([delays[key] for key in keys if key in delays], 0.99) for keys in (quiet, busy))
    report.add("F15.live_p99_ms", during * 1000, "ms")
    report.add("F15.live_p99_ratio", during / without, "during the replays", "<= 1.2")


class _Replayer:
    """Somebody who replays the whole topic time and again, and whose command is killed."""

    def __init__(self, system: System, random: Random) -> None:
        self._operator, self._random = Operator.of(system), random
        self.events = self.kills = 0

    async def all(self) -> None:
        """Every replay, each to its end."""
        for number in range(TIMES):
            with doing(console, f"Replay {number + 1} of {TIMES}, killed {KILLS} times"):
                await self._one(self._operator.folder / f"job-{number}.json")
        await asyncio.to_thread(
            self._operator.call, "replay", "topic", MESSAGE_RECEIVED.name, "--group", "actions", "--all", "--yes"
        )

    async def _one(self, job: Path) -> None:
        command: tuple[str, ...] = (
            "replay",
            "topic",
            MESSAGE_RECEIVED.name,
            "--all",
            "--yes",
            "--job",
            str(job),
            "--json",
        )
        for _ in range(KILLS):
            process = self._operator.start(*command)
            await eventually(partial(_there, job, process), what="a replay at work", seconds=DRAIN_SECONDS)
            await pace(self._random.uniform(0.2, 2.0))
            self.kills += await asyncio.to_thread(_kill, process)
            command = ("replay", "resume", str(job), "--json")
        if not _read(job)["done"]:
            await asyncio.to_thread(self._operator.call, *command)
        self.events += sum(_read(job)["result"].values())


def _read(job: Path) -> Any:
    return json.loads(job.read_text())


async def _there(job: Path, process: subprocess.Popen[str]) -> bool:
    return await asyncio.to_thread(job.exists) or process.poll() is not None


def _kill(process: subprocess.Popen[str]) -> bool:
    """End a command at once; whether it was still at work."""
    at_work = process.poll() is None
    process.kill()
    process.communicate()
    return at_work


async def _say_and_lose(system: System, leads: Leads, replies: int) -> int:
    """Most replies are written; the group is moved past the others while it is stopped. How many these are."""
    lost = int(replies * LOST)
    await leads.say(leads.random.choices(leads.leads, k=replies - lost))
    await leads.all_written(seconds=DRAIN_SECONDS)
    await asyncio.to_thread(system.stop, "timeline")
    await leads.say(leads.random.choices(leads.leads, k=lost))
    kafka = system.addresses.kafka_bootstrap
    partitions = await partitions_of(kafka, MESSAGE_RECEIVED.name)
    async with AIOKafkaConsumer(bootstrap_servers=kafka, group_id="timeline", enable_auto_commit=False) as consumer:
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    await asyncio.to_thread(system.start, "timeline")
    return lost


async def _live(leads: Leads, until: "asyncio.Task[None]") -> list[str]:
    """Leads write at an even pace until something has ended; the ids of what they said."""
    before = set(leads.said)
    while not until.done():
        await leads.say([leads.random.choice(leads.leads)])
        await pace(1 / LIVE_A_SECOND)
    await until
    return [key for key in leads.said if key not in before]


async def _delays(leads: Leads) -> Mapping[str, float]:
    """How long each reply took from Kafka to its timeline, in seconds."""
    logged = {str(one.write_trace_id): one.created_at for one in await leads.written()}
    return {key: logged[key] - said for key, said in leads.said_at.items() if key in logged}


async def _sends(system: System, tenants: AbstractSet[str]) -> int:
    """Messages that Chert sent for anybody."""
    chert = ChertControl(system.url("chert"))
    sent = [await chert.sent(tenant) for tenant in sorted(tenants)]
    await chert.close()
    return sum(len(one) for one in sent)
