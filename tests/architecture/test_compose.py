"""The compose file, loaded by the library that Docker Compose itself loads it with."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from deploy import members

ROOT = Path(__file__).parents[2]
SERVICES = ("oauth", "webhooks", "actions", "timeline")
OURS = (*SERVICES, "hubspot", "chert", "gateway", "topics", "secrets", "seed")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The project as compose-go understands it."""
    go = shutil.which("go") or str(Path(sys.executable).with_name("go"))
    loaded = subprocess.run(
        [go, "run", ".", str(ROOT / "docker-compose.yml")],
        cwd=ROOT / "tests" / "compose",
        env={**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    content: dict[str, Any] = json.loads(loaded.stdout)
    return content


@pytest.mark.timeout(300)
def test_the_whole_system_is_in_the_compose_file(project: dict[str, Any]) -> None:
    """Kafka, MongoDB, the simulators, the gateway and the four services are all there."""
    assert {*OURS, "kafka", "mongo"} == set(project["services"])


@pytest.mark.parametrize("name", OURS)
def test_each_of_ours_runs_what_the_dockerfile_defines(name: str, project: dict[str, Any]) -> None:
    """Our containers are built from the one Dockerfile, keep its entry point, and name a module that exists."""
    service = project["services"][name]
    member = service["build"]["args"]["SERVICE"]

    assert service["build"]["dockerfile"] == "deploy/Dockerfile"
    assert (ROOT / "requirements" / f"{member}.txt").exists()
    assert not service.get("entrypoint")
    assert importlib.util.find_spec(service["command"][0]) is not None
    assert 'ENTRYPOINT ["python", "-m"]' in (ROOT / "deploy" / "Dockerfile").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_accepts_its_environment(name: str, project: dict[str, Any]) -> None:
    """The environment in the compose file is one that the service starts with, and it names nothing unknown."""
    environment = project["services"][name]["environment"]
    check = f"""
import os
from {name}.settings import Settings
Settings()
known = {{"{name.upper()}_" + field.upper() for field in Settings.model_fields}}
unknown = {{name for name in os.environ if name.startswith("{name.upper()}_")}} - known
assert not unknown, unknown
"""

    result = subprocess.run(
        [sys.executable, "-c", check], env={**environment, "PATH": ""}, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", [*SERVICES, "simulators", "harness", "ops"])
def test_an_image_holds_what_its_member_declares(name: str) -> None:
    """What an image installs of ours is the member and what it needs, and never another service."""
    wanted = members.closure(members.PREFIX + name, members.members(ROOT))
    services = {members.PREFIX + service for service in SERVICES}

    assert services & set(wanted) <= {members.PREFIX + name}
    for folder in (members.members(ROOT)[member] for member in wanted):
        assert tomllib.loads((folder / "pyproject.toml").read_text())["project"]["requires-python"] == ">=3.11"
