"""Paired rounds: a candidate and its baseline driven in turn, compared round by round.

What disturbs the machine disturbs both halves of a round, so the ratio of a round is steadier than either figure.
"""

import math
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

CONFIDENCE: Final = 0.9

Window = Callable[[], Awaitable[float]]
"""Drives one of the two for one window; its figure of that window."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Paired ratios: their median, and the interval that holds the true median with at least 90 % confidence."""

    rounds: int
    median: float
    low: float
    high: float


async def paired_ratios(rounds: int, *, baseline: Window, candidate: Window) -> list[float]:
    """Candidate over baseline for each round; who goes first alternates, so that a drift favours neither."""
    ratios = []
    for number in range(rounds):
        if number % 2:
            above = await candidate()
            below = await baseline()
        else:
            below = await baseline()
            above = await candidate()
        ratios.append(above / below)
    return ratios


def compare(ratios: Sequence[float]) -> Comparison:
    """The median and its distribution-free interval, from order statistics (the binomial sign test inverted).

    With fewer than five ratios no interval reaches the confidence; it then is from the least to the greatest.
    """
    ordered = sorted(ratios)
    outer = _trimmed(len(ordered))
    return Comparison(len(ordered), statistics.median(ordered), ordered[outer], ordered[-1 - outer])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _trimmed(count: int) -> int:
    """How many ratios may be left out at each end: the most for which the interval still has the confidence."""
    left_out, outside = 0, 2 * 0.5**count
    while left_out + 1 < count / 2:
        outside += 2 * math.comb(count, left_out + 1) * 0.5**count
        if outside > 1 - CONFIDENCE:
            break
        left_out += 1
    return left_out
