"""Prometheus metrics from the one typed list in `contracts.telemetry`."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from chassis.series import Counts, Distributions
from contracts.telemetry import METRICS, MetricName

Take = Callable[[float], None]
"""Counts a number."""


class Metrics:
    """One process's metrics; a name that is not on the list does not type-check.

    Looking up a metric's labels takes longer than counting, so each is looked up once. Only the thread of the event
    loop counts.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counts] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Distributions] = {}
        self._takes: dict[tuple[str, ...], Take] = {}
        for metric in METRICS.values():
            if metric.kind == "counter":
                self._counters[metric.name] = Counts(metric)
            elif metric.kind == "gauge":
                self._gauges[metric.name] = Gauge(metric.name, metric.help, metric.labels, registry=self.registry)
            else:
                self._histograms[metric.name] = Distributions(metric)
        for series in (*self._counters.values(), *self._histograms.values()):
            self.registry.register(series)

    def count(self, name: MetricName, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (name, *labels, *labels.values())
        take = self._takes.get(key)
        if take is None:
            take = self._takes[key] = self._counters[name].takes(labels)
        take(amount)

    def set(self, name: MetricName, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: MetricName, value: float, **labels: str) -> None:
        """Record a value in a histogram."""
        key = (name, *labels, *labels.values())
        take = self._takes.get(key)
        if take is None:
            take = self._takes[key] = self._histograms[name].takes(labels)
        take(value)

    def counter(self, name: MetricName, **labels: str) -> Take:
        """Adds to a counter whose labels are looked up once, for hot paths."""
        return self._counters[name].takes(labels)

    def observer(self, name: MetricName, **labels: str) -> Take:
        """Records values in a histogram whose labels are looked up once, for hot paths."""
        return self._histograms[name].takes(labels)

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
