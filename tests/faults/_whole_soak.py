"""What the processes of a run hold, looked at all the time: memory, open files, connections; and how it grows.

A process that was started again begins anew, so each life is judged by itself, once it has warmed up.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import psutil

from harness.memory import MIB
from harness.system import System
from harness.waiting import pace

EVERY_SECONDS: Final = 5.0
WARM_SECONDS: Final = 60.0
"""Until when a process grows for good reasons: what it reads and remembers first."""
LEAST: Final = 12
"""Looks at a life from which a slope can be told."""
HOUR: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Look:
    """One process at one moment, in seconds; memory in MiB."""

    at: float
    memory: float
    files: int
    connections: int


@dataclass
class Soak:
    """Every look at every life of every process."""

    lives: dict[tuple[str, int], list[Look]] = field(default_factory=dict)

    async def go_on(self, system: System) -> None:
        """Look again and again."""
        at = 0.0
        while True:
            self.look(system, at)
            await pace(EVERY_SECONDS)
            at += EVERY_SECONDS

    def look(self, system: System, at: float) -> None:
        """Look at every process once; one that ends meanwhile is left out."""
        for name, process in system.processes.items():
            with contextlib.suppress(psutil.Error):
                seen = psutil.Process(process.pid)
                look = Look(at, seen.memory_info().rss / MIB, seen.num_fds(), len(seen.net_connections()))
                self.lives.setdefault((name, process.pid), []).append(look)

    def slopes(self) -> Iterator[tuple[str, float, int]]:
        """For each process its longest life: by how much memory grew, in MiB an hour, and the most open files."""
        longest: dict[str, list[Look]] = {}
        for (name, _), looks in self.lives.items():
            warm = [one for one in looks if one.at - looks[0].at >= WARM_SECONDS]
            if len(warm) >= max(LEAST, len(longest.get(name, ()))):
                longest[name] = warm
        for name, looks in sorted(longest.items()):
            yield name, slope([(one.at, one.memory) for one in looks]) * HOUR, max(one.files for one in looks)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The least-squares slope through some points; 0 where they are all at one place."""
    middle = sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)
    spread = sum((x - middle[0]) ** 2 for x, _ in points)
    return sum((x - middle[0]) * (y - middle[1]) for x, y in points) / spread if spread else 0.0
