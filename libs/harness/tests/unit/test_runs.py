"""Finding runs by name."""

import pytest

from harness import runs


def test_an_unknown_name_lists_those_there_are() -> None:
    """The text names every run that could have been meant."""
    with pytest.raises(runs.UnknownRunError, match=r"no run 'nonsense' in benchmarks/; .* footprint"):
        runs.find(runs.BENCHMARKS, "nonsense")


def test_a_known_name_is_loaded() -> None:
    """A module in the folder is a run, called with a scale."""
    assert callable(runs.find(runs.BENCHMARKS, "footprint"))
