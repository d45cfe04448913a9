"""Alert rules and dashboards ask for metrics that exist, and every alert has a page that says what to do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from contracts.telemetry import METRICS

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
OTHERS = {"up": {"job", "instance"}, "kafka_consumergroup_lag": {"consumergroup", "topic"}}
"""Metrics of Prometheus itself and of kafka_exporter."""


def rules() -> Iterator[dict[str, Any]]:
    """Every rule of every file."""
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def exported() -> dict[str, set[str]]:
    """Labels by the name that a scrape shows."""
    found = {}
    for metric in METRICS.values():
        ends = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[metric.kind]
        for end in ends:
            found[metric.name + end] = {*metric.labels, "job", "instance"} | ({"le"} if end == "_bucket" else set())
    return found


KNOWN = exported() | OTHERS | {rule["record"]: set[str]() for rule in rules() if "record" in rule}


def selectors(node: Any) -> Iterator[promql_parser.VectorSelector]:
    """Every selector of a query, wherever it stands."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
        return
    for name in ("expr", "lhs", "rhs", "vector_selector", "args", "param"):
        inner = getattr(node, name, None)
        for part in inner if isinstance(inner, list | tuple) else [inner]:
            if part is not None and not isinstance(part, str | int | float):
                yield from selectors(part)


def check(query: str) -> None:
    """A query parses, and asks for metrics and labels that exist."""
    found = list(selectors(promql_parser.parse(query)))
    assert found, query
    for selector in found:
        assert selector.name in KNOWN, f"{selector.name} in {query}"
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked <= KNOWN[selector.name], f"{asked} of {selector.name}"


@pytest.mark.parametrize("rule", list(rules()), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_what_exists(rule: dict[str, Any]) -> None:
    """A rule is PromQL over metrics and labels that are really exported."""
    check(rule["expr"])


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_asks_for_what_exists(dashboard: Path) -> None:
    """Every panel asks for metrics and labels that are really exported."""
    content = json.loads(dashboard.read_text())
    for panel in content["panels"]:
        for target in panel["targets"]:
            check(target["expr"])


def test_every_metric_is_on_a_dashboard() -> None:
    """What nobody can see need not be measured."""
    text = "".join(path.read_text() for path in DASHBOARDS) + "".join(path.read_text() for path in RULES)

    assert [name for name in METRICS if name not in text] == []


@pytest.mark.parametrize("rule", [rule for rule in rules() if "alert" in rule], ids=lambda rule: rule["alert"])
def test_every_alert_has_a_runbook(rule: dict[str, Any]) -> None:
    """Whoever is woken is told what it means, where to look and what to do."""
    page = (ROOT / rule["annotations"]["runbook"]).read_text()

    assert f"`{rule['alert']}`" in page
    assert {"## What it means", "## Look", "## Do"} <= set(page.splitlines())
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_the_bucket_of_an_objective_exists() -> None:
    """An objective is counted at a bucket's edge, or it would be an estimate."""
    edges = METRICS["reply_seconds"].buckets

    assert 30 in edges
    for rule in rules():
        for edge in re.findall(r'reply_seconds_bucket\{le="([^"]+)"', rule["expr"]):
            assert float(edge) in edges


@pytest.mark.parametrize("query", ["rate(nobodys_total[5m])", 'sum(rate(sends_total{color="red"}[5m])) / 2 > 1'])
def test_a_query_for_what_does_not_exist_is_caught(query: str) -> None:
    """The check above would notice a metric or a label that was renamed."""
    with pytest.raises(AssertionError):
        check(query)
