"""The routes' metrics, their labels looked up once."""

from collections.abc import Callable, Iterable

from chassis.metrics import Metrics
from webhooks.models import chert, hubspot
from webhooks.models.deliveries import Receipt

_KNOWN_TYPES = chert.KNOWN_TYPES | hubspot.KNOWN_TYPES
_OTHER = "other"


class Counting:
    """What is counted of one route."""

    def __init__(self, metrics: Metrics, *, route: str, path: str) -> None:
        self._metrics, self._route, self._path = metrics, route, path
        self._answered: dict[int, Callable[[float], None]] = {}
        self._refused: dict[str, Callable[[float], None]] = {}
        self._accepted = metrics.counter("deliveries", route=route, outcome="accepted")

    def answered(self, status: int, seconds: float) -> None:
        """A request was answered after so long."""
        observe = self._answered.get(status)
        if observe is None:
            observe = self._metrics.observer(
                "http_request_seconds", route=self._path, method="POST", status=str(status)
            )
            self._answered[status] = observe
        observe(seconds)

    def received(self, receipt: Receipt, ignored: Iterable[str]) -> None:
        """A delivery was taken."""
        self._accepted(receipt.accepted)
        if receipt.rejected:
            self._metrics.count("deliveries", receipt.rejected, route=self._route, outcome="rejected")
        if receipt.ignored:
            self._metrics.count("deliveries", receipt.ignored, route=self._route, outcome="ignored")
        for name in ignored:
            self._metrics.count("ignored_events", route=self._route, type=name if name in _KNOWN_TYPES else _OTHER)

    def refused(self, outcome: str) -> None:
        """A delivery was refused."""
        count = self._refused.get(outcome)
        if count is None:
            count = self._refused[outcome] = self._metrics.counter("deliveries", route=self._route, outcome=outcome)
        count(1)
