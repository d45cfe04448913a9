"""Benchmarks and fault runs by name.

A run is a module with one function, `main(scale: Scale) -> Report`: a benchmark is `benchmarks/<name>.py`, a fault run
`tests/faults/<name>.py`. One that can be played with another seed, or a part of it alone, takes these by name too. A
module whose name begins with an underscore is a part of runs and not one itself; a run imports it by its bare name.
"""

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from harness import paths
from harness.errors import HarnessError
from harness.reports import Report, Scale

BENCHMARKS = Path("benchmarks")
FAULTS = Path("tests") / "faults"

Run = Callable[..., Report]


class FixedRunError(HarnessError):
    """This run is always played the same way, and whole."""


class UnknownRunError(HarnessError):
    """There is no run of this name; the text lists those there are."""


def reports_folder() -> Path:
    """Where reports are written."""
    return paths.repository_root() / "build" / "reports"


def names(kind: Path) -> list[str]:
    """The runs there are in a folder of the checkout."""
    modules = (paths.repository_root() / kind).glob("*.py")
    return sorted(path.stem for path in modules if not path.stem.startswith(("_", "test_", "conftest")))


def told_by(report: str) -> tuple[Path, str]:
    """The folder and the name of the run that writes a report of this name.

    Where a benchmark and a fault run have one name, the benchmark's report says `bench_` before it.
    """
    if report in names(FAULTS):
        return FAULTS, report
    name = report.removeprefix("bench_")
    return (BENCHMARKS, name) if name in names(BENCHMARKS) else (FAULTS, report)


def find(kind: Path, name: str) -> Run:
    """The run of this name.

    Raises:
        UnknownRunError: there is none.
    """
    known = names(kind)
    if name not in known:
        choices = ", ".join(known) or "none yet"
        raise UnknownRunError(f"There is no run {name!r} in {kind}/; choose with NAME=… one of: {choices}.")
    module = _load(paths.repository_root() / kind / f"{name}.py")
    run: Run = module.main
    return run


def play(run: Run, scale: Scale, **choices: float | None) -> Report:
    """Play a run, with those of its choices that were made.

    Raises:
        FixedRunError: it has no such choice.
    """
    made = {name: value for name, value in choices.items() if value is not None}
    if missing := made.keys() - inspect.signature(run).parameters.keys():
        raise FixedRunError(
            f"This run has no choice of {', '.join(sorted(missing))}: it is played as it is, and whole."
        )
    return run(scale, **made)


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise HarnessError(f"{path} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # as for any script: its parts lie beside it
    spec.loader.exec_module(module)
    return module
