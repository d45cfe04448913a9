"""Figures and the bounds they are held to."""

import json
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from harness.reports import Report, Scale, commit, holds, print_figures, read_figures


@pytest.mark.parametrize(
    ("value", "reach", "expected"),
    [(1.2, ">= 1.2", True), (1.19, ">= 1.2", False), (2, "<= 1.5", False), (0, "== 0", True), (1, "== 0", False)],
)
def test_a_bound_decides(value: float, reach: str, *, expected: bool) -> None:
    """A value on the bound reaches it; past it, it does not."""
    assert expected == holds(value, reach)


def test_a_bound_of_another_form_is_an_error() -> None:
    """A bound that cannot be judged never passes silently."""
    with pytest.raises(ValueError, match="is no bound"):
        holds(1, "about 3")


def test_a_run_that_measured_nothing_passes_nothing() -> None:
    """An empty report is not a success."""
    assert not Report("empty", Scale.QUICK).ok


def test_one_miss_fails_a_report() -> None:
    """A report is as good as its worst figure; one without a bound only informs."""
    report = Report("run", Scale.QUICK)
    report.add("A.informs", 3, "s")
    report.add("A.holds", 1, "s", "<= 2")

    assert report.ok
    report.add("A.misses", 3, "s", "<= 2")
    assert not report.ok


def test_a_report_is_written_in_the_agreed_form_and_read_back(tmp_path: Path) -> None:
    """The file has exactly the agreed members, and its figures come back as they were."""
    report = Report("run", Scale.FULL, seed=7)
    report.add("A.figure", 1.5, "MiB", "<= 2")
    content = json.loads(report.write(tmp_path).read_text())

    assert {"name", "seed", "scale", "started_at", "seconds", "commit", "machine", "figures", "ok"} == content.keys()
    assert {"cores", "memory", "kafka", "database", "python"} == content["machine"].keys()
    assert ["run", 7, "full", True] == [content["name"], content["seed"], content["scale"], content["ok"]]
    assert report.figures == [figure for _, figure in read_figures(tmp_path)]


def test_a_report_says_which_code_ran(tmp_path: Path) -> None:
    """A figure of a former state is not taken for one of this, nor one of changed files for a commit's."""
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=one")
    (tmp_path / "code").write_text("1")
    _git(tmp_path, "add", "code")

    assert f"{_git(tmp_path, 'rev-parse', '--short', 'HEAD')}-dirty" == commit(tmp_path)
    _git(tmp_path, "commit", "--quiet", "--message=two")
    assert _git(tmp_path, "rev-parse", "--short", "HEAD") == commit(tmp_path)


def test_outside_a_checkout_no_commit_is_said(tmp_path: Path) -> None:
    """A copy without its history can be measured too."""
    assert not commit(tmp_path)


def _git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    return subprocess.run(("git", *who, *words), cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_misses_come_first_in_the_table() -> None:
    """What needs attention is at the top."""
    report = Report("run", Scale.QUICK)
    report.add("A.holds", 1, "s", "<= 2")
    report.add("A.misses", 3, "s", "<= 2")
    console = Console(width=120)
    with console.capture() as printed:
        print_figures([("run", figure) for figure in report.figures], console)

    assert printed.get().index("A.misses") < printed.get().index("A.holds")
