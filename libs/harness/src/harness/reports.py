"""Reports of benchmarks and fault runs: figures, each with the bound it is held to, as JSON and as tables."""

import json
import operator
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from harness import backends, paths
from harness.settings import HarnessSettings

_BOUNDS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
}
_MIB = 1024 * 1024
_GIT_SECONDS = 10


class Scale(StrEnum):
    """How much to run: minutes, or what a release claims."""

    QUICK = "quick"
    FULL = "full"


@dataclass(frozen=True)
class Figure:
    """One measured figure; `reach` is the bound it is held to, such as `<= 1331`, and absent where it only informs."""

    id: str
    value: float
    unit: str
    reach: str | None
    ok: bool


@dataclass
class Report:
    """What one run measured.

    Attributes:
        name: which run.
        scale: how much of it.
        seed: repeats its random choices; 0 where it makes none.
        variant: tells reports of one run apart, where it is played in several ways; empty for the usual one.
        figures: in the order measured; one that could not be measured is absent.
    """

    name: str
    scale: Scale
    seed: int = 0
    variant: str = ""
    figures: list[Figure] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)

    def add(self, figure: str, value: float, unit: str, reach: str | None = None) -> None:
        """Add a figure and judge it."""
        self.figures.append(Figure(figure, value, unit, reach, ok=reach is None or holds(value, reach)))

    @property
    def ok(self) -> bool:
        """Whether every figure reaches its bound; a run that measured nothing passes nothing."""
        return bool(self.figures) and all(figure.ok for figure in self.figures)

    def write(self, folder: Path) -> Path:
        """Write `<name>.json`, or `<name>.<variant>.json`, into a folder, with the code and the machine it ran on."""
        content = {
            "name": self.name,
            "seed": self.seed,
            **({"variant": self.variant} if self.variant else {}),
            "scale": self.scale,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self.began, 1),
            "commit": commit(paths.repository_root()),
            "machine": _machine(),
            "figures": [asdict(figure) for figure in self.figures],
            "ok": self.ok,
        }
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / (f"{self.name}.{self.variant}.json" if self.variant else f"{self.name}.json")
        path.write_text(json.dumps(content, indent=2) + "\n")
        return path


def holds(value: float, reach: str) -> bool:
    """Whether a value reaches its bound, written as an operator and a number.

    Raises:
        ValueError: the bound is not written so.
    """
    sign, _, bound = reach.partition(" ")
    if sign not in _BOUNDS:
        raise ValueError(f"{reach!r} is no bound; write one of {', '.join(_BOUNDS)}, a space and a number")
    return _BOUNDS[sign](value, float(bound))


def commit(checkout: Path) -> str:
    """What a checkout stands at, such as `404db26`, with `-dirty` where something was changed; empty outside Git."""
    with suppress(OSError, subprocess.TimeoutExpired):
        described = subprocess.run(
            ("git", "describe", "--always", "--dirty", "--exclude=*"),
            cwd=checkout,
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
        return described.stdout.strip()
    return ""


def print_figures(figures: Iterable[tuple[str, Figure]], console: Console) -> None:
    """A table of figures with the run each came from, misses first."""
    table = Table("", "figure", "value", "unit", "reach", "run", box=None)
    for run, figure in sorted(figures, key=lambda pair: pair[1].ok):
        mark = "[green]ok[/green]" if figure.ok else "[red]MISS[/red]"
        table.add_row(mark, figure.id, f"{figure.value:,.6g}", figure.unit, figure.reach or "", run)
    console.print(table)


def read_figures(folder: Path) -> list[tuple[str, Figure]]:
    """Every figure of every report in a folder, with its run."""
    reports = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return [
        (f"{report['name']} {report['scale']}", Figure(**figure)) for report in reports for figure in report["figures"]
    ]


def _machine() -> dict[str, str | int]:
    kafka, database = backends.versions(HarnessSettings.read(os.environ))
    return {
        "cores": os.cpu_count() or 1,
        "memory": f"{psutil.virtual_memory().total // _MIB} MiB",
        "kafka": kafka,
        "database": database,
        "python": platform.python_version(),
    }
