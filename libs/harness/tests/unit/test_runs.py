"""Finding runs by name."""

import pytest

from harness import runs
from harness.reports import Report, Scale


def test_an_unknown_name_lists_those_there_are() -> None:
    """The text names every run that could have been meant."""
    with pytest.raises(runs.UnknownRunError, match=r"no run 'nonsense' in benchmarks/; .* footprint"):
        runs.find(runs.BENCHMARKS, "nonsense")


def test_a_known_name_is_loaded() -> None:
    """A module in the folder is a run, called with a scale."""
    assert callable(runs.find(runs.BENCHMARKS, "footprint"))


def test_a_choice_that_a_run_does_not_have_is_refused() -> None:
    """Whoever asks for another seed of a run that has one alone is told so, and nothing is played."""
    with pytest.raises(runs.FixedRunError, match="no choice of seed"):
        runs.play(lambda scale: Report("fixed", scale), Scale.QUICK, seed=7, end=None)


def test_choices_reach_the_run() -> None:
    """A run gets the choices that were made, and its own defaults for the others."""
    played = runs.play(
        lambda scale, *, seed=1, end=9.0: Report(f"played to {end:g}", scale, seed=seed), Scale.QUICK, seed=7, end=None
    )

    assert ("played to 9", 7) == (played.name, played.seed)
