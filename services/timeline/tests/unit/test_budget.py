"""How many calls an account takes, and when."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import ManualClock
from timeline.errors import BudgetSpentError
from timeline.handlers.budget import Budget

PORTAL: Final = 62515
WINDOW: Final = 10.0
"""HubSpot's own."""


def wait_of(budget: Budget) -> float:
    """For how long the account takes no call."""
    try:
        budget.require_call(PORTAL)
    except BudgetSpentError as error:
        return error.retry_after_seconds or 0.0
    return 0.0


def call(budget: Budget, clock: ManualClock, took: float, limit: int) -> None:
    """One call and its answer."""
    budget.called(PORTAL)
    clock.advance(took)
    budget.told(PORTAL, limit, limit)


@pytest.fixture
def budget(clock: ManualClock) -> Budget:
    """Of an account that takes five calls in a window."""
    budget = Budget(clock)
    budget.told(PORTAL, 5, 5)
    return budget


def test_a_call_counts_from_its_answer(budget: Budget, clock: ManualClock) -> None:
    """A call that took long was at HubSpot when its answer came at the latest, so it counts for so much longer."""
    for _ in range(5):
        budget.called(PORTAL)
    clock.advance(3.0)
    for _ in range(5):
        budget.told(PORTAL, 5, 5)

    assert pytest.approx(10.02) == wait_of(budget)


def test_a_call_without_an_answer_counts_from_its_beginning(budget: Budget, clock: ManualClock) -> None:
    """A call that was never answered leaves the window all the same."""
    for _ in range(5):
        budget.called(PORTAL)
    clock.advance(3.0)

    assert pytest.approx(7.25) == wait_of(budget)


def test_calls_without_an_answer_use_nothing_of_later_windows(budget: Budget, clock: ManualClock) -> None:
    """Calls that were never answered leave the window in time, however many later ones begin and are answered."""
    for answered in (True, True, True, False, False):
        clock.advance(0.1)
        budget.called(PORTAL)
        if answered:
            budget.told(PORTAL, 5, 5)
    begun = []
    while len(begun) < 20:
        clock.advance(wait_of(budget) + 0.002)
        begun.append(clock.monotonic())
        call(budget, clock, 0.05, 5)

    assert all(later - earlier < 10.2 for earlier, later in zip(begun[10:], begun[15:], strict=False))


def test_an_account_that_used_all_up_is_called_at_even_intervals(budget: Budget, clock: ManualClock) -> None:
    """After five calls at once the next five come by twos, well apart, and none of them later than need be."""
    for _ in range(5):
        call(budget, clock, 0.0, 5)
    begun = []
    while len(begun) < 15:
        clock.advance(wait_of(budget))
        if budget.left(PORTAL):
            begun.append(clock.monotonic())
            call(budget, clock, 0.0, 5)

    assert all(later - earlier > 3.2 for earlier, later in zip(begun, begun[2:], strict=False))
    assert 10.1 > max(later - earlier for earlier, later in zip(begun, begun[5:], strict=False))


def test_a_large_account_is_called_in_four_portions(clock: ManualClock) -> None:
    """Of ninety calls 23 go together, so that a lane need not take a turn for each."""
    budget = Budget(clock)
    for _ in range(90):
        call(budget, clock, 0.0, 110)
    clock.advance(wait_of(budget))

    assert 23 == budget.left(PORTAL)
    for _ in range(23):
        call(budget, clock, 0.0, 110)
    assert pytest.approx(0.8 * 10.02 * 23 / 90) == wait_of(budget)


def test_an_account_that_had_a_rest_is_called_at_once_again(budget: Budget, clock: ManualClock) -> None:
    """Calls are spread for as long as there is more to tell than the account takes, and no longer."""
    for _ in range(5):
        call(budget, clock, 0.0, 5)
    assert 0.0 < wait_of(budget)
    clock.advance(30.0)

    assert 0.0 == wait_of(budget)
    assert 5 == budget.left(PORTAL)


@given(st.lists(st.tuples(st.floats(0.0, 9.0), st.floats(0.0, 9.0), st.booleans()), min_size=1, max_size=60))
def test_hubspot_never_sees_more_calls_than_it_takes(calls: list[tuple[float, float, bool]]) -> None:
    """Whenever calls reach HubSpot on the way to their answers, no window of ten seconds has more than it takes."""
    clock = ManualClock()
    budget = Budget(clock)
    budget.told(PORTAL, 5, 5)
    arrived = []
    for there, back, at_once in calls:
        if not at_once:
            clock.advance(there)
        clock.advance(wait_of(budget))
        while wait_of(budget):
            clock.advance(0.001)
        budget.called(PORTAL)
        clock.advance(there)
        arrived.append(clock.monotonic())
        clock.advance(back)
        budget.told(PORTAL, 5, 5)

    assert all(later - earlier >= WINDOW for earlier, later in zip(arrived, arrived[5:], strict=False))


def test_an_account_that_refused_calls_is_called_at_even_intervals(budget: Budget, clock: ManualClock) -> None:
    """A call that was one too many says as much as a share that was used up."""
    budget.refused(PORTAL)

    assert 2 == budget.left(PORTAL)
