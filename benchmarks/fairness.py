"""49 quiet accounts, and one that gets 5,000 replies at once: what do the quiet ones feel?

Quiet replies come at a steady pace, in each round once without and once with the burst; those of the ten seconds after
it are compared. Which comes first alternates, so that a drift favours neither. The same is done with the plain
consumer, once. HubSpot takes 50 ms for each call.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from _timelines import SIMULATOR_MILLISECONDS, Timelines
from aiokafka import AIOKafkaProducer
from rich.console import Console

from harness.leads import Lead, Leads
from harness.own_systems import own_system
from harness.paired import compare, percentile
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import ConditionNotMetError, pace

SEED: Final = 7_105
ACCOUNTS: Final = 50
LEADS: Final = 50
BURST: Final = 5_000
SECONDS: Final = 10.0
PER_SECOND: Final = 50
ROUNDS: Final = {Scale.QUICK: 9, Scale.FULL: 25}
CHUNK: Final = 100
"""How much of the burst is told at once: the quiet replies come from the same process, and are not to wait for it."""
DRAIN_SECONDS: Final = 300.0
PLAIN_SECONDS: Final = {Scale.QUICK: 60.0, Scale.FULL: 900.0}
"""How long the plain consumer is waited for; a reply that it has not written by then counts as just written."""
console = Console()


def main(scale: Scale) -> Report:
    """Without and with noise, for both."""
    report = Report("fairness", scale, seed=SEED)
    with own_system("fairness", services=("oauth", "timeline")) as system:
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
        rounds = []
        for number in range(ROUNDS[scale]):
            rounds.append(await _round(leads, DRAIN_SECONDS, noise_first=number % 2 == 1))
            console.print(f"round {number + 1} of {ROUNDS[scale]}: {_told(rounds[-1])}", highlight=False)
            await leads.all_written(seconds=DRAIN_SECONDS)
        verdict = await leads.judge()
        async with Timelines(system, leads).plain():
            plain = await _round(leads, PLAIN_SECONDS[scale])
        console.print(f"the plain consumer: {_told(plain)}", highlight=False)
        await leads.hubspot.close()
    ratios = compare([one.ratio for one in rounds])
    report.add("S5.simulator_ms", SIMULATOR_MILLISECONDS, "ms")
    report.add("S5.events", verdict.said, "replies", f">= {BURST}")
    report.add("S5.effects", verdict.written, "replies on timelines", f">= {verdict.said}")
    report.add("S5.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("S5.quiet_p99_ms", statistics.median(one.calm for one in rounds) * 1000, "ms, median of the rounds")
    report.add("S5.quiet_p99_with_noise_ms", statistics.median(one.noisy for one in rounds) * 1000, "ms")
    report.add("S5.quiet_p99_ratio", ratios.median, f"with noise, median of {ratios.rounds}", "<= 1.2")
    report.add("S5.quiet_p99_ratio_low", ratios.low, "its 90 % interval")
    report.add("S5.quiet_p99_ratio_high", ratios.high, "its 90 % interval")
    report.add("S5.plain_quiet_p99_ratio", plain.ratio, "with noise, of the plain consumer, at least")
    report.add("S5.plain_unwritten", plain.unwritten, "of its quiet replies when it was waited for no longer")


@dataclass(frozen=True, slots=True)
class Quiet:
    """How long each quiet reply took, at least, and how many were not written when they were waited for no longer."""

    seconds: Sequence[float]
    unwritten: int


@dataclass(frozen=True, slots=True)
class Round:
    """99 of 100 quiet replies took at most so many seconds, without noise and with it; those never seen written."""

    calm: float
    noisy: float
    unwritten: int

    @property
    def ratio(self) -> float:
        """How much longer with noise."""
        return self.noisy / self.calm


def _told(one: Round) -> str:
    return f"p99 {one.calm * 1000:.0f} ms without noise, {one.noisy * 1000:.0f} ms with it"


async def _round(leads: Leads, patience: float, *, noise_first: bool = False) -> Round:
    """Quiet replies without noise, and in the seconds after a burst."""
    if noise_first:
        noisy = await _among_noise(leads, patience)
        await leads.all_written(seconds=patience)
        calm = await _quiet(leads, patience)
    else:
        calm = await _quiet(leads, patience)
        noisy = await _among_noise(leads, patience)
    return Round(percentile(calm.seconds, 0.99), percentile(noisy.seconds, 0.99), noisy.unwritten)


async def _among_noise(leads: Leads, patience: float) -> Quiet:
    burst = asyncio.create_task(_burst(leads, leads.leads[:LEADS]))
    found = await _quiet(leads, patience)
    await burst
    return found


async def _burst(leads: Leads, noise: Sequence[Lead]) -> None:
    for first in range(0, BURST, CHUNK):
        await leads.say([noise[number % LEADS] for number in range(first, first + CHUNK)])


async def _quiet(leads: Leads, patience: float) -> Quiet:
    """Quiet replies at their pace."""
    until, before, quiet = time.monotonic() + SECONDS, set(leads.said), leads.leads[LEADS:]
    while time.monotonic() < until:
        await leads.say([leads.random.choice(quiet)])
        await pace(1 / PER_SECOND)
    own = {lead.portal_id for lead in quiet}
    said = {key for key, lead in leads.said.items() if lead.portal_id in own} - before
    with suppress(ConditionNotMetError):
        await leads.wait_written({key.rpartition(":")[2] for key in said}, seconds=patience)
    now, written = time.time(), {one.write_trace_id: one.created_at for one in await leads.written()}
    return Quiet([written.get(key, now) - leads.said_at[key] for key in said], len(said - written.keys()))
