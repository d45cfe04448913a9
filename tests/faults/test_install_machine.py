"""The machine that interleaves installs: it passes what is right, finds each planted mistake and says it shortly."""

from collections.abc import Sequence
from functools import partial

import pytest
from _install_machine import Interleavings, KilledInterleavings, counterexample
from _install_toy import Mistake, ToyPlay

SEED = 4_001
ENOUGH = 1_500
"""Examples within which every planted mistake is found, whatever hypothesis draws: its draws depend on the modules that
are loaded."""
FEW = 8
"""Steps of a counter-example that was shortened; before, most have fourteen."""


def steps(lines: Sequence[str]) -> list[str]:
    """The rules of a counter-example, in their order."""
    found = [line.strip() for text in lines for line in text.splitlines() if "state." in line]
    return [line.partition("state.")[2].partition("(")[0] for line in found]


@pytest.mark.parametrize("machine", [Interleavings, KilledInterleavings])
def test_what_is_right_is_explained(machine: type[Interleavings]) -> None:
    """A service without a mistake passes every example, with and without kills."""
    assert [] == counterexample(machine, ToyPlay, examples=100, seeded=SEED)


@pytest.mark.parametrize(
    ("mistake", "culprits"),
    [
        ("trusts a hint", {"hint"}),
        ("binds anew", {"install", "come_back"}),
        ("forgets what it told", {"uninstall"}),
        ("ignores the revision", {"install", "come_back"}),
    ],
)
def test_a_mistake_is_found_and_shortened(mistake: Mistake, culprits: set[str]) -> None:
    """Each planted mistake is found, and told as the few steps that lead to it, the telling one among them."""
    found = counterexample(Interleavings, partial(ToyPlay, mistake), examples=ENOUGH, seeded=SEED)

    assert "cannot be explained" in found[0]
    assert culprits & set(steps(found))
    assert len(steps(found)) <= FEW


def test_a_mistake_that_needs_two_at_once_is_told_with_the_point_where_one_was_held() -> None:
    """An install that writes what it read before HubSpot answered: the steps say where it was held meanwhile."""
    found = counterexample(Interleavings, partial(ToyPlay, "ignores the revision"), examples=ENOUGH, seeded=SEED)

    assert any("held='token" in line for text in found for line in text.splitlines())
