"""Watching what a process holds in memory."""

import os
import signal
import sys
from pathlib import Path

import pytest

from harness.memory import MemoryWatch
from harness.processes import Command, Process
from harness.waiting import wait_for

pytestmark = pytest.mark.integration

GREEDY = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("ready", flush=True)
signal.sigwait({signal.SIGUSR1})
held = b"a" * (64 * 1024 * 1024)
signal.pause()
"""


def test_growth_is_what_came_on_top(tmp_path: Path) -> None:
    """What a process takes while it is watched is its growth, and stays its peak when the process has ended."""
    log = tmp_path / "greedy.log"
    process = Process(Command(name="greedy", arguments=(sys.executable, "-c", GREEDY), log=log))
    try:
        wait_for(lambda: "ready" in log.read_text(), what="the process to start", seconds=30)
        with MemoryWatch(process) as watch:
            os.kill(process.pid, signal.SIGUSR1)
            wait_for(lambda: watch.growth >= 60, what="the process to grow", seconds=30)
            process.kill()
    finally:
        process.kill()

    assert 60 <= watch.growth <= 80
    assert 0 == watch.now()
