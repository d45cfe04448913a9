"""A thousand clients in no hurry at each of the four services: every one is closed, and whoever asks is answered.

The ingress stands in the open, and `slow_clients` measures what honest deliveries notice there. The other services are
reached through the gateway or by their sisters, and hold the same line by themselves: one service at a time is crowded,
is asked by somebody honest all the while, and is stopped while it is full.
"""

import asyncio
import json
import resource
import sys
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import _slow_clients
import httpx2

from harness.addresses import SERVICES
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import elapse

CLIENTS: Final = {Scale.QUICK: 1_000, Scale.FULL: 2_000}
CLOSED_SECONDS: Final = 10.0
DRAIN_SECONDS: Final = 10.0
LONGEST_DRAIN: Final = 60.0
ASKED_EVERY_SECONDS: Final = 0.2
CALL_SECONDS: Final = 10.0


@dataclass
class Crowded:
    """What one service did with its crowd.

    Attributes:
        clients: how many were slow.
        still_open: how many of them were not closed.
        kept: the longest that one was kept, in seconds.
        asked: honest questions meanwhile.
        unanswered: those of them without a good answer.
        drained: how long it took to end while it was full, in seconds.
    """

    clients: int = 0
    still_open: int = 0
    kept: float = 0.0
    asked: int = 0
    unanswered: list[str] = field(default_factory=list)
    drained: float = 0.0


def main(scale: Scale) -> Report:
    """Crowd one after the other."""
    report = Report("slow_services", scale)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with own_system("slow_services") as system:
        for service in SERVICES:
            crowded = asyncio.run(crowd(system, service, CLIENTS[scale]))
            _report(report, service, crowded, CLIENTS[scale])
    return report


async def crowd(system: System, service: str, clients: int) -> Crowded:
    """Crowd a service, ask it all the while, crowd it again and stop it; it is started again in the end."""
    seen = Crowded()
    slow = await _begin(system, service, clients)
    asking = asyncio.create_task(_ask(system, service, seen))
    output, _ = await slow.communicate()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    for sort in json.loads(output.splitlines()[-1]).values():
        seen.clients += sort["count"]
        seen.still_open += sort["open"]
        seen.kept = max(seen.kept, sort["longest"])
    again = await _begin(system, service, clients)
    began = time.monotonic()
    await asyncio.to_thread(system.processes[service].stop, grace_seconds=LONGEST_DRAIN)
    seen.drained = time.monotonic() - began
    await again.communicate()
    await asyncio.to_thread(system.start, service)
    return seen


async def _begin(system: System, service: str, clients: int) -> asyncio.subprocess.Process:
    """The slow clients, from when all of them are slow."""
    port, pid = urlsplit(system.url(service)).port, system.processes[service].pid
    crowd = await asyncio.create_subprocess_exec(
        sys.executable, _slow_clients.__file__, str(port), str(clients), str(pid), stdout=asyncio.subprocess.PIPE
    )
    assert crowd.stdout is not None
    await crowd.stdout.readline()
    return crowd


async def _ask(system: System, service: str, seen: Crowded) -> None:
    """Ask whether it is ready, each time by a connection of its own."""
    while True:
        try:
            async with httpx2.AsyncClient(trust_env=False, timeout=CALL_SECONDS) as http:
                answer = await http.get(f"{system.url(service)}/readyz")
            if not answer.is_success:
                seen.unanswered.append(str(answer.status_code))
        except httpx2.TransportError as error:
            seen.unanswered.append(type(error).__name__)
        seen.asked += 1
        await elapse(ASKED_EVERY_SECONDS)


def _report(report: Report, service: str, seen: Crowded, clients: int) -> None:
    report.add(f"H.{service}.slow", seen.clients, "slow clients", f">= {clients}")
    report.add(f"H.{service}.still_open", seen.still_open, f"after {_slow_clients.PATIENCE_SECONDS:.0f} s", "== 0")
    report.add(f"H.{service}.closed_max_s", seen.kept, "s", f"<= {CLOSED_SECONDS:g}")
    report.add(f"H.{service}.asked", seen.asked, "honest questions meanwhile", ">= 10")
    report.add(f"H.{service}.unanswered", len(seen.unanswered), "; ".join(sorted(set(seen.unanswered)))[:200], "== 0")
    report.add(f"H.{service}.drain_s", seen.drained, "s", f"<= {DRAIN_SECONDS:g}")
