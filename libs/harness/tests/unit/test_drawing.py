"""The fault run that a commit's check plays besides."""

from harness import runs
from harness.drawing import DRAWABLE, draw


def test_a_commit_has_one_run() -> None:
    """Whoever repeats a check of the same commit plays the same run again."""
    assert 1 == len({draw("8f3c" * 10) for _ in range(5)})


def test_every_run_has_its_turn() -> None:
    """Commit after commit, no run of the list is left out for long."""
    drawn = [draw(f"{number:040x}") for number in range(60)]

    assert set(DRAWABLE) == set(drawn)


def test_what_is_drawn_can_be_played() -> None:
    """Each name in the list is that of a fault run, and of one that is not played in every check anyhow."""
    assert set(DRAWABLE) < set(runs.names(runs.FAULTS)) - {"whole"}
