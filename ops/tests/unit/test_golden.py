"""What scripts rely on: each verb's `--json` has a golden file."""

from ops.tests.unit._verbs import every_verb
from tests.e2e._golden import FOLDER


def test_every_verb_has_a_golden_file() -> None:
    """Whatever `--json` prints is recorded, so that a script that reads it is not broken by surprise."""
    recorded = {file.stem for file in FOLDER.glob("*.json")}
    names = [name.replace(" ", "-") for name, _ in every_verb()]

    assert [] == [name for name in names if not any(one == name or one.startswith(f"{name}-") for one in recorded)]


def test_every_verb_speaks_to_scripts() -> None:
    """No verb is for people alone."""
    without = [name for name, command in every_verb() if not any("--json" in one.opts for one in command.params)]

    assert [] == without


def test_every_golden_file_is_of_a_verb() -> None:
    """What is recorded can still be called."""
    names = [name.replace(" ", "-") for name, _ in every_verb()]

    assert [] == [one.stem for one in FOLDER.glob("*.json") if not any(one.stem.startswith(name) for name in names)]
