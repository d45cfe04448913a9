"""How many calls an account still takes: HubSpot's rolling window as this process knows it.

A lane uses at most its share of the window; the rest is for the card and the console, which call for the same account.
One process at a time holds a lane, so it need only count its own calls. A lane that is let go says how much of the
window is used. One that was taken from a dead holder has rested for a whole window since that one's last call.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from chassis.clock import Clock
from timeline.errors import BudgetSpentError
from timeline.models import Lane, Spent

WINDOW_SECONDS: Final = 10.25
"""HubSpot's rolling window of 10 s (hubspot-contract.md, section 6), and what the ways of calls may differ in."""

MAXIMUM: Final = 110
"""Calls in it, until an answer says otherwise."""

_RESERVED: Final = 20 / 110
"""The share of the window that a lane leaves to card and console (`architecture.md`, section 4, timeline)."""

_YIELD_SECONDS: Final = 2.0
"""How long a lane holds back when others use the account: a call each 2 s takes a quarter of what is reserved."""

SEARCH_LIMIT: Final = 5
"""Searches of one account in a second, beside the window."""

_SEARCH_SECONDS: Final = 1.25


@dataclass(slots=True)
class _Account:
    """One account's window: when the calls in it began, on our own monotonic clock."""

    maximum: int = MAXIMUM
    calls: deque[float] = field(default_factory=deque)
    searches: deque[float] = field(default_factory=deque)
    held_back_until: float = 0.0


class Budget:
    """The windows of the accounts whose lanes this process has held."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[int, _Account] = {}

    def take_over(self, lane: Lane, holder: str) -> None:
        """Begin a turn: what another process has used counts as used just when it let go."""
        if lane.spent is None or lane.spent.holder == holder:
            return
        age = max((self._clock.now() - lane.spent.at).total_seconds(), 0.0)
        account = self._account(lane.portal_id)
        account.calls = deque([self._clock.monotonic() - age] * lane.spent.calls)

    def spent(self, portal_id: int, holder: str, now: datetime) -> Spent:
        """What the next holder has to know."""
        account = self._account(portal_id)
        _slide(account.calls, self._clock.monotonic() - WINDOW_SECONDS)
        return Spent(holder, len(account.calls), now)

    def require_call(self, portal_id: int) -> None:
        """Return if the account takes one more call now.

        Raises:
            BudgetSpentError: it does not; says for how long.
        """
        now, account = self._clock.monotonic(), self._account(portal_id)
        _slide(account.calls, now - WINDOW_SECONDS)
        wait = max(account.held_back_until - now, _wait(account.calls, _share(account.maximum), WINDOW_SECONDS, now))
        if wait > 0:
            raise BudgetSpentError("budget", wait)

    def left(self, portal_id: int) -> int:
        """How many calls the account takes now, as far as this process has made them."""
        account = self._account(portal_id)
        _slide(account.calls, self._clock.monotonic() - WINDOW_SECONDS)
        return max(_share(account.maximum) - len(account.calls), 0)

    def require_search(self, portal_id: int) -> None:
        """Return if the account takes one more search now.

        Raises:
            BudgetSpentError: it does not; says for how long.
        """
        now, account = self._clock.monotonic(), self._account(portal_id)
        _slide(account.searches, now - _SEARCH_SECONDS)
        wait = _wait(account.searches, SEARCH_LIMIT, _SEARCH_SECONDS, now)
        if wait > 0:
            raise BudgetSpentError("searches", wait)

    def called(self, portal_id: int) -> None:
        """A call begins."""
        self._account(portal_id).calls.append(self._clock.monotonic())

    def searched(self, portal_id: int) -> None:
        """A search begins."""
        self._account(portal_id).searches.append(self._clock.monotonic())

    def told(self, portal_id: int, maximum: int, remaining: int) -> None:
        """HubSpot said how large the window is, and how much of it is left to everyone."""
        account = self._account(portal_id)
        account.maximum = max(maximum, 1)
        if remaining < account.maximum - _share(account.maximum):
            account.held_back_until = self._clock.monotonic() + _YIELD_SECONDS

    def use(self, portal_id: int) -> float:
        """The part of the lane's share that is used, from 0 to 1 and, when reads overran it, beyond."""
        account = self._account(portal_id)
        _slide(account.calls, self._clock.monotonic() - WINDOW_SECONDS)
        return len(account.calls) / _share(account.maximum)

    def _account(self, portal_id: int) -> _Account:
        return self._accounts.setdefault(portal_id, _Account())


def _share(maximum: int) -> int:
    """What a lane may use of a window: 90 of 110, all of a very small one."""
    return maximum - math.floor(maximum * _RESERVED)


def _slide(calls: deque[float], since: float) -> None:
    while calls and calls[0] <= since:
        calls.popleft()


def _wait(calls: deque[float], limit: int, seconds: float, now: float) -> float:
    """Seconds until fewer than `limit` of these lie within the window."""
    return 0.0 if len(calls) < limit else calls[len(calls) - limit] + seconds - now
