"""Topics: the catalogue, the code and the consumers say the same."""

import ast
from pathlib import Path

import pytest
import yaml

from chassis.kafka import ACK_POLICY
from contracts import topics
from contracts.envelope import EventType
from contracts.topics import EVENT_TYPES

ROOT = Path(__file__).parents[2]
SERVICES = ("oauth", "webhooks", "actions", "timeline")
DECLARED = yaml.safe_load((ROOT / "deploy" / "topics.yaml").read_text())["topics"]


def constants(path: Path) -> set[str]:
    """Topics whose event types a module imports."""
    return {
        getattr(topics, alias.name).name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "contracts.topics"
        for alias in node.names
        if isinstance(getattr(topics, alias.name), EventType)
    }


def consumed(service: str) -> set[str]:
    """Topics that a service subscribes to."""
    path = ROOT / "services" / service / "src" / service / "consumers.py"
    return constants(path) if path.exists() else set()


def produced(service: str) -> set[str]:
    """Topics that a service's use cases tell."""
    inside = ROOT / "services" / service / "src" / service
    files = [*inside.glob("handlers.py"), *inside.glob("handlers/*.py")]
    return set().union(*(constants(path) for path in files))


def test_the_catalogue_and_the_code_name_the_same_topics() -> None:
    """Every event type has a declared topic, and every declared topic an event type."""
    assert set(EVENT_TYPES) == set(DECLARED)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_compaction_is_declared_where_it_is_meant(name: str) -> None:
    """A topic is compacted in the catalogue exactly if its event type says so."""
    assert EVENT_TYPES[name].compacted == (DECLARED[name].get("cleanup_policy") == "compact")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_consumes_what_is_declared(service: str) -> None:
    """The consumers in the catalogue are the subscribers in the code."""
    assert {name for name, entry in DECLARED.items() if service in entry["consumers"]} == consumed(service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_produces_only_what_is_declared(service: str) -> None:
    """What a service's use cases tell is declared as its own in the catalogue."""
    assert set() == produced(service) - {name for name, entry in DECLARED.items() if service in entry["producers"]}


def test_the_ack_policy_is_set_once(sources: dict[Path, ast.Module]) -> None:
    """Nothing is committed past a failure: one policy, on the one broker, and nobody deviates."""
    deviating = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, module in sources.items()
        if path.relative_to(ROOT).as_posix() != "libs/chassis/src/chassis/kafka.py"
        for node in ast.walk(module)
        if (isinstance(node, ast.keyword) and node.arg in {"ack_policy", "auto_commit", "enable_auto_commit", "no_ack"})
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "KafkaBroker")
    ]

    assert ACK_POLICY.name == "NACK_ON_ERROR"
    assert [place for place in deviating if not place.startswith("libs/harness/")] == []
