"""Loud projects: who sends so much that others would wait."""

from chassis.clock import ManualClock
from timeline.handlers import noise
from timeline.handlers.noise import BURST, BURST_BESIDE_OTHERS, PER_SECOND, Noise


def test_a_burst_is_taken_and_no_more(clock: ManualClock) -> None:
    """What runs over is loud, however it came; quiet projects beside it are not."""
    found = Noise(clock)

    assert frozenset() == found.loud({"acme": BURST, "globex": BURST})
    assert {"acme"} == found.loud({"acme": 1, "globex": 0})
    assert frozenset() == found.loud({"initech": 1})


def test_a_project_that_prevails_has_less_beside_others(clock: ManualClock) -> None:
    """Who sends more than all others together is loud sooner, while there are others; alone it may send as it likes."""
    found = Noise(clock)

    assert frozenset() == found.loud({"acme": BURST_BESIDE_OTHERS + 1})
    assert {"acme"} == found.loud({"acme": 2, "globex": 1})
    assert frozenset() == found.loud({"acme": 1, "globex": 1})
    assert {"acme"} == found.loud({"acme": 1})
    clock.advance(1)
    assert frozenset() == found.loud({"acme": 2 * BURST_BESIDE_OTHERS})


def test_others_are_those_that_sent_something_lately(clock: ManualClock) -> None:
    """For a second after its last message a project is somebody beside whom others are."""
    found = Noise(clock)
    assert not found.besides([])
    found.loud({"acme": 1, "globex": 1})
    clock.advance(0.9)
    found.loud({"globex": 1})

    assert found.besides(["globex"])
    assert not found.besides(["acme", "globex"])
    clock.advance(0.1)
    assert not found.besides(["globex"])
    assert found.besides(["acme"])


def test_a_loud_project_becomes_quiet_with_time(clock: ManualClock) -> None:
    """After a pause a project may send again, however much it sent before."""
    found = Noise(clock)
    found.loud({"acme": 1_000 * BURST})

    clock.advance(BURST / PER_SECOND)
    assert {"acme"} == found.loud({"acme": 1})
    clock.advance(2 * BURST / PER_SECOND)
    assert frozenset() == found.loud({"acme": 1})


def test_a_steady_project_is_never_loud(clock: ManualClock) -> None:
    """Whoever keeps to the pace may do so for ever."""
    found = Noise(clock)
    for _ in range(1_000):
        assert frozenset() == found.loud({"acme": int(PER_SECOND)})
        clock.advance(1)


def test_projects_that_are_quiet_again_are_forgotten(clock: ManualClock) -> None:
    """However many projects there ever were, only those are remembered that have sent something lately."""
    found = Noise(clock)
    found.loud({f"old-{number}": 1 for number in range(noise.LIMIT)})
    clock.advance(1)
    found.loud({"acme": 5, "globex": 5})

    assert {"acme", "globex"} == set(found._levels)
