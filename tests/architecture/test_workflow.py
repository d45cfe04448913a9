"""The workflow file for runners with Docker, judged by actionlint: no runner is here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"

pytestmark = pytest.mark.timeout(300)


def lint(file: Path) -> subprocess.CompletedProcess[str]:
    """What actionlint says of a file."""
    go = shutil.which("go") or str(Path(sys.executable).with_name("go"))
    return subprocess.run(
        [go, "run", ".", str(file)],
        cwd=ROOT / "tests" / "workflow",
        env={**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_workflow_is_sound() -> None:
    """Syntax, expressions, what jobs need of each other, inputs of actions: nothing is wrong."""
    judged = lint(WORKFLOW)

    assert (0, "") == (judged.returncode, judged.stdout), judged.stderr


def test_a_broken_workflow_is_seen(tmp_path: Path) -> None:
    """A matrix member that does not exist, or an input that an action does not take, is named."""
    text = WORKFLOW.read_text()
    (tmp_path / "ci.yml").write_text(
        text.replace("matrix.member", "matrix.service").replace("node-version:", "nodeversion:")
    )

    judged = lint(tmp_path / "ci.yml")

    assert 1 == judged.returncode
    assert '"service" is not defined' in judged.stdout
    assert '"nodeversion" is not defined' in judged.stdout
