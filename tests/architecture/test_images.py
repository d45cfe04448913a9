"""Images: each install step run for real, what members import, the health check, and the workflow that builds."""

import ast
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from deploy import members

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
IMAGES = ("oauth", "webhooks", "actions", "timeline", "simulators", "harness", "ops")
FOLDERS = members.members(ROOT)
UV = Path(sys.executable).with_name("uv")


def canonical(name: str) -> str:
    """A distribution's name as PEP 503 has it, without version and extras."""
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~\[; ]", name, maxsplit=1)[0]).lower()


def packages(folder: Path) -> list[Path]:
    """What a member ships."""
    return [path.parent for path in (folder / "src").glob("*/__init__.py")]


OURS = {package.name: [member] for member, folder in FOLDERS.items() for package in packages(folder)}
"""Who ships each package of ours."""


PARTS = {"pydantic-core": "pydantic", "starlette": "fastapi"}
"""Distributions whose classes another one hands out as its own."""


def imported(folder: Path) -> Iterator[tuple[Path, str]]:
    """Modules that a member's own files import, with the file."""
    for path in folder.glob("src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            yield from ((path, name.partition(".")[0]) for name in names if name)


@pytest.mark.parametrize("member", sorted(FOLDERS))
def test_a_member_imports_what_it_declares(member: str) -> None:
    """An import stands on the standard library, on the member itself, or on a dependency that its own file names."""
    folder = FOLDERS[member]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    extras = [need for needs in project.get("optional-dependencies", {}).values() for need in needs]
    declared = {canonical(need) for need in (*project["dependencies"], *extras)} | {member}
    owners = packages_distributions() | OURS

    def is_declared(name: str) -> bool:
        found = {canonical(owner) for owner in owners.get(name, ())}
        return bool(declared & (found | {PARTS[owner] for owner in found & PARTS.keys()}))

    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in imported(folder)
        if name not in sys.stdlib_module_names and not is_declared(name)
    }

    assert sorted(undeclared) == []


@pytest.mark.parametrize("image", IMAGES)
def test_a_lock_holds_all_that_is_declared(image: str) -> None:
    """What the image's members declare is in its lock, so nothing is resolved while it is built."""
    locked = set(
        re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements" / f"{image}.txt").read_text(), re.MULTILINE)
    )
    for member in members.closure(members.PREFIX + image, FOLDERS):
        project = tomllib.loads((FOLDERS[member] / "pyproject.toml").read_text())["project"]
        outside = {canonical(need) for need in project["dependencies"] if not need.startswith(members.PREFIX)}
        assert outside <= {canonical(name) for name in locked}, f"make lock: {member}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an environment is made for each image in turn, anew: files at one path are compiled once for all."""
    return tmp_path_factory.mktemp("image")


@pytest.mark.integration
@pytest.mark.timeout(300)
@pytest.mark.parametrize("image", IMAGES)
def test_an_install_step_gives_what_runs(image: str, place: Path) -> None:
    """The Dockerfile's install, run in a clean environment, gives modules that import, with nothing else at hand."""
    environment, compiled = place / "environment", place / "compiled"
    python = environment / "bin" / "python"
    wanted = [str(FOLDERS[member]) for member in members.closure(members.PREFIX + image, FOLDERS)]
    install = (UV, "pip", "install", "--quiet", "--python", python)
    for command in (
        (sys.executable, "-m", "venv", "--clear", "--without-pip", environment),
        (*install, "--require-hashes", "-r", ROOT / "requirements" / f"{image}.txt"),
        (*install, "--no-deps", *wanted),
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    modules = [
        ".".join(path.relative_to(FOLDERS[members.PREFIX + image] / "src").with_suffix("").parts)
        for package in packages(FOLDERS[members.PREFIX + image])
        for path in package.rglob("*.py")
        if path.stem != "__main__" and "docker" not in path.stem and "pytest_plugin" not in path.stem
    ]
    check = (
        "import importlib\nfor name in "
        + repr(modules)
        + ":\n    importlib.import_module(name.removesuffix('.__init__'))"
    )
    isolated = (python, "-I", "-X", f"pycache_prefix={compiled}", "-c", check)
    done = subprocess.run(isolated, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a service that answers so."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_runs_as_written(status: int, healthy: bool) -> None:
    """The image's health check asks `/livez` on the port that the environment names."""
    command = json.loads(re.search(r"HEALTHCHECK.*\\\n\s+CMD (\[.*\])", DOCKERFILE).group(1))  # type: ignore[union-attr]
    with answering(status) as port:
        done = subprocess.run(
            (sys.executable, *command[1:]),
            env={"PATH": os.environ["PATH"], "ACTIONS_PORT": str(port)},
            capture_output=True,
            check=False,
        )

    assert healthy == (done.returncode == 0)


def test_an_image_runs_as_nobody_and_compiles_beforehand() -> None:
    """It runs as a user without rights, from a base of one release, with bytecode that a read-only root cannot get."""
    assert "USER 10001" in DOCKERFILE
    assert 2 == DOCKERFILE.count("--compile-bytecode")
    assert re.search(r"^ARG PYTHON=3\.11\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)


def test_the_workflow_runs_what_exists() -> None:
    """Jobs name verbs of the Makefile, every image, and how long they may take; none may write to the repository."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    runs = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]

    assert {"contents": "read"} == workflow["permissions"]
    assert all(job["timeout-minutes"] <= 50 for job in workflow["jobs"].values())
    assert {verb for run in runs for verb in re.findall(r"make ([a-z-]+)", run)} <= targets
    assert sorted(IMAGES) == sorted(workflow["jobs"]["images"]["strategy"]["matrix"]["member"])
