"""Paired rounds and what is concluded from them."""

import pytest

from harness.paired import Window, compare, paired_ratios, percentile


async def test_each_round_drives_both_and_who_begins_alternates() -> None:
    """A drift of the machine favours neither side."""
    driven: list[str] = []

    def window(name: str, figure: float) -> Window:
        async def drive() -> float:
            driven.append(name)
            return figure

        return drive

    ratios = await paired_ratios(3, baseline=window("bare", 2.0), candidate=window("ours", 3.0))

    assert [1.5, 1.5, 1.5] == ratios
    assert ["bare", "ours", "ours", "bare", "bare", "ours"] == driven


@pytest.mark.parametrize(("rounds", "left_out"), [(3, 0), (5, 0), (8, 1), (9, 1), (12, 2), (21, 6)], ids=str)
def test_the_interval_holds_the_median_nine_times_in_ten(rounds: int, left_out: int) -> None:
    """So many of the outermost ratios may be left out at each end (tables of the sign test)."""
    found = compare([float(number) for number in range(rounds)])

    assert (float(left_out), float(rounds - 1 - left_out)) == (found.low, found.high)
    assert (rounds - 1) / 2 == found.median


def test_one_wild_round_moves_nothing() -> None:
    """The median and the interval of nine rounds stand one that went wrong."""
    found = compare([1.0, 1.1, 1.2, 1.2, 1.2, 1.2, 1.3, 1.3, 99.0])

    assert (1.1, 1.2, 1.3) == (found.low, found.median, found.high)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2.0), (0.99, 4.0), (0.25, 1.0), (0.0, 1.0)])
def test_a_percentile_is_a_value_that_occurred(share: float, expected: float) -> None:
    """Nearest rank, never a value between two."""
    assert expected == percentile([4.0, 1.0, 3.0, 2.0], share)
