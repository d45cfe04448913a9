"""Who computes where: the server that is measured has a core to itself, load generator and broker share another.

What is left of the machine is for the rest, the database and the simulators; with two cores they share the second one.
"""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harness.system import System


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores that this process may use, shared out."""

    server: int
    load: int
    rest: frozenset[int]

    @classmethod
    def share_out(cls) -> Self:
        """Share out what there is.

        Raises:
            ValueError: there is only one core.
        """
        load, *others = sorted(os.sched_getaffinity(0))
        if not others:
            raise ValueError("a server and its load need a core each")
        return cls(server=others[-1], load=load, rest=frozenset(others[:-1] or [load]))


def keep(pid: int, cores: Iterable[int]) -> None:
    """Keep a process, all its threads and those to come on these cores."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def share_out_system(system: System, *, servers: Collection[str]) -> None:
    """Give a running system its cores: the servers that are compared take turns on one; we are the load generator."""
    cores = Cores.share_out()
    for name, process in system.processes.items():
        place = {cores.server} if name in servers else {cores.load} if name == "kafka" else cores.rest
        keep(process.pid, place)
    keep(os.getpid(), {cores.load})
