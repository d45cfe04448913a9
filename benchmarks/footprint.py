"""Memory of the whole system at rest, after it did its main job once.

Every process counts, the supervisor too, but for the simulators, which stand for somebody else's servers.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console

from harness.addresses import SERVICES, SIMULATORS
from harness.journal import Journal
from harness.ports import free_port
from harness.processes import Supervisor
from harness.reports import Report, Scale
from harness.run_file import RunFile
from harness.settings import HarnessSettings
from harness.system import System
from harness.walk import Walk

IDLE_SECONDS = 30.0
"""How long the system rests before it is measured: the resting is what is measured."""

MIB = 1024 * 1024


def main(scale: Scale) -> Report:
    """Start a system, walk, let it rest, and add up the resident memory of its processes."""
    report = Report("footprint", scale)
    for name, mib in _resident().items():
        report.add(f"M.{name}_mib", mib, "MiB", "<= 110" if name in SERVICES else None)
    report.add("M.total_mib", sum(figure.value for figure in report.figures), "MiB", "<= 1331")
    return report


def _resident() -> dict[str, float]:
    console = Console()
    settings = HarnessSettings.read(os.environ)
    with tempfile.TemporaryDirectory() as folder, Supervisor() as supervisor:
        system = System(
            Path(folder), settings=settings, console=console, supervisor=supervisor, gateway_port=free_port()
        )
        with system:
            asyncio.run(_walk(system.seed("acme"), console))
            time.sleep(IDLE_SECONDS)
            children = {name: process.resident_bytes() for name, process in system.processes.items()}
            resident = {"supervisor": psutil.Process().memory_info().rss, **children}
    return {name: size / MIB for name, size in resident.items() if name not in SIMULATORS}


async def _walk(run: RunFile, console: Console) -> None:
    async with Walk(run, Journal(console)) as walk:
        await walk.all_steps()
