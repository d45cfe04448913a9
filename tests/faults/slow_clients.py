"""Two thousand clients that are in no hurry, beside honest ones: they are closed, and the honest do not notice.

Windows with and without them take turns, and each pair gives one ratio. Honest clients keep half of their connections
and open the others anew, so that a server that is full is noticed. In the end the service is asked to stop (SIGTERM)
while it is full of them.
"""

import asyncio
import contextlib
import json
import resource
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import urlsplit

import _slow_clients
from _ingress_deliveries import Makers, Signer, request
from _ingress_load import OK
from rich.console import Console

from harness.connections import Connection, WireError
from harness.memory import MemoryWatch
from harness.own_systems import own_system
from harness.paired import compare, percentile
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import elapse

SEED: Final = 5_009
CLIENTS: Final = 2_000
ROUNDS: Final = {Scale.QUICK: 3, Scale.FULL: 9}
WINDOW_SECONDS: Final = 8.0
HONEST: Final = 8
PACE_SECONDS: Final = 0.04
"""How often each honest client delivers."""
PATIENCE_SECONDS: Final = 5.0
LONGEST_DRAIN: Final = 60.0
console = Console()


@dataclass
class Honest:
    """What honest clients saw in one window: how long each delivery took, in seconds, and what went wrong."""

    took: list[float] = field(default_factory=list)
    failed: int = 0


@dataclass
class Sums:
    """What all windows came to: by sort, how long slow clients were kept, and how many were not closed at all."""

    ratios: list[float] = field(default_factory=list)
    kept: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    still_open: int = 0
    slow: int = 0
    delivered: int = 0
    failed: int = 0


def main(scale: Scale) -> Report:
    """Measure with and without them, in turn; then stop the service."""
    report = Report("slow_clients", scale, seed=SEED)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with own_system("slow_clients", services=("webhooks",)) as system:
        asyncio.run(_measure(system, report, ROUNDS[scale]))
    return report


async def _measure(system: System, report: Report, rounds: int) -> None:
    sums, service = Sums(), system.processes["webhooks"]
    await _without(system)
    with MemoryWatch(service) as memory:
        for _ in range(rounds):
            await _round(system, sums)
        after = memory.now()
    async with _crowd(system) as crowd:
        began = time.monotonic()
        await asyncio.to_thread(service.stop, grace_seconds=LONGEST_DRAIN)
        drained = time.monotonic() - began
        await crowd.wait()
    _tell(sums)
    ratio = compare(sums.ratios)
    report.add("H.slow_clients", sums.slow, "slow clients", f">= {CLIENTS * rounds}")
    report.add("H.still_open", sums.still_open, f"after {_slow_clients.PATIENCE_SECONDS:.0f} s", "== 0")
    report.add("H.closed_max_s", max(sums.kept.values()), "s", "<= 10")
    report.add("H.honest", sums.delivered, "honest deliveries", f">= {100 * rounds}")
    report.add("H.honest_failed", sums.failed, "honest deliveries", "== 0")
    report.add("H.honest_p99_ratio", ratio.median, f"90 %: {ratio.low:.2f} to {ratio.high:.2f}", "<= 1.5")
    report.add("H.drain_s", drained, "s", "<= 10")
    report.add("H.memory_mib", memory.growth, f"MiB at the most for {CLIENTS} of them")
    report.add("H.memory_after_mib", after - memory.before, "MiB when they are gone")


async def _round(system: System, sums: Sums) -> None:
    calm = await _without(system)
    crowded = Honest()
    async with _crowd(system) as crowd, _honest_clients(system, crowded):
        output, _ = await crowd.communicate()
    for sort, seen in json.loads(output.splitlines()[-1]).items():
        sums.kept[sort] = max(sums.kept[sort], seen["longest"])
        sums.still_open += seen["open"]
        sums.slow += seen["count"]
    sums.delivered += len(calm.took) + len(crowded.took)
    sums.failed += calm.failed + crowded.failed
    sums.ratios.append(percentile(crowded.took, 0.99) / percentile(calm.took, 0.99))


async def _without(system: System) -> Honest:
    calm = Honest()
    async with _honest_clients(system, calm):
        await elapse(WINDOW_SECONDS)
    return calm


@asynccontextmanager
async def _crowd(system: System) -> AsyncIterator[asyncio.subprocess.Process]:
    """The slow clients, from when all of them are slow."""
    port, pid = urlsplit(system.url("webhooks")).port, system.processes["webhooks"].pid
    script = Path(__file__).with_name("_slow_clients.py")
    crowd = await asyncio.create_subprocess_exec(
        sys.executable, script, str(port), str(CLIENTS), str(pid), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert crowd.stdout is not None
        await crowd.stdout.readline()
        yield crowd
    finally:
        if crowd.returncode is None:
            crowd.kill()
            await crowd.wait()


@asynccontextmanager
async def _honest_clients(system: System, seen: Honest) -> AsyncIterator[None]:
    """Clients that deliver at a steady pace while the block runs."""
    over = asyncio.Event()
    clients = [asyncio.create_task(_deliver(system, number, seen, over)) for number in range(HONEST)]
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*clients)


async def _deliver(system: System, number: int, seen: Honest, over: asyncio.Event) -> None:
    makers = Makers(Random(SEED + number), first_account=1_000_000 * (number + 1))  # noqa: S311 - no secret
    signer, connection = Signer.of(system), None
    while not over.is_set():
        delivery = makers.chert()
        body = delivery.body()
        wire = request(delivery, signer.sign(delivery, body, time.time()), body)
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                connection = connection or await Connection.open(system.url("webhooks"))
                answer = await connection.exchange(wire)
        except (WireError, OSError):
            seen.failed += 1
            connection = None
        else:
            seen.took.append(time.perf_counter() - began)
            seen.failed += answer.status not in OK
        if connection is not None and number % 2:
            connection.close()
            connection = None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), PACE_SECONDS)


def _tell(sums: Sums) -> None:
    """How long each sort was kept at the most."""
    for sort, longest in sums.kept.items():
        console.print(f"{sort.replace('_', ' ')}: kept for {longest:.1f} s at the most", highlight=False)
