"""Driving the ingress or its baseline: the generator's process, and what a window of its load showed."""

import contextlib
import json
import subprocess
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.processes import Process
from harness.system import System

GENERATOR: Final = Path(__file__).parent / "_load.py"
MOST_RPS: Final = 30_000
MOST_OF_HUNDRED_RPS: Final = 3_500
"""Requests made beforehand for each second of a window: more than either side can take."""

OK: Final = "200"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two services: where it is, and its process."""

    name: str
    url: str
    process: Process


@dataclass(frozen=True, slots=True)
class Window:
    """What one window showed; seconds, and microseconds of CPU per request."""

    rps: float
    p50: float
    p99: float
    cpu: float


class Load:
    """The generator's process, and what it was told was accepted."""

    def __init__(self, system: System, folder: Path) -> None:
        self._secret = system.credentials.hubspot_client_secret
        self._public_url = system.addresses.gateway_url
        self._accepted = folder
        self._next = 1
        self._child = subprocess.Popen(  # noqa: S603 - our own program
            (sys.executable, str(GENERATOR)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def close(self) -> None:
        """End it."""
        self._child.communicate()

    def drive(
        self,
        side: Side,
        connections: int,
        seconds: float,
        *,
        events: int,
        requests: int,
        rate: float | None = None,
    ) -> dict[str, Any]:
        """One window, and what the generator saw; with a `rate`, requests fall due so many times a second."""
        first, self._next = self._next, self._next + requests * events
        order = {
            "url": side.url,
            "secret": self._secret,
            "public_url": self._public_url,
            "connections": connections,
            "seconds": seconds,
            "first": first,
            "requests": requests,
            "events": events,
            "accepted": str(self._accepted / f"{side.name}-{events}.ids"),
            "rate": rate,
        }
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(order) + "\n")
        self._child.stdin.flush()
        outcome: dict[str, Any] = json.loads(self._child.stdout.readline())
        return outcome

    def window(self, side: Side, connections: int, seconds: float, events: int) -> Window:
        """One window in which everything is answered with 200."""
        most = MOST_RPS if events == 1 else MOST_OF_HUNDRED_RPS
        before = side.process.cpu_seconds()
        outcome = self.drive(side, connections, seconds, events=events, requests=int(most * seconds))
        spent = side.process.cpu_seconds() - before
        answered = outcome["statuses"].get(OK, 0)
        assert {OK: answered} == outcome["statuses"], (side.name, outcome)
        assert outcome["broken"] + outcome["unanswered"] == 0, (side.name, outcome)
        return Window(answered / outcome["seconds"], outcome["p50"], outcome["p99"], spent / answered * 1e6)

    def accepted(self, side: Side, events: int) -> set[int]:
        """The contacts of every acknowledged request of so many events."""
        path, firsts = self._accepted / f"{side.name}-{events}.ids", array("Q")
        if path.exists():
            with path.open("rb") as file, contextlib.suppress(EOFError):
                firsts.fromfile(file, path.stat().st_size // firsts.itemsize)
        return {contact for first in firsts for contact in range(first, first + events)}
