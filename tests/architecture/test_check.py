"""What must pass before anything lands (`.ci/run`): its order, its end, and that any failure fails it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"
SUMMARY = "= 7 passed, 1 warning in 3.21s ="
MAKE = f"""#!/usr/bin/env bash
echo "$*" >> calls
[ "$1" = test ] && echo "{SUMMARY}"
[ "$*" != "$FAILING" ]
"""
HARNESS = '#!/usr/bin/env bash\n[ "$1" = drawn ] && echo throttled\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script, in which `make` and the harness only say what was asked of them."""
    for name, text in (("bin/make", MAKE), (".venv/bin/harness", HARNESS)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci" / "run")
    return tmp_path


def check(checkout: Path, failing: str = "") -> subprocess.CompletedProcess[str]:
    """Run the script; this call of `make` fails in it."""
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "FAILING": failing}
    return subprocess.run([checkout / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False)


def test_everything_is_run_and_the_summary_stands_at_the_end(checkout: Path) -> None:
    """The walk, the tests, the whole system, the drawn run, in this order; pytest's own summary before the total."""
    done = check(checkout)

    calls = (checkout / "calls").read_text().splitlines()
    assert ["smoke", "test", "faults NAME=whole SCALE=quick", "faults NAME=throttled SCALE=quick"] == calls
    summary, total = done.stdout.splitlines()[-2:]
    assert (0, SUMMARY) == (done.returncode, summary)
    assert re.fullmatch(r"total: 0 min \d\d s of 50 min", total)


def test_the_drawn_run_is_told_before_it_begins(checkout: Path) -> None:
    """Which, by which commit, and the command that plays it again."""
    told = check(checkout, failing="faults NAME=throttled SCALE=quick").stdout

    assert "fault run throttled: drawn by commit" in told
    assert "to repeat it: make faults NAME=throttled SCALE=quick" in told


@pytest.mark.parametrize(
    ("failing", "calls"),
    [("smoke", 1), ("test", 2), ("faults NAME=whole SCALE=quick", 3), ("faults NAME=throttled SCALE=quick", 4)],
)
def test_any_failure_fails_it_at_once(checkout: Path, failing: str, calls: int) -> None:
    """Nothing runs after a failure, which is the script's own; the tests' summary still stands at the end."""
    done = check(checkout, failing)

    assert (True, calls) == (done.returncode != 0, len((checkout / "calls").read_text().splitlines()))
    assert (SUMMARY in done.stdout.splitlines()[-2:]) is (calls > 1)
