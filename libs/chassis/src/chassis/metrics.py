"""Prometheus metrics from the one typed list in `contracts.telemetry`."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from contracts.telemetry import METRICS, MetricName

# From a fast ingress answer (1 ms) to the longest outside call budget (10 s); each about 2.5 times the last.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One process's metrics; a name that is not on the list does not type-check.

    Looking up a metric's labels takes longer than counting, so each is looked up once.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._counting: dict[tuple[str, ...], Counter] = {}
        self._observing: dict[tuple[str, ...], Histogram] = {}
        for metric in METRICS.values():
            if metric.kind == "counter":
                self._counters[metric.name] = Counter(metric.name, metric.help, metric.labels, registry=self.registry)
            elif metric.kind == "gauge":
                self._gauges[metric.name] = Gauge(metric.name, metric.help, metric.labels, registry=self.registry)
            else:
                self._histograms[metric.name] = Histogram(
                    metric.name, metric.help, metric.labels, registry=self.registry, buckets=metric.buckets or _BUCKETS
                )

    def count(self, name: MetricName, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (name, *labels, *labels.values())
        counter = self._counting.get(key)
        if counter is None:
            found = self._counters[name]
            counter = self._counting[key] = found.labels(**labels) if labels else found
        counter.inc(amount)

    def set(self, name: MetricName, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: MetricName, value: float, **labels: str) -> None:
        """Record a value in a histogram."""
        key = (name, *labels, *labels.values())
        histogram = self._observing.get(key)
        if histogram is None:
            found = self._histograms[name]
            histogram = self._observing[key] = found.labels(**labels) if labels else found
        histogram.observe(value)

    def counter(self, name: MetricName, **labels: str) -> Callable[[float], None]:
        """Adds to a counter whose labels are looked up once, for hot paths."""
        return self._counters[name].labels(**labels).inc

    def observer(self, name: MetricName, **labels: str) -> Callable[[float], None]:
        """Records values in a histogram whose labels are looked up once, for hot paths."""
        return self._histograms[name].labels(**labels).observe

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
