"""Milliseconds as text."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.handlers.moments import moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
LAST = (datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


@given(st.integers(FIRST, LAST))
def test_a_moment_is_the_one_that_was_counted(milliseconds: int) -> None:
    """The text of any moment there is reads as exactly that moment, before the epoch too."""
    assert EPOCH + timedelta(milliseconds=milliseconds) == datetime.fromisoformat(moment(milliseconds))


@pytest.mark.parametrize("milliseconds", [FIRST - 1, LAST + 1, 10**30, -(10**30)])
def test_a_moment_that_no_calendar_has_is_none(milliseconds: int) -> None:
    """What lies outside of the years 1 to 9999 has no text."""
    with pytest.raises(OverflowError):
        moment(milliseconds)
