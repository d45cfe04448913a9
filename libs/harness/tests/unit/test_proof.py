"""The page of proof is made of the reports alone, and hides no miss."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.proof import bar, markdown, page, read
from harness.reports import Figure, Report, Scale


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Reports of a run that holds and of one that misses."""
    good = Report("footprint", Scale.QUICK)
    good.add("M.total_mib", 1_000, "MiB", "<= 2000")
    good.add("M.note", 3, "processes")
    bad = Report("whole", Scale.FULL, seed=12)
    bad.add("W.lost", 0, "", "== 0")
    bad.add("W.doubled", 2, "<b>sends</b> | replies", "== 0")
    for report in (good, bad):
        report.write(tmp_path)
    return tmp_path


def test_misses_come_first(folder: Path) -> None:
    """The run with a miss is before all others, and the miss stands in a section of its own."""
    text = markdown(read(folder))

    assert ["whole", "footprint"] == [one.name for one in read(folder)]
    assert text.index("## Missed") < text.index("W.doubled") < text.index("## whole") < text.index("## footprint")


def test_each_claim_can_be_repeated(folder: Path) -> None:
    """Claim, command, machine, seed and commit stand beside the figures."""
    report = json.loads((folder / "whole.json").read_text())
    (folder / "whole.json").write_text(json.dumps({**report, "commit": "404db26"}))

    text = markdown(read(folder))

    assert "`make bench NAME=footprint SCALE=quick`" in text
    assert "`make faults NAME=whole SCALE=full" in text
    assert "## whole, full, seed 12" in text
    assert "Python 3." in text
    assert " | 404db26 |" in text


@pytest.mark.parametrize(
    ("report", "command"), [("replay", "make faults NAME=replay"), ("bench_replay", "make bench NAME=replay")]
)
def test_runs_of_one_name_are_told_apart(tmp_path: Path, report: str, command: str) -> None:
    """A benchmark and a fault run of one name are each repeated by their own command, with their own claim."""
    Report(report, Scale.QUICK).write(tmp_path)
    (measured,) = read(tmp_path)

    assert measured.command.startswith(command)
    assert measured.claim


def test_a_page_without_misses_says_nothing_of_them(folder: Path) -> None:
    """Where everything holds there is no section of misses."""
    (folder / "whole.json").unlink()

    assert "## Missed" not in markdown(read(folder))


def test_the_html_is_whole_and_safe(folder: Path) -> None:
    """What a report says is text and never markup, and each figure with a bound has a bar."""
    tags: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)

    Parser().feed(page(read(folder)))

    assert (0, 3) == (tags.count("b"), tags.count("svg"))


@pytest.mark.parametrize(
    ("value", "reach", "share"),
    [
        (5, "<= 10", 0.25),
        (10, "<= 10", 0.5),
        (99, "<= 10", 1.0),
        (20, ">= 10", 0.25),
        (0, ">= 10", 1.0),
        (0, "== 0", 0.0),
        (1, "== 0", 1.0),
        (7, None, None),
    ],
)
def test_a_bar_is_half_full_on_the_bound(value: float, reach: str | None, share: float | None) -> None:
    """Short of the line a claim holds, past it it does not, whichever way the bound points."""
    assert share == bar(Figure("id", value, "", reach, ok=True))
