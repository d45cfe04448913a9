"""Counters and histograms in plain numbers, which Prometheus' own library writes down when it is asked.

That library's counters take a lock for every number, and its histograms one more and a walk through the buckets; here
everything is counted by the one thread of the event loop, and the ingress counts twice in some fifty microseconds.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final, Generic, TypeVar

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from contracts.telemetry import Metric

Family = TypeVar("Family", CounterMetricFamily, HistogramMetricFamily)

# From a fast ingress answer (1 ms) to the longest outside call budget (10 s); each about 2.5 times the last.
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Count:
    """One counter, of one set of labels."""

    __slots__ = ("total",)

    def __init__(self) -> None:
        self.total = 0.0

    def take(self, amount: float) -> None:
        """Add so much."""
        self.total += amount


class Distribution:
    """One histogram, of one set of labels."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """`bounds` are the greatest values of its buckets; what is greater than all has one more."""
        self._bounds = bounds
        self.counts, self.total = [0] * (len(bounds) + 1), 0.0

    def take(self, value: float) -> None:
        """Take a value in."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


One = TypeVar("One", Count, Distribution)


class _Series(Collector, ABC, Generic[One, Family]):
    """A metric: one for each set of labels that was met."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._found: dict[tuple[str, ...], One] = {}
        if not metric.labels:
            self.takes({})

    def takes(self, labels: dict[str, str]) -> Callable[[float], None]:
        """What counts under these labels, which are all that the metric has.

        Raises:
            ValueError: there are others, or too few.
        """
        if labels.keys() != set(self._metric.labels):
            raise ValueError(f"{self._metric.name} has the labels {self._metric.labels}")
        values = tuple(labels[name] for name in self._metric.labels)
        return self._found.setdefault(values, self._new()).take

    def collect(self) -> Iterator[Family]:
        """Everything, as the library writes it down."""
        family = self._family()
        for values, one in self._found.items():
            self._tell(family, values, one)
        yield family

    @abstractmethod
    def _new(self) -> One: ...

    @abstractmethod
    def _family(self) -> Family: ...

    @abstractmethod
    def _tell(self, family: Family, values: tuple[str, ...], one: One) -> None: ...


class Counts(_Series[Count, CounterMetricFamily]):
    """A counter."""

    def _new(self) -> Count:
        return Count()

    def _family(self) -> CounterMetricFamily:
        return CounterMetricFamily(self._metric.name, self._metric.help, labels=self._metric.labels)

    def _tell(self, family: CounterMetricFamily, values: tuple[str, ...], one: Count) -> None:
        family.add_metric(values, one.total)


class Distributions(_Series[Distribution, HistogramMetricFamily]):
    """A histogram."""

    def __init__(self, metric: Metric) -> None:
        self._bounds = metric.buckets or _BUCKETS
        self._names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        super().__init__(metric)

    def _new(self) -> Distribution:
        return Distribution(self._bounds)

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._metric.name, self._metric.help, labels=self._metric.labels)

    def _tell(self, family: HistogramMetricFamily, values: tuple[str, ...], one: Distribution) -> None:
        buckets = list(zip(self._names, accumulate(one.counts), strict=True))
        family.add_metric(values, buckets, one.total)
