"""Children of a supervisor: started, stopped, and never left behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.errors import StartFailedError
from harness.processes import Command, Supervisor
from harness.records import ProcessRecord, ProcessRecords
from harness.waiting import wait_for

pytestmark = pytest.mark.integration

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"

FREEZES = 10
BUSY = """
import hashlib, itertools, os, threading
block = os.urandom(1 << 20)
work = lambda: all(hashlib.sha256(block).digest() for _ in itertools.count())
for _ in range(8):
    threading.Thread(target=work).start()
print("up", flush=True)
"""

ABANDONED = """
import signal, sys
from pathlib import Path
from harness.processes import Command, Supervisor
from harness.records import ProcessRecords
supervisor = Supervisor(ProcessRecords(Path(sys.argv[1])))
supervisor.start(Command(name="child", arguments=("sleep", "600"), log=Path(sys.argv[2])))
signal.pause()
"""


def python(folder: Path, code: str) -> Command:
    """A Python program that can be looked up by the name `child`."""
    return Command(name="child", arguments=(sys.executable, "-c", code), log=folder / "child.log")


def test_a_child_stops_when_asked(tmp_path: Path) -> None:
    """SIGTERM ends a child that heeds it, and its output is in its log."""
    with Supervisor() as supervisor:
        child = supervisor.start(python(tmp_path, "import signal; print('up', flush=True); signal.pause()"))
        child.wait_ready(lambda: "up" in child.command.log.read_text(), seconds=20)
        child.stop()

        assert not child.running


def test_a_child_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    """When the grace is over, a child is killed."""
    with Supervisor() as supervisor:
        child = supervisor.start(python(tmp_path, STUBBORN))
        child.wait_ready(lambda: "up" in child.command.log.read_text(), seconds=20)
        child.stop(grace_seconds=0.2)

        assert not child.running


def test_a_frozen_child_can_be_stopped(tmp_path: Path) -> None:
    """Stopping wakes a frozen child first, so that it can end in order."""
    with Supervisor() as supervisor:
        child = supervisor.start(Command(name="child", arguments=("sleep", "600"), log=tmp_path / "child.log"))
        child.pause()
        assert psutil.STATUS_STOPPED == psutil.Process(child.pid).status()
        child.stop()

        assert not child.running


def test_nothing_of_a_frozen_child_runs(tmp_path: Path) -> None:
    """When a freeze returns, every thread stands still, however many there were at work."""
    with Supervisor() as supervisor:
        child = supervisor.start(python(tmp_path, BUSY))
        child.wait_ready(lambda: "up" in child.command.log.read_text(), seconds=20)
        for _ in range(FREEZES):
            child.pause()
            spent = child.cpu_seconds()
            assert {spent} == {child.cpu_seconds() for _ in range(10)}
            child.resume()


def test_processor_time_is_counted_finely(tmp_path: Path) -> None:
    """What a child has computed is seen finer than in ticks while it lives, and its rest is not counted."""
    code = "import signal, time\nwhile time.process_time() < 0.1: pass\nprint('up', flush=True); signal.pause()"
    with Supervisor() as supervisor:
        child = supervisor.start(python(tmp_path, code))
        child.wait_ready(lambda: "up" in child.command.log.read_text(), seconds=20)
        spent = child.cpu_seconds()

        assert spent >= 0.1
        assert round(spent, 2) != spent
        assert child.cpu_seconds() - spent < 0.1


def test_a_child_that_fails_to_start_says_why(tmp_path: Path) -> None:
    """The error names the child and carries the end of its log."""
    with Supervisor() as supervisor:
        child = supervisor.start(python(tmp_path, "raise SystemExit('no such luck')"))

        with pytest.raises(StartFailedError, match=r"(?s)child ended with code 1.*no such luck"):
            child.wait_ready(lambda: False, seconds=20)


def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """A supervisor killed with -9 leaves no child behind."""
    records = ProcessRecords(tmp_path / "processes.json")
    with abandoned(tmp_path) as supervisor:
        child = wait_for(lambda: child_of(records), what="the child", seconds=60)
        supervisor.kill()

    wait_for(lambda: is_gone(child), what="the child's end", seconds=30)
    assert ["child"] == [record.name for record in records.read() if record.pid == child.pid]


def test_a_process_is_known_again_after_the_clock_was_set(tmp_path: Path) -> None:
    """A record holds though start times told by the wall clock move; another start time is another process."""
    with Supervisor() as supervisor:
        child = supervisor.start(Command(name="child", arguments=("sleep", "600"), log=tmp_path / "child.log"))
        record = ProcessRecord.of(child.pid, "child")

        assert child.pid == getattr(replace(record, started_after=record.started_after + 1).find(), "pid", None)
        assert replace(record, started_after=record.started_after + 2).find() is None


def test_what_a_killed_run_left_is_found_by_its_records(tmp_path: Path) -> None:
    """A recorded process that still runs is stopped, and the list is gone afterwards."""
    records = ProcessRecords(tmp_path / "processes.json")
    with Supervisor(records) as supervisor:
        child = supervisor.start(Command(name="child", arguments=("sleep", "600"), log=tmp_path / "child.log"))
        left = [record for record in records.read() if record.pid == child.pid]
        records.write(left)

        assert ["child"] == records.stop_survivors(grace_seconds=5)
        assert not child.running
        assert [] == records.read()


def test_another_process_with_a_recorded_id_is_left_alone(tmp_path: Path) -> None:
    """An id alone proves nothing: command line and start time must agree too."""
    records = ProcessRecords(tmp_path / "processes.json")
    with Supervisor(records) as supervisor:
        child = supervisor.start(Command(name="child", arguments=("sleep", "600"), log=tmp_path / "child.log"))
        text = (tmp_path / "processes.json").read_text()
        (tmp_path / "processes.json").write_text(
            text.replace('"600"', '"601"').replace(f'"pid": {os.getpid()}', '"pid": 1')
        )

        assert [] == records.stop_survivors(grace_seconds=5)
        assert child.running


@contextmanager
def abandoned(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of its own that supervises one child and never ends by itself; killed at the end at the latest."""
    arguments = (sys.executable, "-c", ABANDONED, str(folder / "processes.json"), str(folder / "child.log"))
    with subprocess.Popen(arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def child_of(records: ProcessRecords) -> psutil.Process | None:
    """The recorded child, once it is there."""
    return next((record.find() for record in records.read() if record.name == "child"), None)


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended; one that nobody has reaped yet has."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
