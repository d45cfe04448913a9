"""Calls to HubSpot: held against the account's budget, and counted."""

from chassis.metrics import Metrics
from timeline.ports import CallMeter


class CountedCalls:
    """Counts what it hands on to the budget."""

    def __init__(self, budget: CallMeter, metrics: Metrics) -> None:
        self._budget, self._metrics = budget, metrics

    def called(self, portal_id: int) -> None:
        """A call begins that counts in the account's window."""
        self._budget.called(portal_id)
        self._metrics.count("timeline_calls", kind="window")

    def searched(self, portal_id: int) -> None:
        """A search begins; it counts by the second."""
        self._budget.searched(portal_id)
        self._metrics.count("timeline_calls", kind="search")

    def told(self, portal_id: int, maximum: int, remaining: int) -> None:
        """HubSpot said how large the account's window is, and how much of it is left to everyone."""
        self._budget.told(portal_id, maximum, remaining)
