"""Faults ordered through the control API: what goes wrong, how often, and how slow everything is."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum


class FaultKind(StrEnum):
    """How a request fails."""

    STATUS = "status"  # it is answered with the given status, headers and body
    DROP = "drop"  # the connection breaks without an answer
    HANG = "hang"  # no answer ever comes; the connection stays open
    HOLD = "hold"  # it waits until all that is held is let go, and is served then unless its caller has left


@dataclass(slots=True)
class Fault:
    """One ordered fault; `count` falls with each request it hits.

    It hits paths that begin with `path_prefix`, or with `exact` that path alone. With `after_write` the request takes
    effect all the same, `late_seconds` after its answer or want of one.
    """

    path_prefix: str
    kind: FaultKind
    count: int
    method: str | None = None
    status: int = 500
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after_write: bool = False
    late_seconds: float = 0.0
    exact: bool = False

    def hits(self, method: str, path: str) -> bool:
        """Whether a request of this method and path is meant."""
        meant = path == self.path_prefix if self.exact else path.startswith(self.path_prefix)
        return self.method in {None, method} and meant


class FaultPlan:
    """The faults still to happen, in the order they were ordered, and the latencies by path prefix."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._latencies: dict[str, float] = {}
        self._let_go = asyncio.Event()
        self._held = 0

    @property
    def held(self) -> int:
        """How many requests are held now."""
        return self._held

    @contextmanager
    def holding(self) -> Iterator[asyncio.Event]:
        """Count a request as held; the event comes when it is let go."""
        self._held += 1
        try:
            yield self._let_go
        finally:
            self._held -= 1

    def let_go(self) -> None:
        """Let every held request go on; holds that hit no request yet are called off."""
        self._let_go.set()
        self._let_go = asyncio.Event()
        self._faults = [fault for fault in self._faults if fault.kind is not FaultKind.HOLD]

    @property
    def pending(self) -> list[Fault]:
        """The faults still to happen."""
        return list(self._faults)

    def order(self, fault: Fault) -> None:
        """Let a fault happen to the next `count` requests that it is meant for."""
        self._faults.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request suffers, used up by one."""
        for fault in self._faults:
            if fault.hits(method, path):
                fault.count -= 1
                self._faults = [left for left in self._faults if left.count > 0]
                return fault
        return None

    def set_latency(self, path_prefix: str, seconds: float) -> None:
        """Delay every request whose path begins with the prefix; 0 ends it."""
        self._latencies.pop(path_prefix, None)
        if seconds > 0:
            self._latencies[path_prefix] = seconds

    def latency(self, path: str) -> float:
        """The delay of a path in seconds: that of the longest prefix."""
        prefixes = [prefix for prefix in self._latencies if path.startswith(prefix)]
        return self._latencies[max(prefixes, key=len)] if prefixes else 0.0

    def clear_faults(self) -> None:
        """Call off the faults still to happen; latencies stay."""
        self._faults.clear()

    def clear(self) -> None:
        """Call off faults and latencies, and let go what is held."""
        self.let_go()
        self.clear_faults()
        self._latencies.clear()
