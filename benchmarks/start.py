"""How long each service takes from its start until it is ready, with everything that it needs there."""

import statistics
import time
from typing import Final

from harness.addresses import SERVICES
from harness.own_systems import own_system
from harness.reports import Report, Scale

STARTS: Final = {Scale.QUICK: 5, Scale.FULL: 15}


def main(scale: Scale) -> Report:
    """Stop and start each service again and again."""
    report = Report("start", scale)
    with own_system("start") as system:
        for service in SERVICES:
            taken, spent = [], []
            for _ in range(STARTS[scale]):
                system.stop(service)
                began = time.perf_counter()
                system.start(service)
                taken.append(time.perf_counter() - began)
                spent.append(system.processes[service].cpu_seconds())
            report.add(f"T.{service}_ready_s", statistics.median(taken), "s", "<= 2")
            report.add(f"T.{service}_ready_max_s", max(taken), "s")
            report.add(f"T.{service}_ready_cpu_s", statistics.median(spent), "s of a processor")
    return report
