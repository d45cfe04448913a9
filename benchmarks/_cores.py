"""Who computes where: the server that is measured has a core to itself, load generator and broker share another.

What is left of the machine is for the rest, the database and the simulators; with two cores they share the second one.
With four, what is only there while something else is measured beside it has one of them to itself, so that what is
compared is what the two share and not a place on a core.
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
    beside: frozenset[int]

    @classmethod
    def share_out(cls) -> Self:
        """Share out what there is.

        Raises:
            ValueError: there is only one core.
        """
        load, *others = sorted(os.sched_getaffinity(0))
        if not others:
            raise ValueError("a server and its load need a core each")
        rest = others[:-1] or [load]
        return cls(server=others[-1], load=load, rest=frozenset(rest), beside=frozenset(rest[-1:]))


def keep(pid: int, cores: Iterable[int]) -> None:
    """Keep a process, all its threads and those to come on these cores."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def share_out_system(system: System, *, servers: Collection[str], beside: Collection[str] = ()) -> None:
    """Give a running system its cores: the servers that are compared take turns on one; we are the load generator.

    Args:
        system: what runs.
        servers: what is measured.
        beside: what works only in one of the two situations that are compared.
    """
    cores = Cores.share_out()
    steady = (cores.rest - cores.beside) or cores.rest
    for name, process in system.processes.items():
        if name in servers:
            keep(process.pid, {cores.server})
        elif name == "kafka":
            keep(process.pid, {cores.load})
        elif name in beside:
            keep(process.pid, cores.beside)
        else:
            keep(process.pid, steady if beside else cores.rest)
    keep(os.getpid(), {cores.load})
