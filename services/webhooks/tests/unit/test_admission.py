"""What may be in flight at once."""

import pytest

from chassis.clock import ManualClock
from webhooks.adapters.admission import MAX_SECONDS, InFlight
from webhooks.errors import OverloadedError

OWNERS = [b"%d" % number for number in range(100)]


def test_one_owner_may_have_a_quarter() -> None:
    """An account that has its share is refused, and the others are not."""
    in_flight = InFlight(ManualClock(), max_deliveries=8)
    in_flight.enter([b"1"], 1)
    in_flight.enter([b"1", b"2"], 1)

    with pytest.raises(OverloadedError):
        in_flight.enter([b"1"], 1)
    in_flight.enter([b"2"], 1)


@pytest.mark.parametrize(("size", "fit"), [(1, 8), (50, 2)])
def test_all_together_are_bounded(size: int, fit: int) -> None:
    """Deliveries and their bytes are bounded; refused ones count nothing, and those that leave make room."""
    in_flight = InFlight(ManualClock(), max_deliveries=8, max_bytes=100)
    for owner in OWNERS[:fit]:
        in_flight.enter([owner], size)

    assert in_flight.is_full
    with pytest.raises(OverloadedError):
        in_flight.enter([OWNERS[-1]], size)
    in_flight.leave([OWNERS[0]], size)
    in_flight.enter([OWNERS[-1]], size)


def test_nothing_more_is_taken_while_the_oldest_waits_for_too_long() -> None:
    """Behind a delivery that has waited for half of its time others are refused, until it has left."""
    clock = ManualClock()
    in_flight = InFlight(clock)
    in_flight.enter([b"1"], 1)
    clock.advance(MAX_SECONDS)
    in_flight.enter([b"2"], 1)
    assert not in_flight.is_full
    clock.advance(MAX_SECONDS / 2)

    with pytest.raises(OverloadedError):
        in_flight.enter([b"3"], 1)
    in_flight.leave([b"1"], 1)
    in_flight.enter([b"3"], 1)


def test_nothing_is_remembered_of_owners_that_left() -> None:
    """Any number of accounts may come and go."""
    in_flight = InFlight(ManualClock())
    for owner in OWNERS:
        in_flight.enter([owner], 10)
        in_flight.leave([owner], 10)

    assert {} == in_flight._of_owner
