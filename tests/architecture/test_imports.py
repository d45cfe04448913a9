"""Who may import whom: the contracts hold, and each of them breaks when it is violated."""

import graphlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
PACKAGES: list[str] = SETTINGS["root_packages"]

PLANTED = {
    "services are independent": ("actions/handlers", "import oauth.models"),
    "packages are layered": ("contracts/topics", "import chassis.clock"),
    "contracts is data only": ("contracts/topics", "import httpx2"),
    "simulators are the other side: they share nothing with us": ("simulators/clock", "import hubspot_client"),
    "the harness never looks inside a service": ("harness/cli", "import chassis.clock"),
    "client libraries know neither the chassis nor our events": ("hubspot_client/paths", "import contracts.topics"),
    "files inside a service are layered": ("oauth/ports", "import oauth.handlers"),
    "adapters know ports, never handlers": ("webhooks/adapters/in_memory", "import webhooks.handlers"),
    "handlers know no framework": ("timeline/ports", "import pymongo"),
    "only the composition root reads settings": ("webhooks/api", "import webhooks.settings"),
}


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts on the packages found under a folder."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", path / "pyproject.toml"],
        cwd=path,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of every package side by side."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        [source] = [
            path for pattern in ("libs", "services", "") for path in ROOT.glob(f"{pattern or '.'}/*/src/{package}")
        ] or [ROOT / "ops" / "src" / package]
        shutil.copytree(source, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def module_file(folder: Path, module: str) -> Path:
    """The file of a module or package."""
    return next(path for path in (folder / f"{module}.py", folder / module / "__init__.py") if path.exists())


def test_every_contract_has_a_planted_violation() -> None:
    """No contract is believed without having been seen to break."""
    assert {contract["name"] for contract in SETTINGS["contracts"]} == set(PLANTED)


def test_the_contracts_hold(copy: Path) -> None:
    """The tree as it is keeps every import contract."""
    result = lint(copy)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_breaks_its_contract(contract: str, copy: Path) -> None:
    """An import that a contract forbids is reported under that contract's name."""
    module, statement = PLANTED[contract]
    path = module_file(copy, module)
    path.write_text(f"{path.read_text()}\n{statement}\n")

    result = lint(copy)

    assert result.returncode != 0
    assert f"{contract} BROKEN" in result.stdout


def test_imports_have_no_circle() -> None:
    """No module imports, however far around, itself."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    edges = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}

    assert list(graphlib.TopologicalSorter(edges).static_order())
