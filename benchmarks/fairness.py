"""49 quiet accounts, and one that gets 5,000 replies at once: what do the quiet ones feel?

Quiet replies come at a steady pace, once without and once with the burst; those of the ten seconds after it are
compared. The same is done with the plain consumer. HubSpot takes 50 ms for each call.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from _timelines import SIMULATOR_MILLISECONDS, Timelines
from aiokafka import AIOKafkaProducer

from harness.leads import Lead, Leads
from harness.own_systems import own_system
from harness.paired import percentile
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import pace

SEED: Final = 7_105
ACCOUNTS: Final = 50
LEADS: Final = 50
BURST: Final = 5_000
SECONDS: Final = 10.0
PER_SECOND: Final = 50
ROUNDS: Final = {Scale.QUICK: 1, Scale.FULL: 5}
DRAIN_SECONDS: Final = 900.0


def main(scale: Scale) -> Report:
    """Without and with noise, for both."""
    report = Report("fairness", scale, seed=SEED)
    with own_system("fairness", services=("oauth", "timeline")) as system:
        asyncio.run(_measure(system, report, ROUNDS[scale]))
    return report


async def _measure(system: System, report: Report, rounds: int) -> None:
    kafka = system.addresses.kafka_bootstrap
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=2) as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        await leads.greet()
        await leads.hubspot.slow_down("/crm", SIMULATOR_MILLISECONDS)
        await leads.say(leads.leads[::LEADS])
        await leads.all_written(seconds=DRAIN_SECONDS)
        calm, noisy = await _compared(leads, rounds)
        verdict = await leads.judge()
        async with Timelines(system, leads).plain():
            plain_calm, plain_noisy = await _compared(leads, 1)
        await leads.hubspot.close()
    report.add("S5.simulator_ms", SIMULATOR_MILLISECONDS, "ms")
    report.add("S5.events", verdict.said, "replies", f">= {BURST}")
    report.add("S5.effects", verdict.written, "replies on timelines", f">= {verdict.said}")
    report.add("S5.doubled", len(verdict.doubled), "replies", "== 0")
    report.add("S5.quiet_p99_ms", percentile(calm, 0.99) * 1000, "ms")
    report.add("S5.quiet_p99_with_noise_ms", percentile(noisy, 0.99) * 1000, "ms")
    report.add("S5.quiet_p99_ratio", percentile(noisy, 0.99) / percentile(calm, 0.99), "with noise", "<= 1.2")
    plain = percentile(plain_noisy, 0.99) / percentile(plain_calm, 0.99)
    report.add("S5.plain_quiet_p99_ratio", plain, "with noise, of the plain consumer")


async def _compared(leads: Leads, rounds: int) -> tuple[Sequence[float], Sequence[float]]:
    """Latencies of quiet replies without noise, and in the seconds after a burst."""
    noise, quiet = leads.leads[:LEADS], leads.leads[LEADS:]
    calm: list[float] = []
    noisy: list[float] = []
    for _ in range(rounds):
        calm += await _quiet(leads, quiet)
        burst = asyncio.create_task(leads.say([noise[number % LEADS] for number in range(BURST)]))
        noisy += await _quiet(leads, quiet)
        await burst
        await leads.all_written(seconds=DRAIN_SECONDS)
    return calm, noisy


async def _quiet(leads: Leads, quiet: Sequence[Lead]) -> list[float]:
    """Quiet replies at their pace, and how long each took."""
    until, said = time.monotonic() + SECONDS, []
    while time.monotonic() < until:
        said += await leads.say([leads.random.choice(quiet)])
        await pace(1 / PER_SECOND)
    ids = {event.data.message_id for event in said}
    await leads.wait_written(ids, seconds=DRAIN_SECONDS)
    return [
        one.created_at - leads.said_at[key]
        for one in await leads.written()
        if (key := str(one.write_trace_id)).rpartition(":")[2] in ids
    ]
