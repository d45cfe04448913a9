"""Numbers counted without locks, against the library's own counters and histograms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from chassis.metrics import Metrics
from chassis.series import Counts, Distributions
from contracts.telemetry import METRICS, Metric

PLAIN = Metric("tests", "histogram", "What a test counts.", (), (0.5, 1, 2.5))
LABELLED = Metric("answers", "counter", "What a test counts.", ("route", "status"))
NUMBERS = st.floats(min_value=0, max_value=1e6)


def samples(registry: CollectorRegistry) -> set[tuple[object, ...]]:
    """Everything that a scrape would find, but for when it was made."""
    return {
        (sample.name, *sorted(sample.labels.items()), sample.value)
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@given(st.lists(NUMBERS | st.sampled_from(PLAIN.buckets)))
def test_a_histogram_is_told_as_by_the_library(values: list[float]) -> None:
    """The same values give the same buckets, sum and count, values on a bound included."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counted, expected = Distributions(PLAIN), Histogram("tests", "…", buckets=PLAIN.buckets, registry=theirs)
    ours.register(counted)
    for value in values:
        counted.takes({})(value)
        expected.observe(value)

    assert samples(theirs) == samples(ours)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["200", "503"]), NUMBERS)))
def test_a_counter_is_told_as_by_the_library(amounts: list[tuple[str, str, float]]) -> None:
    """Each set of labels that was met has its own sum."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counted, expected = Counts(LABELLED), Counter("answers", "…", LABELLED.labels, registry=theirs)
    ours.register(counted)
    for route, status, amount in amounts:
        counted.takes({"status": status, "route": route})(amount)
        expected.labels(route=route, status=status).inc(amount)

    assert samples(theirs) == samples(ours)


@pytest.mark.parametrize("labels", [{}, {"route": "a"}, {"route": "a", "status": "200", "tenant": "acme"}])
def test_labels_are_those_of_the_metric(labels: dict[str, str]) -> None:
    """A label that is missing or that nobody listed is a mistake of ours, and is not counted."""
    with pytest.raises(ValueError, match="answers has the labels"):
        Counts(LABELLED).takes(labels)


def test_what_was_never_counted_is_nought() -> None:
    """A metric without labels is there from the start, so that an alert sees its first step."""
    text = Metrics().render().decode()

    for metric in METRICS.values():
        suffix = {"counter": "_total", "gauge": "", "histogram": "_count"}[metric.kind]
        assert metric.labels or f"\n{metric.name}{suffix} 0.0\n" in text
