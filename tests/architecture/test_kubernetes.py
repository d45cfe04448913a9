"""The Kubernetes manifests, built by kustomize itself: valid against the published schemas, and as we mean them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import promql_parser
import pytest
import yaml
from jsonschema import Draft7Validator

from contracts.telemetry import METRICS

ROOT = Path(__file__).parents[2]
SERVICES = ("oauth", "webhooks", "actions", "timeline")
OVERLAYS = ("production", "evaluation")
OLDEST, NEWEST = "1.32", "1.37"
"""The Kubernetes versions that the manifests hold for: `preStop.sleep` is on from 1.30."""

Objects = list[dict[str, Any]]


@pytest.fixture(scope="module")
def built() -> dict[str, Objects]:
    """Each overlay's objects."""
    return {name: build(ROOT / "deploy" / "k8s" / "overlays" / name) for name in OVERLAYS}


def build(folder: Path) -> Objects:
    """What `kubectl apply -k` would send."""
    go = shutil.which("go") or str(Path(sys.executable).with_name("go"))
    done = subprocess.run(
        [go, "run", ".", str(folder)],
        cwd=ROOT / "tests" / "kubernetes",
        env={**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of(objects: Objects, kind: str) -> dict[str, dict[str, Any]]:
    """Objects of one kind by name."""
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}


def pods(objects: Objects) -> dict[str, dict[str, Any]]:
    """Every pod that is ever started, by who starts it."""
    makers = of(objects, "Deployment") | of(objects, "Job")
    return {name: maker["spec"]["template"]["spec"] for name, maker in makers.items()}


def closed(schema: Any) -> Any:
    """The same schema, but a member that it does not name is an error, as `kubectl` has it."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    opened = (
        "properties" not in schema or schema.get("x-kubernetes-preserve-unknown-fields") or schema["properties"] == {}
    )
    return inner if opened or "additionalProperties" in schema else inner | {"additionalProperties": False}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_object_is_valid(overlay: str, version: str, built: dict[str, Objects]) -> None:
    """Each object agrees with its schema, with no member that the schema does not know."""
    keda = json.loads((ROOT / "tests/kubernetes/schemas/scaledobject.keda.sh-v1alpha1.json").read_text())
    own = {"type": "object", "properties": {"type": "string"}}
    keda["properties"] |= {"metadata": {"type": "object"}, "apiVersion": own["properties"], "kind": own["properties"]}
    for found in built[overlay]:
        if found["apiVersion"] == "keda.sh/v1alpha1":
            assert [] == [error.message for error in Draft7Validator(closed(keda)).iter_errors(found)]
        else:
            kubernetes_validate.validate(found, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_service_is_whole(overlay: str, built: dict[str, Objects]) -> None:
    """Each has pods, an address, a budget for disruptions, an account without a token, and a policy."""
    objects = built[overlay]
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "ServiceAccount", "NetworkPolicy"):
        assert set(SERVICES) <= set(of(objects, kind)), kind
    for account in of(objects, "ServiceAccount").values():
        assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
def test_each_service_starts_with_its_environment(overlay: str, service: str, built: dict[str, Objects]) -> None:
    """The configuration is one that the service accepts in production, and it names nothing unknown."""
    objects = built[overlay]
    container = pods(objects)[service]["containers"][0]
    maps = of(objects, "ConfigMap")
    environment = {
        key: value
        for source in container["envFrom"]
        for key, value in maps[source["configMapRef"]["name"]]["data"].items()
    } | {entry["name"]: "mongodb://a-secret/" for entry in container.get("env", ())}
    check = f"from chassis.settings import load\nfrom {service}.settings import Settings\nload(Settings)"

    result = subprocess.run(
        [sys.executable, "-c", check], env={**environment, "PATH": ""}, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
    assert container["args"] == [service]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_may_do_more_than_it_needs(overlay: str, built: dict[str, Objects]) -> None:
    """Every pod runs as nobody, on a root it cannot write, without capabilities, token, or room without end."""
    for name, pod in pods(built[overlay]).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False, "Kubernetes would set variables with our prefix"
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert {"cpu", "memory"} == set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]
            assert ":" in container["image"]
            assert not container["image"].endswith(":latest")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_roll_out_loses_nothing(overlay: str, built: dict[str, Objects]) -> None:
    """A pod leaves only when another is ready, and has the time that a drain takes (10 s) behind its pause."""
    for service in SERVICES:
        deployment = of(built[overlay], "Deployment")[service]
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]

        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= pause + 10
        assert "/readyz" == container["readinessProbe"]["httpGet"]["path"]
        assert "/livez" == container["livenessProbe"]["httpGet"]["path"] == container["startupProbe"]["httpGet"]["path"]


def test_secrets_are_named_never_written(built: dict[str, Objects]) -> None:
    """No manifest holds a secret; pods name them."""
    for objects in built.values():
        assert {} == of(objects, "Secret")
        for service in SERVICES:
            volumes = {volume["name"]: volume for volume in pods(objects)[service]["volumes"]}
            assert service == volumes["secrets"]["secret"]["secretName"]


CALLERS: Mapping[str, set[str]] = {
    "oauth": {"ingress-nginx", "actions", "timeline", "operator"},
    "webhooks": {"ingress-nginx", "operator"},
    "actions": {"ingress-nginx", "oauth", "operator"},
    "timeline": {"oauth", "operator"},
}
"""Who may call each service, Prometheus aside; nobody calls `timeline` from outside."""

CALLED: Mapping[str, set[str]] = {
    "oauth": {"actions", "timeline", "mongodb", "0.0.0.0/0"},
    "webhooks": set(),
    "actions": {"oauth", "mongodb", "0.0.0.0/0"},
    "timeline": {"oauth", "mongodb", "0.0.0.0/0"},
}
"""Whom each service may call, Kafka, names and traces aside: the ingress needs Kafka alone."""


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_may_talk_to_whom(overlay: str, built: dict[str, Objects]) -> None:
    """Everything is refused but what the architecture says."""
    policies = of(built[overlay], "NetworkPolicy")
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} == policies["nobody-by-default"]["spec"]
    for service in SERVICES:
        spec = policies[service]["spec"]
        assert CALLERS[service] == set(peers(spec["ingress"], "from")), service
        assert CALLED[service] == set(peers(spec.get("egress", []), "to")), service


def peers(rules: list[dict[str, Any]], direction: str) -> Iterator[str]:
    """Names of pods, namespaces or address ranges."""
    for rule in rules:
        for peer in rule[direction]:
            if "ipBlock" in peer:
                yield peer["ipBlock"]["cidr"]
            else:
                (selector,) = peer.values()
                (name,) = selector["matchLabels"].values()
                yield name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_outside_reaches_public_paths_alone(overlay: str, built: dict[str, Objects]) -> None:
    """The ingress has every public route and none of `/internal`, `/ops`, `/metrics` and the probes."""
    (rule,) = of(built[overlay], "Ingress")["chert-hubspot"]["spec"]["rules"]
    routes = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}

    assert routes == {
        "/api/hubspot/oauth": "oauth",
        "/console": "oauth",
        "/api/hubspot/uninstall": "webhooks",
        "/api/hubspot/webhook": "webhooks",
        "/api/chert/webhook": "webhooks",
        "/api/hubspot/send": "actions",
        "/api/hubspot/options": "actions",
        "/api/hubspot/widget": "actions",
    }


def test_each_service_scales_on_its_own_signal(built: dict[str, Objects]) -> None:
    """A query is PromQL and asks for a metric that exists; the ingress looks at its CPU as well."""
    scaled = of(built["production"], "ScaledObject")
    triggers = {name: scaler["spec"]["triggers"] for name, scaler in scaled.items()}
    queries = [
        trigger["metadata"]["query"]
        for found in triggers.values()
        for trigger in found
        if "query" in trigger["metadata"]
    ]

    assert {"webhooks", "actions", "timeline"} == set(scaled)
    assert "cpu" in {trigger["type"] for trigger in triggers["webhooks"]}
    for query in queries:
        promql_parser.parse(query)
        assert any(name in query for name in METRICS)
    for name, scaler in scaled.items():
        assert "replicas" not in of(built["production"], "Deployment")[name]["spec"], "it would fight the autoscaler"
        assert scaler["spec"]["maxReplicaCount"] <= most_partitions(name)


def most_partitions(service: str) -> float:
    """More consumers than partitions would idle; the ingress consumes nothing."""
    if service == "webhooks":
        return float("inf")
    catalogue = yaml.safe_load((ROOT / "deploy/topics.yaml").read_text())
    default = catalogue["defaults"]["partitions"]
    topics = [topic for topic in catalogue["topics"].values() if service in topic["consumers"]]
    return max(topic.get("partitions", default) for topic in topics)
