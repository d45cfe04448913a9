"""What a run wrote down about its processes, so that the next run can find what a killed one left behind."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil

from harness.waiting import wait_for

_EXEC_SECONDS = 5.0
_CLOCK_SLACK_SECONDS = 1.5


@dataclass(frozen=True, kw_only=True)
class ProcessRecord:
    """One process: its id, and what tells it from another that was given the same id later."""

    pid: int
    name: str
    started_after: float
    """Seconds from the machine's boot to the process's start: the wall clock may be set, this cannot."""
    command_line: tuple[str, ...]

    @classmethod
    def of(cls, pid: int, name: str) -> Self:
        """The record of a process that runs now.

        Raises:
            psutil.Error: it has ended.
        """
        process = psutil.Process(pid)
        # Between fork and exec's last step a process has no command line yet.
        command_line = wait_for(process.cmdline, what=f"the command line of {name}", seconds=_EXEC_SECONDS)
        return cls(pid=pid, name=name, started_after=_started_after(process), command_line=tuple(command_line))

    def find(self) -> psutil.Process | None:
        """The process, when it still runs and is the one that was recorded."""
        try:
            process = psutil.Process(self.pid)
            same = tuple(process.cmdline()) == self.command_line and self._agrees(_started_after(process))
        except psutil.Error:
            return None
        return process if same else None

    def _agrees(self, started_after: float) -> bool:
        return abs(self.started_after - started_after) < _CLOCK_SLACK_SECONDS


def _started_after(process: psutil.Process) -> float:
    # Both are told in wall-clock time, and both move when the clock is set; the second may be rounded in between.
    return process.create_time() - psutil.boot_time()


SUPERVISOR = "harness"
"""The name under which a run's own process is recorded, before those it started."""


class ProcessRecords:
    """The file that lists a run's processes."""

    def __init__(self, path: Path) -> None:
        """Keep the list in this file."""
        self._path = path

    def write(self, records: Sequence[ProcessRecord]) -> None:
        """Replace the list in one step; an empty list removes the file."""
        if not records:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps([asdict(record) for record in records], indent=1))
        draft.replace(self._path)

    def read(self) -> list[ProcessRecord]:
        """The recorded processes; none when there is no list or it cannot be read."""
        try:
            entries = json.loads(self._path.read_text())
            return [ProcessRecord(**{**entry, "command_line": tuple(entry["command_line"])}) for entry in entries]
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def supervisor(self) -> psutil.Process | None:
        """The process of the run that wrote the list, when it still runs."""
        return next(
            (process for record in self.read() if record.name == SUPERVISOR and (process := record.find())), None
        )

    def stop_survivors(self, *, grace_seconds: float) -> list[str]:
        """Stop what is recorded and still runs; the names of what was stopped."""
        survivors = [(record.name, process) for record in self.read() if (process := record.find()) is not None]
        for _, process in survivors:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
                process.terminate()
        _, stubborn = psutil.wait_procs([process for _, process in survivors], timeout=grace_seconds)
        for process in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stubborn, timeout=grace_seconds)
        self.write([])
        return [name for name, _ in survivors]
