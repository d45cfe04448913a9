"""HubSpot's limits per account: a rolling burst of calls, and searches per second (contract section 6)."""

from collections import deque
from dataclasses import dataclass, field

from simulators.hubspot.errors import RateLimitError
from simulators.hubspot.models import Switches

BURST_SECONDS = 10.0
SEARCH_SECONDS = 1.0


@dataclass(slots=True)
class RollingWindow:
    """The moments of the calls within the last `seconds`."""

    seconds: float
    calls: deque[float] = field(default_factory=deque)

    def take(self, now: float, limit: int) -> bool:
        """Count a call that happens now, unless `limit` calls are in the window already."""
        self._slide(now)
        if len(self.calls) >= limit:
            return False
        self.calls.append(now)
        return True

    def _slide(self, now: float) -> None:
        while self.calls and self.calls[0] <= now - self.seconds:
            self.calls.popleft()
        # The clock was set back: calls from a time that is now to come would block the account until then.
        while self.calls and self.calls[-1] > now:
            self.calls.pop()


class Limiter:
    """The windows of every account."""

    def __init__(self) -> None:
        self._bursts: dict[int, RollingWindow] = {}
        self._searches: dict[int, RollingWindow] = {}

    def clear(self) -> None:
        """Forget every call."""
        self._bursts.clear()
        self._searches.clear()

    def take_call(self, portal_id: int, now: float, switches: Switches) -> dict[str, str]:
        """Count a call and return the rate-limit headers of its answer.

        Raises:
            RateLimitError: The account's burst is used up.
        """
        window = self._bursts.setdefault(portal_id, RollingWindow(BURST_SECONDS))
        if not window.take(now, switches.burst_limit):
            raise RateLimitError(
                message="You have reached your ten_secondly_rolling limit.",
                policy="TEN_SECONDLY_ROLLING",
                group=f"publicapi:oauth:{portal_id}",
            )
        return {
            "X-HubSpot-RateLimit-Max": str(switches.burst_limit),
            "X-HubSpot-RateLimit-Remaining": str(switches.burst_limit - len(window.calls)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(BURST_SECONDS * 1000)),
        }

    def take_search(self, portal_id: int, now: float, switches: Switches) -> None:
        """Count a search, which is outside the burst and whose answers carry no rate-limit headers.

        Raises:
            RateLimitError: The account has searched too often within this second.
        """
        window = self._searches.setdefault(portal_id, RollingWindow(SEARCH_SECONDS))
        if not window.take(now, switches.search_limit):
            raise RateLimitError(
                message="You have reached your secondly limit.",
                policy="SECONDLY",
                group=f"publicapi:crm:search:oauth:{portal_id}",
            )
