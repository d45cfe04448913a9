"""What scripts rely on: each verb's `--json` has a golden file."""

import re
from pathlib import Path

from ops.tests.unit._verbs import every_verb
from tests.e2e._golden import FOLDER

ROOT = Path(__file__).parents[3]
TESTS = [*ROOT.glob("ops/tests/**/test_*.py"), *ROOT.glob("tests/e2e/test_*.py")]
COMPARED = re.compile(r"same_as_golden\(\s*\"([a-z-]+)\"")
SCREENS = ROOT / "docs" / "screens"


def test_every_verb_has_a_golden_file() -> None:
    """Whatever `--json` prints is recorded, so that a script that reads it is not broken by surprise."""
    recorded = {file.stem for file in FOLDER.glob("*.json")}
    names = [name.replace(" ", "-") for name, _ in every_verb()]

    assert [] == [name for name in names if name not in recorded]


def test_every_golden_file_is_compared() -> None:
    """A record that no test holds the command to would only look like one."""
    compared = {name for test in TESTS for name in COMPARED.findall(test.read_text())}

    assert {file.stem for file in FOLDER.glob("*.json")} == compared


def test_every_verb_has_a_screen() -> None:
    """What people see of each verb is recorded as text, and of nothing else."""
    recorded = {file.stem for file in SCREENS.glob("*.txt")}
    names = [name.replace(" ", "-") for name, _ in every_verb()]

    assert [] == [name for name in names if not any(one == name or one.startswith(f"{name}-") for one in recorded)]
    assert [] == [one for one in recorded if not any(one == name or one.startswith(f"{name}-") for name in names)]


def test_every_verb_speaks_to_scripts() -> None:
    """No verb is for people alone."""
    without = [name for name, command in every_verb() if not any("--json" in one.opts for one in command.params)]

    assert [] == without


def test_every_golden_file_is_of_a_verb() -> None:
    """What is recorded can still be called."""
    names = [name.replace(" ", "-") for name, _ in every_verb()]

    assert [] == [one.stem for one in FOLDER.glob("*.json") if not any(one.stem.startswith(name) for name in names)]
