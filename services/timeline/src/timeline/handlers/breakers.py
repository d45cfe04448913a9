"""The breaker of an account: failures in a row open it, a success or a reconnect closes it.

While it is open the lane rests; then one reply goes out as a probe. A probe that fails makes the next rest longer.
Nothing is dropped: replies wait on the lane's list.
"""

from datetime import datetime
from typing import Final

from chassis.tracing import current_traceparent
from contracts.breakers import BreakerClosed, BreakerOpened
from contracts.envelope import Event
from contracts.topics import BREAKER_CLOSED, BREAKER_OPENED
from timeline.models import Breaker

FAILURES: Final = 5
"""Failed calls in a row that open it (chert-contract.md, section 10.4)."""

_FIRST_PAUSE_SECONDS: Final = 0.5
_FIRST_REST_SECONDS: Final = 15.0
_LONGEST_REST_SECONDS: Final = 300.0


def rest_seconds(failures: int) -> float:
    """How long a lane rests after so many failures in a row.

    0.5, 1, 2 and 4 s while the breaker is closed, so that a hiccup costs little; then 15, 30 … 300 s.
    """
    if failures < FAILURES:
        return _FIRST_PAUSE_SECONDS * 2.0 ** (failures - 1)
    return min(_FIRST_REST_SECONDS * 2.0 ** min(failures - FAILURES, 10), _LONGEST_REST_SECONDS)


def opened(portal_id: int, breaker: Breaker, failures: int, probe_at: datetime) -> Event[BreakerOpened]:
    """What the world is told when it opens."""
    return Event(
        type=BREAKER_OPENED,
        id=f"breaker.opened:{portal_id}:{breaker.opening}",
        source="/timeline",
        time=breaker.opened_at,
        subject=str(portal_id),
        traceparent=current_traceparent(),
        data=BreakerOpened(
            portal_id=portal_id,
            opening=breaker.opening,
            opened_at=breaker.opened_at,
            failures=failures,
            reason=breaker.reason,
            probe_at=probe_at,
        ),
    )


def closed(portal_id: int, breaker: Breaker, now: datetime) -> Event[BreakerClosed]:
    """What the world is told when it closes."""
    return Event(
        type=BREAKER_CLOSED,
        id=f"breaker.closed:{portal_id}:{breaker.opening}",
        source="/timeline",
        time=now,
        subject=str(portal_id),
        traceparent=current_traceparent(),
        data=BreakerClosed(portal_id=portal_id, opening=breaker.opening, opened_at=breaker.opened_at, closed_at=now),
    )
