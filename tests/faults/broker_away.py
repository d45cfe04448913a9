"""The broker killed, frozen and slow while deliveries come in: what is not stored is a 503 within a second.

Senders never stop. While the broker is away every attempt has to be answered, in time and with a 503; once it answers
again, deliveries have to be taken again within 5 s; and memory must not tell how long it was away.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from _broker_faults import Outage, crash, freeze, slow_disk
from _ingress_deliveries import Makers, Signer
from _ingress_load import NO_ANSWER, OK, UNREACHABLE, Attempt, Load
from _ingress_log import read

from harness.memory import MemoryWatch
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import elapse, eventually

SEED: Final = 5_004
KILLS: Final = {Scale.QUICK: 5, Scale.FULL: 20}
FREEZES: Final = {Scale.QUICK: 1, Scale.FULL: 3}
EVENTS: Final = {Scale.QUICK: 10_000, Scale.FULL: 100_000}
FREEZE_SECONDS: Final = 30.0
SLOW_SECONDS: Final = {Scale.QUICK: 15.0, Scale.FULL: 60.0}
LONGEST_DOWN_SECONDS: Final = 3.0
WORKERS: Final = 32
PACE_SECONDS: Final = 0.02
"""Between two attempts of a worker: what is timed here must not wait for its own load."""
BETWEEN: Final = 100
"""Deliveries that have to be acknowledged between two faults."""
WARM: Final = 1_000
"""Deliveries after which the service is as large as load makes it."""
PATIENCE_SECONDS: Final = 120.0
UNAVAILABLE: Final = 503


@dataclass(frozen=True)
class Seen:
    """What the run came to, beside what the load accounts for."""

    outages: Sequence[Outage]
    slow: Outage
    memory: MemoryWatch


def main(scale: Scale) -> Report:
    """Harm the broker again and again, and count."""
    report = Report("broker_away", scale, seed=SEED)
    with own_system("broker_away", services=("webhooks",)) as system:
        asyncio.run(_measure(system, report, scale))
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    random = Random(SEED)  # noqa: S311 - a repeatable choice, no secret
    makers, signer = Makers(random), Signer.of(system)
    load = Load(system.url("webhooks"), signer, makers.any, random, workers=WORKERS, pace_seconds=PACE_SECONDS)
    async with load:
        seen = await _harm(system, load, random, scale)
        await eventually(lambda: _has(load, EVENTS[scale]), what="enough events", seconds=20 * PATIENCE_SECONDS)
    _report_times(report, load.account.attempts, seen, scale)
    await _report_events(report, system, load, scale)


async def _harm(system: System, load: Load, random: Random, scale: Scale) -> Seen:
    await _acknowledged(load, WARM)
    with MemoryWatch(system.processes["webhooks"]) as memory:
        outages = []
        for _ in range(KILLS[scale]):
            await _acknowledged(load, BETWEEN)
            outages.append(await crash(system.kafka, random.uniform(0, LONGEST_DOWN_SECONDS)))
        for _ in range(FREEZES[scale]):
            await _acknowledged(load, BETWEEN)
            outages.append(await freeze(system.kafka, FREEZE_SECONDS))
        await _acknowledged(load, BETWEEN)
        began = time.monotonic()
        async with slow_disk(system.kafka):
            await elapse(SLOW_SECONDS[scale])
        slow = Outage(began, time.monotonic())
        await _acknowledged(load, BETWEEN)
    return Seen(outages, slow, memory)


async def _acknowledged(load: Load, more: int) -> None:
    """Wait until so many more deliveries are acknowledged."""
    enough = len(load.account.acknowledged) + more

    async def reached() -> bool:
        return len(load.account.acknowledged) >= enough

    await eventually(reached, what="deliveries to be taken", seconds=PATIENCE_SECONDS)


async def _has(load: Load, events: int) -> bool:
    return load.account.events >= events


def _report_times(report: Report, attempts: Sequence[Attempt], seen: Seen, scale: Scale) -> None:
    away = [attempt for attempt in attempts if any(_within(attempt, outage) for outage in seen.outages)]
    slow = [attempt for attempt in attempts if _within(attempt, seen.slow)]
    refused = [attempt for attempt in away if attempt.status == UNAVAILABLE]
    other = [attempt for attempt in away if attempt.status not in OK and attempt.status != UNAVAILABLE]
    unanswered = [attempt for attempt in [*away, *slow] if attempt.status in {NO_ANSWER, UNREACHABLE}]
    report.add("F4.kills", KILLS[scale], "kills of the broker", f">= {KILLS[scale]}")
    report.add("F4.freezes", FREEZES[scale], f"freezes of {FREEZE_SECONDS:.0f} s", f">= {FREEZES[scale]}")
    report.add("F4.refused_503", len(refused), "attempts while it was away", f">= {10 * len(seen.outages)}")
    report.add("F4.refused_otherwise", len(other), "attempts while it was away", "== 0")
    report.add("F4.unanswered", len(unanswered), "attempts", "== 0")
    report.add("F4.answer_max_s", max(attempt.took for attempt in away), "s while it was away", "<= 1")
    report.add("F4.slow_answer_max_s", max(attempt.took for attempt in slow), "s while it was slow", "<= 1")
    report.add("F4.slow_taken", sum(attempt.status in OK for attempt in slow), "deliveries while it was slow", ">= 1")
    report.add("F4.back_max_s", max(_back(attempts, outage) for outage in seen.outages), "s", "<= 5")
    report.add("F4.memory_growth_mib", seen.memory.growth, "MiB over load without faults", "<= 16")
    report.add("F4.memory_peak_mib", seen.memory.peak, "MiB")


def _within(attempt: Attempt, outage: Outage) -> bool:
    return outage.began <= attempt.began <= outage.ended


def _back(attempts: Sequence[Attempt], outage: Outage) -> float:
    """How long after the broker's return the first delivery was taken, in seconds."""
    taken = (attempt.began + attempt.took for attempt in attempts if attempt.status in OK)
    return min(moment for moment in taken if moment > outage.ended) - outage.ended


async def _report_events(report: Report, system: System, load: Load, scale: Scale) -> None:
    told = await read(system.addresses.kafka_bootstrap)
    facts = [fact for delivery in load.account.acknowledged for fact in delivery.facts]
    lost = told.lost(facts)
    report.add("F4.events", len(facts), "events acknowledged", f">= {EVENTS[scale]}")
    report.add("F4.effects", len(facts) - len(lost), "of them in Kafka", f">= {EVENTS[scale]}")
    report.add("F4.lost", len(lost), "events acknowledged and not in Kafka", "== 0")
    report.add("F4.doubled", told.doubled, "ids beyond one for each event", "== 0")
    report.add("F4.repeats", told.repeats, "records told before, by the same id")
    report.add("F4.refused", load.account.refused, "attempts refused with a 4xx", "== 0")
    report.add("F4.given_up", load.account.given_up, "deliveries whose sender came no more")
