"""What on-call sees of calls and budgets."""

from typing import Any

import pytest

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from timeline.adapters.metering import CountedCalls
from timeline.errors import BudgetSpentError
from timeline.handlers.budget import Budget


def test_calls_are_counted_and_held_against_the_budget(clock: ManualClock, metrics: Metrics) -> None:
    """Calls and searches are counted apart, and the account's window knows of them."""
    budget = Budget(clock)
    meter = CountedCalls(budget, metrics)

    meter.told(1, 10, 0)
    meter.called(1)
    meter.called(1)
    meter.searched(1)

    text = metrics.render().decode()
    assert 'timeline_calls_total{kind="window"} 2.0' in text
    assert 'timeline_calls_total{kind="search"} 1.0' in text
    assert 2 / 9 == budget.use(1)
    with pytest.raises(BudgetSpentError):  # nothing remains, so others call for the account too
        budget.require_call(1)


async def test_a_turn_says_how_much_of_the_budget_was_used(
    start: Any, bring: Any, reply: Any, metrics: Metrics
) -> None:
    """One call of ninety is seen as one of ninety."""
    await bring(start(), reply())

    assert f"timeline_budget_use_sum {1 / 90}" in metrics.render().decode()
