"""What it costs to be seen: metrics on and 1 % of the traces exported, against neither, in CPU.

The ingress runs twice, side by side, and is driven in turn, 2 s each. Two timelines would share the work, so the one
that nobody watches has a system of its own; in turn each is told of some hundred replies at once. Both are started anew
some times, because a process keeps for its life what memory and hashing happened to give it.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from _cores import Cores, keep
from _driving import Load, Side
from aiokafka import AIOKafkaProducer

from harness import deployed, paths, ports
from harness.addresses import Environments
from harness.collector import export, receiving
from harness.leads import Leads
from harness.own_systems import own_system
from harness.paired import compare, paired_ratios
from harness.processes import Process
from harness.readiness import answers_ok
from harness.reports import Report, Scale
from harness.system import System

SERVICES: Final = ("oauth", "webhooks", "timeline")
"""Only the last two are measured."""
SEED: Final = 7_110
ROUNDS: Final = {Scale.QUICK: 15, Scale.FULL: 41}
WINDOW_SECONDS: Final = 2.0
CONNECTIONS: Final = 32
ACCOUNTS: Final = 5
LEADS: Final = 40
STARTS: Final = 4
PAIRS: Final = {Scale.QUICK: 48, Scale.FULL: 240}
"""Windows of each timeline: what one costs differs by a tenth from the next, whoever is watching."""
WARM_UP: Final = 3
WRITES: Final = 2
"""How often all leads write in one window."""
LOOK_SECONDS: Final = 0.1
AFTER_SECONDS: Final = 0.3
"""What follows a write, its own document and event, is over by then."""
DRAIN_SECONDS: Final = 240.0
SHARE: Final = "0.01"
UNOBSERVED: Final = Path(__file__).parent / "baselines" / "unobserved.py"


def main(scale: Scale) -> Report:
    """Both services."""
    report = Report("observability", scale, seed=SEED)
    with (
        own_system("observability", services=SERVICES) as system,
        receiving(_forget) as address,
    ):
        export(system, address, services=SERVICES[1:], share=SHARE)
        _add(report, "O.cpu_cost_request", asyncio.run(_ingress(system, ROUNDS[scale])))
        with own_system("unobserved", services=("oauth", "timeline")) as blind:
            _add(report, "O.cpu_cost_reply", asyncio.run(_replies(system, blind, report, PAIRS[scale])))
    return report


def _add(report: Report, name: str, ratios: list[float]) -> None:
    found = compare(ratios)
    report.add(name, found.median, "of the unobserved", "<= 1.08")
    report.add(f"{name}_low", found.low, "")
    report.add(f"{name}_high", found.high, "")


def _forget(_: bytes) -> None:
    """Spans are taken, and that is all."""


def _unobserved(system: System, service: str) -> tuple[str, Process]:
    """The service without eyes on it, beside."""
    port = ports.free_port()
    environment = Environments(system.addresses, system.credentials, system.files).of(service)
    environment[f"{service.upper()}_PORT"] = str(port)
    url = f"http://127.0.0.1:{port}"
    process = system.start_beside(
        f"unobserved-{service}",
        deployed.command(str(UNOBSERVED), service),
        ready=lambda: answers_ok(f"{url}/readyz"),
        environment=environment,
    )
    return url, process


async def _ingress(system: System, rounds: int) -> list[float]:
    """CPU of a request, observed over unobserved."""
    blind = Side("unobserved", *_unobserved(system, "webhooks"))
    seen = Side("webhooks", system.url("webhooks"), system.processes["webhooks"])
    load = Load(system, paths.repository_root() / "build" / "runs" / "observability")
    cores = Cores.share_out()
    for side in (blind, seen):
        keep(side.process.pid, {cores.server})
    for pid in (load.pid, system.processes["kafka"].pid):
        keep(pid, {cores.load})

    async def spend(side: Side) -> float:
        return (await asyncio.to_thread(load.window, side, CONNECTIONS, WINDOW_SECONDS, 1)).cpu

    try:
        for side in (blind, seen):
            await spend(side)
        return await paired_ratios(rounds, baseline=lambda: spend(blind), candidate=lambda: spend(seen))
    finally:
        load.close()
        blind.process.stop()


async def _replies(seen: System, blind: System, report: Report, rounds: int) -> list[float]:
    """CPU of a reply, observed over unobserved."""
    ratios: list[float] = []
    server = Cores.share_out().server
    for process in (*seen.processes.values(), *blind.processes.values()):
        keep(process.pid, os.sched_getaffinity(0) - {server})
    async with _leads(seen) as observed, _leads(blind) as unobserved:
        for _ in range(STARTS):
            await asyncio.to_thread(seen.start, "timeline")
            beside = (await asyncio.to_thread(_unobserved, blind, "timeline"))[1]
            sides = (unobserved, beside), (observed, seen.processes["timeline"])
            for leads, process in sides:
                keep(process.pid, {server})
                for _ in range(WARM_UP):
                    await _spent(leads, process)  # connections and tokens are there, and traces were sent
            without, with_ = (partial(_spent, *side) for side in sides)
            ratios += await paired_ratios(rounds // STARTS, baseline=without, candidate=with_)
            for _, process in sides:
                await asyncio.to_thread(process.stop)
        verdicts = [await leads.judge() for leads in (observed, unobserved)]
    said = sum(verdict.said for verdict in verdicts)
    report.add("O.events", said, "replies", f">= {2 * rounds * WRITES * ACCOUNTS * LEADS}")
    report.add("O.effects", sum(verdict.written for verdict in verdicts), "replies on timelines", f"== {said}")
    return ratios


@asynccontextmanager
async def _leads(system: System) -> AsyncIterator[Leads]:
    """Those who write in a system, whose timeline does not run yet."""
    async with AIOKafkaProducer(bootstrap_servers=system.addresses.kafka_bootstrap, acks="all") as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        await leads.greet()
        await asyncio.to_thread(system.stop, "timeline")
        yield leads
        await leads.hubspot.close()


async def _spent(leads: Leads, process: Process) -> float:
    """Seconds of CPU for some writes of all leads."""
    before = process.cpu_seconds()
    await leads.say(leads.leads * WRITES)
    await leads.all_written(seconds=DRAIN_SECONDS, look_seconds=LOOK_SECONDS)
    await asyncio.sleep(AFTER_SECONDS)
    return process.cpu_seconds() - before
