"""What the architecture tests look at: the tracked files and the services' modules."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("oauth", "webhooks", "actions", "timeline")


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file of the repository: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    paths = (ROOT / name.decode() for name in listed.split(b"\0") if name)
    return [path for path in paths if path.is_file()]


@pytest.fixture(scope="session")
def sources(tracked: list[Path]) -> dict[Path, ast.Module]:
    """Every Python module that ships, parsed."""
    shipped = [path for path in tracked if path.suffix == ".py" and "src" in path.relative_to(ROOT).parts]
    return {path: ast.parse(path.read_text()) for path in shipped}
