"""The page of proof: each claim with figure, bound, command, machine and seed, misses first, from the reports alone.

As Markdown for the documentation, and as one HTML file with charts that opens without a network.
"""

import ast
import html
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness import paths, runs
from harness.reports import Figure

BAR_WIDTH: Final = 240
"""Of a chart, in pixels; a figure that is on its bound fills half of it."""
_ROW: Final = 22

_INTRODUCTION: Final = """# Proof

Written by `make report` from the reports of benchmarks and fault runs; never edited. Whoever doubts a figure can take
it again: each run says its command, its seed, the commit and the machine it ran on. A figure with a bound is a claim;
one without informs. Misses come first.
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run's report.

    Attributes:
        commit: which code ran; empty where the report does not say.
        claim: what the run shows, in its own words; empty where the run is no more.
        command: repeats it.
        machine: what it ran on, in words.
    """

    name: str
    scale: str
    seed: int
    started_at: str
    seconds: float
    commit: str
    machine: str
    claim: str
    command: str
    figures: Sequence[Figure]

    @property
    def misses(self) -> int:
        """How many claims do not hold."""
        return sum(not figure.ok for figure in self.figures)

    @property
    def claims(self) -> int:
        """How many figures are held to a bound."""
        return sum(figure.reach is not None for figure in self.figures)


def read(folder: Path) -> list[Measured]:
    """Every report in a folder, those with misses first, then by name."""
    found = [_measured(json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
    return sorted(found, key=lambda one: (not one.misses, one.name, one.seed))


def write(folder: Path) -> tuple[Path, Path]:
    """Write both pages from the reports in a folder; where they are."""
    root, measured = paths.repository_root(), read(folder)
    written = root / "docs" / "proof.md", root / "build" / "proof.html"
    for path, content in zip(written, (markdown(measured), page(measured)), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return written


def markdown(measured: Sequence[Measured]) -> str:
    """The page for the documentation."""
    return "\n".join([_INTRODUCTION, *_summary(measured), "", *_missed(measured), *_runs(measured)]).rstrip() + "\n"


def page(measured: Sequence[Measured]) -> str:
    """The same in HTML, each claim with a bar beside its bound."""
    body = "".join(_section(one) for one in measured)
    total = f"{sum(one.claims for one in measured)} claims in {len(measured)} runs, {_sum_of_misses(measured)} missed"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Proof</title><style>{_STYLE}</style>'
        f"<h1>Proof</h1><p>{total}. The line in a chart is the bound.</p>{body}</html>\n"
    )


def bar(figure: Figure) -> float | None:
    """How far a figure goes towards its bound and past it: 0.5 is on it, 1 twice as far or more; none without one.

    A bound of zero has no half-way: nothing is 0, anything is 1. Where more is better the bar is the bound's share.
    """
    sign, _, text = (figure.reach or "").partition(" ")
    if sign not in {"<=", ">=", "=="}:
        return None
    bound = float(text)
    if not bound:
        return 1.0 if figure.value else 0.0
    ratio = figure.value / bound if sign != ">=" else bound / figure.value if figure.value else math.inf
    return max(0.0, min(1.0, ratio / 2))


def _measured(report: dict[str, Any]) -> Measured:
    machine = report["machine"]
    folder, run = runs.told_by(str(report["name"]))
    verb = "bench" if folder == runs.BENCHMARKS else "faults"
    variant = f" {report['variant']}" if report.get("variant") else ""
    return Measured(
        name=str(report["name"]),
        scale=str(report["scale"]),
        seed=int(report["seed"]),
        started_at=str(report["started_at"]),
        seconds=float(report["seconds"]),
        commit=str(report.get("commit", "")),
        machine=f"{machine['cores']} cores, {machine['memory']}, {machine['kafka']}, {machine['database']}, "
        f"Python {machine['python']}",
        claim=_claim(paths.repository_root() / folder / f"{run}.py"),
        command=f"make {verb} NAME={run} SCALE={report['scale']}{variant}",
        figures=[Figure(**figure) for figure in report["figures"]],
    )


def _claim(path: Path) -> str:
    """The first sentence that a run says of itself."""
    said = ast.get_docstring(ast.parse(path.read_text())) if path.exists() else None
    return (said or "").partition("\n\n")[0].replace("\n", " ")


def _summary(measured: Sequence[Measured]) -> Iterator[str]:
    yield "| Run | Scale | Seed | Claims | Missed | Took | When | Commit |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |"
    for one in measured:
        took, when = f"{one.seconds:,.0f} s", one.started_at[:16]
        cells = (one.name, one.scale, one.seed, one.claims, one.misses, took, when, one.commit)
        yield f"| {' | '.join(map(str, cells))} |"


def _missed(measured: Sequence[Measured]) -> Iterator[str]:
    if not _sum_of_misses(measured):
        return
    yield "## Missed"
    yield ""
    yield from _table((one, figure) for one in measured for figure in one.figures if not figure.ok)


def _runs(measured: Sequence[Measured]) -> Iterator[str]:
    for one in measured:
        yield f"## {one.name}, {one.scale}, seed {one.seed}"
        yield ""
        yield one.claim
        yield ""
        yield f"`{one.command}` on {one.machine}."
        yield ""
        yield from _table((one, figure) for figure in sorted(one.figures, key=lambda figure: figure.ok))


def _table(rows: Iterable[tuple[Measured, Figure]]) -> Iterator[str]:
    yield "| | Figure | Value | Unit | Bound |"
    yield "| --- | --- | ---: | --- | --- |"
    for _, figure in rows:
        unit = figure.unit.replace("|", "\\|")
        yield f"| {_mark(figure)} | `{figure.id}` | {_value(figure)} | {unit} | {figure.reach or ''} |"
    yield ""


def _section(one: Measured) -> str:
    rows = "".join(_chart(figure) for figure in sorted(one.figures, key=lambda figure: figure.ok))
    heading = html.escape(f"{one.name}, {one.scale}, seed {one.seed}")
    about = f"<p>{html.escape(one.claim)}</p><p><code>{html.escape(one.command)}</code> {html.escape(one.machine)}</p>"
    return f"<section><h2>{heading}</h2>{about}<table>{rows}</table></section>"


def _chart(figure: Figure) -> str:
    share = bar(figure)
    drawn = "" if share is None else _drawn(share, ok=figure.ok)
    cells = (_mark(figure), figure.id, _value(figure), figure.unit, figure.reach or "")
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}<td>{drawn}</td></tr>"


def _drawn(share: float, *, ok: bool) -> str:
    half, width = BAR_WIDTH // 2, round(share * BAR_WIDTH)
    colour = "#2a7d4f" if ok else "#b3261e"
    return (
        f'<svg width="{BAR_WIDTH}" height="{_ROW}" role="img"><rect y="4" width="{width}" height="14" fill="{colour}"/>'
        f'<line x1="{half}" x2="{half}" y2="{_ROW}" stroke="#333"/></svg>'
    )


def _mark(figure: Figure) -> str:
    if figure.reach is None:
        return ""
    return "ok" if figure.ok else "MISS"


def _value(figure: Figure) -> str:
    return f"{figure.value:,.6g}"


def _sum_of_misses(measured: Iterable[Measured]) -> int:
    return sum(one.misses for one in measured)


_STYLE: Final = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "td{padding:.1rem .8rem .1rem 0;vertical-align:middle}td:nth-child(3){text-align:right}"
)
