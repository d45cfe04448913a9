"""What may be in flight at once."""

import pytest

from webhooks.adapters.admission import InFlight
from webhooks.errors import OverloadedError

OWNERS = [b"%d" % number for number in range(100)]


def test_one_owner_may_have_a_quarter() -> None:
    """An account that has its share is refused, and the others are not."""
    in_flight = InFlight(max_deliveries=8)
    in_flight.enter([b"1"], 1)
    in_flight.enter([b"1", b"2"], 1)

    with pytest.raises(OverloadedError):
        in_flight.enter([b"1"], 1)
    in_flight.enter([b"2"], 1)


@pytest.mark.parametrize(("size", "fit"), [(1, 8), (50, 2)])
def test_all_together_are_bounded(size: int, fit: int) -> None:
    """Deliveries and their bytes are bounded; refused ones count nothing, and those that leave make room."""
    in_flight = InFlight(max_deliveries=8, max_bytes=100)
    for owner in OWNERS[:fit]:
        in_flight.enter([owner], size)

    assert in_flight.is_full
    with pytest.raises(OverloadedError):
        in_flight.enter([OWNERS[-1]], size)
    in_flight.leave([OWNERS[0]], size)
    in_flight.enter([OWNERS[-1]], size)


def test_nothing_is_remembered_of_owners_that_left() -> None:
    """Any number of accounts may come and go."""
    in_flight = InFlight()
    for owner in OWNERS:
        in_flight.enter([owner], 10)
        in_flight.leave([owner], 10)

    assert {} == in_flight._of_owner
