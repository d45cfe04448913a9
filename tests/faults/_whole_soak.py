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
WARM_SHARE: Final = 0.25
"""Until when a process grows for good reasons, as time and as a part of its life: what it reads and remembers first."""
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


@dataclass(frozen=True, slots=True)
class Growth:
    """By how much a process grew in an hour, as seen in so many seconds: memory in MiB, open files, connections."""

    name: str
    seconds: float
    memory: float
    files: float
    connections: float


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

    def growth(self) -> Iterator[Growth]:
        """For each process how it grew in its longest life."""
        longest: dict[str, list[Look]] = {}
        for (name, _), looks in self.lives.items():
            life = looks[-1].at - looks[0].at
            warm = [one for one in looks if one.at - looks[0].at >= max(WARM_SECONDS, WARM_SHARE * life)]
            if len(warm) >= max(LEAST, len(longest.get(name, ()))):
                longest[name] = warm
        for name, looks in sorted(longest.items()):
            yield Growth(
                name,
                seconds=looks[-1].at - looks[0].at,
                memory=hourly([(one.at, one.memory) for one in looks]),
                files=hourly([(one.at, one.files) for one in looks]),
                connections=hourly([(one.at, one.connections) for one in looks]),
            )


def hourly(points: Sequence[tuple[float, float]]) -> float:
    """The least-squares slope through some points, whose places are seconds, an hour; 0 where they are all at one."""
    if not points:
        return 0.0
    middle = sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)
    spread = sum((x - middle[0]) ** 2 for x, _ in points)
    return sum((x - middle[0]) * (y - middle[1]) for x, y in points) / spread * HOUR if spread else 0.0
