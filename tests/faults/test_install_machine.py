"""The machine that interleaves installs: it passes what is right, finds each planted mistake and says it shortly."""

from collections.abc import Sequence
from functools import partial

import pytest
from _install_machine import Interleavings, KilledInterleavings, counterexample
from _install_toy import Mistake, ToyPlay

SEED = 4_001
_ENDS = ("disconnect", "uninstall")
"""Either ends what an install has read."""


def steps(lines: Sequence[str]) -> list[str]:
    """The rules of a counter-example, in their order."""
    found = [line.strip() for text in lines for line in text.splitlines() if "state." in line]
    return [line.partition("state.")[2].partition("(")[0] for line in found]


@pytest.mark.parametrize("machine", [Interleavings, KilledInterleavings])
def test_what_is_right_is_explained(machine: type[Interleavings]) -> None:
    """A service without a mistake passes every example, with and without kills."""
    assert [] == counterexample(machine, ToyPlay, examples=100, seeded=SEED)


@pytest.mark.parametrize(
    ("mistake", "shortest"),
    [
        ("trusts a hint", ["connect", "hint", "teardown"]),
        ("binds anew", ["connect", "install", "teardown"]),
        ("forgets what it told", ["connect", "uninstall", "teardown"]),
    ],
)
def test_a_mistake_is_found_and_shortened(mistake: Mistake, shortest: list[str]) -> None:
    """Each planted mistake is found, and told as the few steps that lead to it."""
    found = counterexample(Interleavings, partial(ToyPlay, mistake), examples=300, seeded=SEED)

    assert shortest == steps(found)


def test_a_mistake_that_needs_two_at_once_is_told_with_the_point_where_one_was_held() -> None:
    """An install that writes what it read before HubSpot answered: the steps say where it was held meanwhile."""
    found = counterexample(Interleavings, partial(ToyPlay, "ignores the revision"), examples=300, seeded=SEED)

    assert ["connect", "install", "teardown"] == [step for step in steps(found) if step not in _ENDS]
    assert 4 == len(steps(found))
    assert any("state.install(held='token" in line for line in found)
    assert "cannot be explained" in found[0]
