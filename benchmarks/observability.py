"""What it costs to be seen: metrics on and 1 % of the traces exported, against neither, in CPU.

The ingress runs twice, side by side, and is driven in turn, 2 s each. Of the timeline one process runs at a time: both
would share the work. In turn each writes a batch of replies, and only what it spends on them counts.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx2
from _cores import Cores, keep
from _driving import Load, Side
from aiokafka import AIOKafkaProducer

from harness import paths, ports
from harness.addresses import Environments
from harness.collector import export, receiving
from harness.leads import Lead, Leads
from harness.own_systems import own_system
from harness.paired import compare, paired_ratios
from harness.processes import Process
from harness.reports import Report, Scale
from harness.system import System

SERVICES: Final = ("oauth", "webhooks", "timeline")
"""Only the last two are measured."""
SEED: Final = 7_110
ROUNDS: Final = {Scale.QUICK: 9, Scale.FULL: 21}
WINDOW_SECONDS: Final = 2.0
CONNECTIONS: Final = 32
ACCOUNTS: Final = 5
LEADS: Final = 40
WARM_UP: Final = 2
BATCHES: Final = 5
"""How often all leads write in one window, and before it."""
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
        _add(report, "O.cpu_cost_reply", asyncio.run(_replies(system, report, ROUNDS[scale])))
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
    told = json.dumps(environment | {f"{service.upper()}_PORT": str(port)})
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return httpx2.get(f"{url}/readyz", timeout=2, trust_env=False).is_success
        except httpx2.TransportError:
            return False

    arguments = (sys.executable, str(UNOBSERVED), service, told)
    return url, system.start_beside(f"unobserved-{service}", arguments, ready=ready)


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


async def _replies(system: System, report: Report, rounds: int) -> list[float]:
    """CPU of a reply, observed over unobserved."""
    async with AIOKafkaProducer(bootstrap_servers=system.addresses.kafka_bootstrap, acks="all") as producer:
        leads = Leads.of(system, producer, SEED)
        await leads.connect(ACCOUNTS, leads=LEADS)
        await leads.greet()
        await asyncio.to_thread(system.stop, "timeline")

        async def spend(process: Process) -> float:
            await _write(leads, leads.leads * WARM_UP)  # connections and tokens are there, and a trace was sent
            before = process.cpu_seconds()
            await _write(leads, leads.leads * BATCHES)
            spent = process.cpu_seconds() - before
            await asyncio.to_thread(process.stop)
            return spent

        async def unobserved() -> float:
            return await spend((await asyncio.to_thread(_unobserved, system, "timeline"))[1])

        async def observed() -> float:
            await asyncio.to_thread(system.start, "timeline")
            return await spend(system.processes["timeline"])

        ratios = await paired_ratios(rounds, baseline=unobserved, candidate=observed)
        verdict = await leads.judge()
        await leads.hubspot.close()
    report.add("O.events", verdict.said, "replies", f">= {rounds * ACCOUNTS * LEADS}")
    report.add("O.effects", verdict.written, "replies on timelines", f"== {verdict.said}")
    return ratios


async def _write(leads: Leads, who: Sequence[Lead]) -> None:
    await leads.say(who)
    await leads.all_written(seconds=DRAIN_SECONDS)
