"""The ingress killed (-9) under load, before and after it acknowledges: what it acknowledged is in Kafka.

Half of the kills come while requests wait for their answers; the other half at the very moment when a sender has read a
2xx, so that whatever was acknowledged before it was durable would be lost. A kill counts when it cut requests off.
"""

import asyncio
from random import Random
from typing import Final

from _ingress_deliveries import Makers, Signer
from _ingress_load import Load
from _ingress_log import read

from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import elapse, eventually

SEED: Final = 5_003
KILLS: Final = {Scale.QUICK: 10, Scale.FULL: 50}
EVENTS: Final = {Scale.QUICK: 10_000, Scale.FULL: 100_000}
WORKERS: Final = 32
BETWEEN: Final = 40
"""Deliveries that have to be acknowledged between two kills."""
LATEST_KILL_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 60.0


def main(scale: Scale) -> Report:
    """Kill, start again, and count."""
    report = Report("ingress_kill", scale, seed=SEED)
    with own_system("ingress_kill", services=("webhooks",)) as system:
        asyncio.run(_measure(system, report, scale))
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    random = Random(SEED)  # noqa: S311 - a repeatable choice, no secret
    load = Load(system.url("webhooks"), Signer.of(system), Makers(random).any, random, workers=WORKERS)
    kills = Kills(system, load, random)
    async with load:
        for number in range(KILLS[scale]):
            await (kills.before_an_answer() if number % 2 else kills.after_an_answer())
        await eventually(lambda: _has(load, EVENTS[scale]), what="enough events", seconds=20 * PATIENCE_SECONDS)
    account, told = load.account, await read(system.addresses.kafka_bootstrap)
    facts = [fact for delivery in account.acknowledged for fact in delivery.facts]
    lost = told.lost(facts)
    report.add("F3.events", len(facts), "events acknowledged", f">= {EVENTS[scale]}")
    report.add("F3.effects", len(facts) - len(lost), "of them in Kafka", f">= {EVENTS[scale]}")
    report.add("F3.lost", len(lost), "events acknowledged and not in Kafka", "== 0")
    report.add("F3.doubled", told.doubled, "ids beyond one for each event", "== 0")
    report.add("F3.shared_ids", told.shared, "events with the id of another", "== 0")
    report.add("F3.kills", kills.hits, "kills that cut requests off", f">= {KILLS[scale]}")
    report.add("F3.cut_off", account.cut_off, "attempts without an answer")
    report.add("F3.repeats", told.repeats, "records told before, by the same id")
    report.add("F3.refused", account.refused, "attempts refused with a 4xx", "== 0")
    report.add("F3.given_up", account.given_up, "deliveries whose sender came no more")


async def _has(load: Load, events: int) -> bool:
    return load.account.events >= events


class Kills:
    """Kills the service at chosen moments, and starts it again."""

    def __init__(self, system: System, load: Load, random: Random) -> None:
        self.hits = self._cut_off = 0
        self._system, self._load, self._random = system, load, random

    async def before_an_answer(self) -> None:
        """Kill while requests are on their way, at no moment in particular."""
        await self._busy()
        await elapse(self._random.uniform(0, LATEST_KILL_SECONDS))
        self._kill()
        await self._start()

    async def after_an_answer(self) -> None:
        """Kill when a sender has just read its 2xx."""
        await self._busy()
        done = asyncio.Event()

        def kill() -> None:
            self._kill()
            done.set()

        self._load.when_acknowledged(kill)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await done.wait()
        await self._start()

    async def _busy(self) -> None:
        """Wait until enough has been acknowledged since the last kill, and requests are on their way."""
        before = len(self._load.account.acknowledged)

        async def busy() -> bool:
            return len(self._load.account.acknowledged) >= before + BETWEEN and self._load.in_flight > 0

        await eventually(busy, what="load", seconds=PATIENCE_SECONDS)

    def _kill(self) -> None:
        self._cut_off = self._load.account.cut_off
        self._system.kill("webhooks")

    async def _start(self) -> None:
        await asyncio.to_thread(self._system.start, "webhooks")
        self.hits += self._load.account.cut_off > self._cut_off
