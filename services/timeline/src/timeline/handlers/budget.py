"""How many calls an account still takes: HubSpot's rolling window as this process knows it.

A lane uses at most its share of the window; the rest is for the card and the console, which call for the same account.
One process at a time holds a lane, so it need only count its own calls. A lane that is let go says how much of the
window is used. One that was taken from a dead holder has rested for a whole window since that one's last call.

A call counts from its answer: it was at HubSpot no later. As long as none has come, it counts from its beginning, and a
little longer. An account that used its share up has its next calls spread over the window, so that it is not idle for
most of it, and its window is as empty at any time as at any other.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from chassis.clock import Clock
from timeline.errors import BudgetSpentError
from timeline.models import Lane, Spent

ANSWERED_SECONDS: Final = 10.02
"""HubSpot's rolling window of 10 s (hubspot-contract.md, section 6), and what two clocks may differ in meanwhile."""

WINDOW_SECONDS: Final = 10.25
"""The same for a call without an answer, which was at HubSpot some time after it began."""

MAXIMUM: Final = 110
"""Calls in it, until an answer says otherwise."""

_RESERVED: Final = 20 / 110
"""The share of the window that a lane leaves to card and console (`architecture.md`, section 4, timeline)."""

_SPREAD: Final = 0.8
"""The part of the window over which the calls of an account are spread that has more to tell than it takes."""

_PORTIONS: Final = 4
"""In how many portions at most: each is a turn of the lane."""

_YIELD_SECONDS: Final = 2.0
"""How long a lane holds back when others use the account: a call each 2 s takes a quarter of what is reserved."""

SEARCH_LIMIT: Final = 5
"""Searches of one account in a second, beside the window."""

_SEARCH_SECONDS: Final = 1.25


@dataclass(slots=True)
class _Account:
    """One account's window, on our own monotonic clock.

    Attributes:
        under_way: when calls began that have no answer yet, or never got one.
        answered: when the others were answered.
        spread_until: the share was used up, so that calls are spread until then.
        portion_until: when the next portion of them may begin.
        room: how many calls the present portion has left.
    """

    maximum: int = MAXIMUM
    under_way: deque[float] = field(default_factory=deque)
    answered: deque[float] = field(default_factory=deque)
    searches: deque[float] = field(default_factory=deque)
    held_back_until: float = 0.0
    spread_until: float = 0.0
    portion_until: float = 0.0
    room: int = 0

    @property
    def share(self) -> int:
        """What a lane may use of the window: 90 of 110, all of a very small one."""
        return self.maximum - math.floor(self.maximum * _RESERVED)

    def begin(self, now: float) -> None:
        """A call begins."""
        self.under_way.append(now)
        if now < self.spread_until:
            if self.portion_until <= now:
                self.portion_until, self.room = now, self._portion
            self.portion_until += _SPREAD * ANSWERED_SECONDS / self.share
            self.room = max(self.room - 1, 0)

    def early_for(self, now: float) -> float:
        """Seconds until the next call is not too soon after the last ones, if they are spread."""
        return self.portion_until - now if now < self.spread_until and not self.room else 0.0

    def left(self, now: float) -> int:
        """How many calls may begin together."""
        left = max(self.share - self.used(now), 0)
        if self.spread_until <= now:
            return left
        return min(left, self._portion if self.portion_until <= now else self.room)

    @property
    def _portion(self) -> int:
        return math.ceil(self.share / _PORTIONS)

    def used(self, now: float) -> int:
        """How many calls lie within the window."""
        _slide(self.under_way, now - WINDOW_SECONDS)
        _slide(self.answered, now - ANSWERED_SECONDS)
        return len(self.under_way) + len(self.answered)

    def full_for(self, now: float) -> float:
        """Seconds until fewer calls than the share lie within the window."""
        over = self.used(now) - self.share
        return 0.0 if over < 0 else sorted(self._ends())[over] - now

    def _ends(self) -> Iterator[float]:
        """When each call leaves the window."""
        yield from (began + WINDOW_SECONDS for began in self.under_way)
        yield from (answered + ANSWERED_SECONDS for answered in self.answered)


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
        account.answered.clear()
        account.under_way = deque([self._clock.monotonic() - age] * lane.spent.calls)

    def spent(self, portal_id: int, holder: str, now: datetime) -> Spent:
        """What the next holder has to know."""
        return Spent(holder, self._account(portal_id).used(self._clock.monotonic()), now)

    def require_call(self, portal_id: int) -> None:
        """Return if the account takes one more call now.

        Raises:
            BudgetSpentError: it does not; says for how long.
        """
        now, account = self._clock.monotonic(), self._account(portal_id)
        full_for = account.full_for(now)
        if full_for > 0:
            account.spread_until = now + full_for + WINDOW_SECONDS
        wait = max(full_for, account.held_back_until - now, account.early_for(now))
        if wait > 0:
            raise BudgetSpentError("budget", wait)

    def left(self, portal_id: int) -> int:
        """How many calls may begin together now, as far as this process knows."""
        return self._account(portal_id).left(self._clock.monotonic())

    def is_idle(self, portal_id: int, calls: int) -> bool:
        """Whether so many more calls would leave half of what the account takes unused."""
        account = self._account(portal_id)
        return 2 * (account.used(self._clock.monotonic()) + calls) <= account.share

    def refused(self, portal_id: int) -> None:
        """HubSpot took a call for one too many: it is told more than it takes."""
        self._account(portal_id).spread_until = self._clock.monotonic() + 2 * WINDOW_SECONDS

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
        self._account(portal_id).begin(self._clock.monotonic())

    def searched(self, portal_id: int) -> None:
        """A search begins."""
        self._account(portal_id).searches.append(self._clock.monotonic())

    def told(self, portal_id: int, maximum: int, remaining: int) -> None:
        """HubSpot answered, and said how large the window is, and how much of it is left to everyone."""
        now, account = self._clock.monotonic(), self._account(portal_id)
        account.maximum = max(maximum, 1)
        if account.under_way:
            account.under_way.pop()  # the newest: one that is never answered stays as old as it is, and leaves in time
            account.answered.append(now)
        if remaining < account.maximum - account.share:
            account.held_back_until = now + _YIELD_SECONDS

    def use(self, portal_id: int) -> float:
        """The part of the lane's share that is used, from 0 to 1 and, when reads overran it, beyond."""
        account = self._account(portal_id)
        return account.used(self._clock.monotonic()) / account.share

    def _account(self, portal_id: int) -> _Account:
        return self._accounts.setdefault(portal_id, _Account())


def _slide(calls: deque[float], since: float) -> None:
    while calls and calls[0] <= since:
        calls.popleft()


def _wait(calls: deque[float], limit: int, seconds: float, now: float) -> float:
    """Seconds until fewer than `limit` of these lie within the window."""
    return 0.0 if len(calls) < limit else calls[len(calls) - limit] + seconds - now
