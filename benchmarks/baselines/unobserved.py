"""A service of ours that nobody watches: metrics go nowhere, and no trace is exported.

What it costs to be seen is measured against this. Everything else is what the service's own `__main__` does.
"""

import sys
from collections.abc import Callable
from importlib import import_module

from chassis.metrics import Metrics
from chassis.settings import load
from contracts.telemetry import MetricName


def _nowhere(_: float) -> None:
    """Forget it."""


class NoMetrics(Metrics):
    """Takes everything and keeps nothing."""

    def count(self, name: MetricName, amount: float = 1, **labels: str) -> None:
        """Forget it."""

    def set(self, name: MetricName, value: float, **labels: str) -> None:
        """Forget it."""

    def observe(self, name: MetricName, value: float, **labels: str) -> None:
        """Forget it."""

    def counter(self, name: MetricName, **labels: str) -> Callable[[float], None]:  # noqa: ARG002 - as in what it stands for
        """Forgets."""
        return _nowhere

    def observer(self, name: MetricName, **labels: str) -> Callable[[float], None]:  # noqa: ARG002 - as above
        """Forgets."""
        return _nowhere


if __name__ == "__main__":
    service = sys.argv[1]
    program, settings = import_module(f"{service}.__main__"), import_module(f"{service}.settings")
    program.run(load(settings.Settings), NoMetrics())
