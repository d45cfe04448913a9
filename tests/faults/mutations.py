"""Ten deliberate bugs, each in a copy of the tree, each caught by a named test that passes without it.

A test that nothing can fail proves nothing. Each bug is a change of a line or two that somebody might make; the tests
named for it are run in the copy, on the copy's own packages, and have to fail there and to pass in a copy without bugs.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from _mutations import MUTATIONS, Mutation
from rich.console import Console

from harness import paths
from harness.reports import Report, Scale

TEST_SECONDS: Final = 600.0
PASSED: Final = 0
FAILED: Final = 1
"""Pytest's exit codes; any other says that nothing was tested."""
console = Console()


def main(scale: Scale) -> Report:
    """Make each bug, and see who notices; quick leaves out those whose tests start the whole system."""
    report = Report("mutations", scale)
    chosen = [one for one in MUTATIONS if scale is Scale.FULL or not one.tests.endswith("test_whole.py")]
    folder = paths.repository_root() / "build" / "runs" / "mutations"
    shutil.rmtree(folder, ignore_errors=True)
    sound = _copy(folder / "sound")
    green = {tests: _test(sound, tests) for tests in sorted({one.tests for one in chosen})}
    caught = [one for one in chosen if _caught(folder, one)]
    report.add("M.mutations", len(chosen), "deliberate bugs", f">= {len(chosen)}")
    report.add("M.sound_failures", sum(code != PASSED for code in green.values()), "test files without a bug", "== 0")
    for one in chosen:
        report.add(f"M.{one.name.replace(' ', '_').replace('-', '_')}", one in caught, f"caught by {one.tests}", "== 1")
    return report


def _caught(folder: Path, mutation: Mutation) -> bool:
    """Whether a test fails with this bug."""
    tree = _copy(folder / mutation.name.replace(" ", "-"))
    mutation.apply(tree)
    code = _test(tree, mutation.tests)
    console.print(f"{mutation.name}: {'caught' if code == FAILED else f'not caught ({code})'}", highlight=False)
    shutil.rmtree(tree)
    return code == FAILED


def _copy(tree: Path) -> Path:
    """What is tracked or new, without what was built."""
    root = paths.repository_root()
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    names = subprocess.run(listed, cwd=root, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, tree / name)
    subprocess.run(("git", "init", "--quiet", tree), check=True)  # some tests ask which files are tracked
    subprocess.run(("git", "add", "--all"), cwd=tree, check=True)
    return tree


def _test(tree: Path, tests: str) -> int:
    """Run tests of a copy on its own packages, which stand before the installed ones; the exit code."""
    sources = sorted({str(path) for path in tree.glob("*/*/src")} | {str(tree / "ops" / "src")})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sources)}
    command = (sys.executable, "-m", "pytest", tests, "-q", "-x", "-p", "no:cacheprovider")
    with (tree.parent / "tests.log").open("ab") as log:
        done = subprocess.run(
            command, cwd=tree, env=environment, stdout=log, stderr=log, timeout=TEST_SECONDS, check=False
        )
    return done.returncode
