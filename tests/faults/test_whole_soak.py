"""How growth is told: by the longest life of a process, after it has warmed up."""

import pytest
from _whole_soak import EVERY_SECONDS, HOUR, LEAST, WARM_SECONDS, Look, Soak, hourly


def life(pid: int, seconds: float, growth: float) -> tuple[tuple[str, int], list[Look]]:
    """A process that holds more by so much every second, after a jump while it warms up."""
    moments = [EVERY_SECONDS * number for number in range(int(seconds / EVERY_SECONDS))]
    jumped = [200.0 if at >= WARM_SECONDS else 0.0 for at in moments]
    looks = [Look(at, jump + growth * at, 10, 2) for at, jump in zip(moments, jumped, strict=True)]
    return ("timeline", pid), looks


def test_a_leak_is_told_from_warming_up() -> None:
    """A life that only jumps while it warms up is flat; one that goes on growing has that slope."""
    flat, leaking = Soak(dict([life(1, 600, 0.0)])), Soak(dict([life(1, 600, 0.01)]))

    assert [("timeline", 0.0, 0.0, 0.0)] == [
        (one.name, one.memory, one.files, one.connections) for one in flat.growth()
    ]
    assert pytest.approx(0.01 * HOUR) == next(leaking.growth()).memory


def test_open_files_and_connections_are_told_too() -> None:
    """A process that opens one file a minute, and a connection every two, and closes none, grows by so many."""
    looks = [Look(60.0 * minute, 100.0, 10 + minute, minute // 2) for minute in range(60)]
    (grown,) = Soak({("timeline", 1): looks}).growth()

    assert (0.0, pytest.approx(60.0), pytest.approx(30.0, rel=0.05)) == (grown.memory, grown.files, grown.connections)


def test_the_longest_life_counts() -> None:
    """A process that was killed young says nothing, whatever it held."""
    young = (LEAST - 1) * EVERY_SECONDS + WARM_SECONDS
    soak = Soak(dict([life(1, 600, 0.0), life(2, young, 9.0)]))

    assert [0.0] == [one.memory for one in soak.growth()]
    assert [] == list(Soak(dict([life(2, young, 9.0)])).growth())


def test_one_place_has_no_slope() -> None:
    """Looks at one moment, and no looks at all, tell no growth."""
    assert (0.0, 0.0) == (hourly([(1.0, 5.0), (1.0, 7.0)]), hourly([]))
