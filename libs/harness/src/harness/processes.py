"""Child processes: a log file each, readiness, a graceful stop, kill and freeze, and none left behind.

Every child leads a session of its own, so Ctrl-C in a terminal reaches only the supervisor, which stops the children
in order. A watchdog, a shell of one megabyte, stops them when the supervisor itself is killed.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from harness.errors import StartFailedError
from harness.records import SUPERVISOR, ProcessRecord, ProcessRecords
from harness.waiting import ConditionNotMetError, wait_for

GRACE_SECONDS = 10.0

# Each line read is the whole list of process groups at that moment. The end of input means that the supervisor is gone.
_WATCHDOG = """
while read -r line; do groups=$line; done
[ -n "$groups" ] || exit 0
kill -s CONT -- $groups 2>/dev/null
kill -s TERM -- $groups 2>/dev/null
sleep 3
kill -s KILL -- $groups 2>/dev/null
exit 0
"""

_LOG_TAIL_CHARACTERS = 2_000

_FREEZE_SECONDS = 10.0

_STILL = frozenset("TtZX")
"""Stopped, traced, or ended (proc_pid_stat(5) of Linux)."""

_LOOK_PAUSE_SECONDS = 0.02
"""How late its readiness is seen at most: little of the time that starting takes, which is measured by it."""

_SCHEDULED = 2
"""Which clock of a process: user and system time as its scheduler counts them (clock_getcpuclockid(3) of Linux)."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to run: a name for people, the arguments, the whole environment, and where its output goes."""

    name: str
    arguments: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class Process:
    """One running child."""

    def __init__(self, command: Command) -> None:
        """Start it; its output is added to the log file."""
        self.command = command
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("ab") as output:
            self._child = subprocess.Popen(
                command.arguments,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._asked = False

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    def cpu_seconds(self) -> float:
        """Processor time used by it and its living children, by the system's own clocks; 0 once it has ended."""
        if not self.running:
            return 0.0
        family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        return sum(_cpu_seconds(member) for member in family)

    def resident_bytes(self) -> int:
        """Memory held by it and its children, in bytes; 0 once it has ended."""
        if not self.running:
            return 0
        family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        return sum(member.memory_info().rss for member in family)

    def wait_ready(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until `ready` holds.

        Raises:
            StartFailedError: it ended, or was not ready within so many seconds.
        """
        try:
            wait_for(
                lambda: ready() or not self.running,
                what=self.command.name,
                seconds=seconds,
                longest_pause_seconds=_LOOK_PAUSE_SECONDS,
            )
        except ConditionNotMetError:
            raise StartFailedError(self._failure(f"was not ready within {seconds:g} s")) from None
        if not self.running:
            raise StartFailedError(self._failure(f"ended with code {self._child.returncode}"))

    def ask_to_end(self) -> None:
        """Ask it to end (SIGTERM), once, without waiting: for several that may end at the same time."""
        self.resume()
        if not self._asked:
            self._asked = True
            self._signal(signal.SIGTERM)

    def stop(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask it to end (SIGTERM), and kill it when it has not within the grace."""
        self.ask_to_end()
        try:
            self._child.wait(timeout=grace_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), with everything it started."""
        self._signal(signal.SIGKILL)
        self._child.wait()

    def pause(self) -> None:
        """Freeze it (SIGSTOP), and return when it is: its connections stay open and nothing answers.

        Raises:
            ConditionNotMetError: some of it still ran after so long.
        """
        self._signal(signal.SIGSTOP)
        wait_for(self._stands_still, what=f"{self.command.name} to stand still", seconds=_FREEZE_SECONDS)

    def resume(self) -> None:
        """Let a frozen process go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def limit_files(self, most: int) -> None:
        """Let none of its files grow beyond so many bytes: to it the disk is full (setrlimit(2))."""
        psutil.Process(self.pid).rlimit(psutil.RLIMIT_FSIZE, (most, psutil.RLIM_INFINITY))

    def _stands_still(self) -> bool:
        """Whether each of its threads was stopped or has ended; where there is much to do that takes a while."""
        if not self.running:
            return True
        threads = Path(f"/proc/{self.pid}/task")
        if not threads.exists():  # not Linux, which alone tells of each thread
            return psutil.Process(self.pid).status() == psutil.STATUS_STOPPED
        return all(_state(thread) in _STILL for thread in threads.iterdir())

    def _signal(self, number: signal.Signals) -> None:
        if self.running:
            os.killpg(self.pid, number)

    def _failure(self, what: str) -> str:
        tail = self.command.log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]
        return f"{self.command.name} {what}; the end of {self.command.log}:\n{tail}"


def _state(thread: Path) -> str:
    """The state of a thread; its name, which stands before it in parentheses, may hold anything."""
    try:
        return thread.joinpath("stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


class Supervisor:
    """Owns child processes and leaves none behind, however it ends itself."""

    def __init__(self, records: ProcessRecords | None = None) -> None:
        """Begin with no children; with `records`, a later run can find those of a killed one."""
        self._records = records
        self._processes: list[Process] = []
        self._watchdog = subprocess.Popen(
            ("/bin/sh", "-c", _WATCHDOG),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.close()

    @property
    def processes(self) -> tuple[Process, ...]:
        """The children that run, in the order they were started."""
        return tuple(process for process in self._processes if process.running)

    def start(self, command: Command) -> Process:
        """Start a child."""
        process = Process(command)
        self._processes.append(process)
        self._note()
        return process

    def close(self) -> None:
        """Stop every child, the last started first, and the watchdog."""
        for process in reversed(self.processes):
            process.stop()
        self._note()
        self._watchdog.communicate()

    def _note(self) -> None:
        self._processes = list(self.processes)
        groups = " ".join(f"-{process.pid}" for process in self._processes)
        if self._watchdog.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # somebody killed the watchdog: the records remain
                self._watchdog.stdin.write(f"{groups}\n".encode())
                self._watchdog.stdin.flush()
        if self._records is not None:
            self._records.write(self._list())

    def _list(self) -> list[ProcessRecord]:
        children = [(process.pid, process.command.name) for process in self._processes]
        records = []
        for pid, name in [(os.getpid(), SUPERVISOR), *children] if children else []:
            with contextlib.suppress(psutil.Error):  # a child may end at any moment
                records.append(ProcessRecord.of(pid, name))
        return records


def _cpu_seconds(process: psutil.Process) -> float:
    """By Linux' clock of the process, which is exact to the nanosecond; what psutil reads counts ticks of 10 ms."""
    if psutil.LINUX:
        return time.clock_gettime(~process.pid << 3 | _SCHEDULED)
    times = process.cpu_times()
    return times.user + times.system
