"""A service of ours that nobody watches: metrics go nowhere, and no trace is exported.

What it costs to be seen is measured against this. Everything else is as in the service's own `__main__`.
"""

import gc
import json
import os
import sys
from collections.abc import Callable
from functools import partial

import timeline.app
import timeline.settings
import webhooks.app
import webhooks.settings
from chassis import logging
from chassis.lifespan import Plumbing
from chassis.metrics import Metrics
from chassis.server import serve
from chassis.settings import load
from contracts.telemetry import MetricName
from webhooks.__main__ import GC_ALLOCATIONS
from webhooks.api.exchange import ExchangeProtocol


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


def run_webhooks() -> None:
    """The ingress."""
    settings = load(webhooks.settings.Settings)
    logging.configure("webhooks", settings.log_level)
    app = webhooks.app.build(settings, Plumbing(clock=settings.clock(), metrics=NoMetrics()))
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS)
    protocol = partial(ExchangeProtocol, reception=app.reception)
    serve(app, host=settings.host, port=settings.port, protocol=protocol)


def run_timeline() -> None:
    """The timeline."""
    settings = load(timeline.settings.Settings)
    logging.configure("timeline", settings.log_level)
    app = timeline.app.build(settings, Plumbing(clock=settings.clock(), metrics=NoMetrics()))
    serve(app, host=settings.host, port=settings.port)


if __name__ == "__main__":
    os.environ.update(json.loads(sys.argv[2]))
    {"webhooks": run_webhooks, "timeline": run_timeline}[sys.argv[1]]()
