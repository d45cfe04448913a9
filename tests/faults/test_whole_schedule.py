"""The schedule of the run over the whole system: what can be played again, and that it leaves nothing out."""

from pathlib import Path

import pytest
from _whole_schedule import EXTENTS, REPLICAS, WORK, schedule
from hypothesis import given
from hypothesis import strategies as st

from harness.reports import Scale


@given(seed=st.integers(min_value=0, max_value=2**32))
def test_a_seed_has_one_schedule(seed: int) -> None:
    """The same seed and scale give the same schedule, whenever and wherever it is asked for."""
    assert schedule(seed, Scale.QUICK) == schedule(seed, Scale.QUICK)


def test_the_file_of_a_seed_is_always_the_same(tmp_path: Path) -> None:
    """Two runs with one seed leave the same bytes behind."""
    for name in ("once", "again"):
        schedule(11, Scale.QUICK).write(tmp_path / name)

    assert (tmp_path / "once").read_bytes() == (tmp_path / "again").read_bytes()


def test_seeds_differ() -> None:
    """Another seed is another run."""
    assert schedule(1, Scale.QUICK) != schedule(2, Scale.QUICK)


@pytest.mark.parametrize("scale", Scale)
def test_every_process_is_killed_and_everything_is_done(scale: Scale) -> None:
    """No seed leaves out a kind of work or of trouble, nor a process, a backend or a simulator."""
    for seed in range(5):
        drawn = schedule(seed, scale)
        killed = {act.target for act in drawn.trouble if act.kind == "kill"}
        assert {*REPLICAS, "kafka", "database"} == killed
        assert set(WORK) == {act.kind for act in drawn.work}
        kinds = {
            "kill",
            "freeze",
            "restart",
            "slow",
            "answers",
            "hostile",
            "jump",
            "skew",
            "newer",
            "older",
            "rotate",
            "replay",
        }
        assert kinds == set(drawn.counts())


@given(seed=st.integers(min_value=0, max_value=1_000), cut=st.floats(min_value=0, max_value=240))
def test_parts_make_the_whole(seed: int, cut: float) -> None:
    """What is due before a moment and what is due after it are everything, in order and each once."""
    whole = schedule(seed, Scale.QUICK)
    before, after = whole.between(0.0, cut), whole.between(cut, EXTENTS[Scale.QUICK].seconds + 1)

    assert whole.work == (*before.work, *after.work)
    assert whole.trouble == (*before.trouble, *after.trouble)
