"""How much may be in flight: of everybody's together, and of one account's, so that one cannot take the service."""

from collections import deque
from collections.abc import Collection
from typing import Final

from chassis.clock import Clock
from webhooks.errors import OverloadedError

MAX_DELIVERIES: Final = 4096
"""Deliveries that wait for the broker: one for each connection that there may be. At 10,000 a second that is 0.4 s of
work, inside the deadline. Fewer would be refused while the broker keeps up, and answering thousands of refusals a
second takes the time in which it would be answered: with 1,024 of 2,048 clients refused, none was served.
"""

MAX_BYTES: Final = 32 * 1024 * 1024
"""Their bodies together; with what they become (records, batches) at most about three times that in memory."""

MAX_SECONDS: Final = 0.25
"""How long the oldest may have waited: half of what the broker is given for it. What comes behind it waits about as
long again, so it is told at once, before its body is read, instead of at the end of the second that it is promised.
"""

SHARE: Final = 4
"""One account may have a quarter. HubSpot keeps at most 10 requests of one account in flight."""


_NOTHING: Final = (0, 0)


class InFlight:
    """Counts what waits for the broker."""

    def __init__(self, clock: Clock, max_deliveries: int = MAX_DELIVERIES, max_bytes: int = MAX_BYTES) -> None:
        self._clock = clock
        # When each came. They leave nearly in that order, a flush at a time, so the first entry is the oldest's;
        # behind one partition that hangs it is younger, and the others go on.
        self._came: deque[float] = deque()
        self._max_deliveries, self._max_bytes = max_deliveries, max_bytes
        self._bytes = 0
        self._of_owner: dict[bytes, tuple[int, int]] = {}

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken, so that a delivery need not even be verified."""
        return self._is_full(self._clock.monotonic())

    def _is_full(self, now: float) -> bool:
        if not self._came:
            return False
        late = now - self._came[0] > MAX_SECONDS
        return late or len(self._came) >= self._max_deliveries or self._bytes >= self._max_bytes

    def enter(self, owners: Collection[bytes], size: int) -> None:
        """Count a delivery of so many bytes in these owners' names.

        Raises:
            OverloadedError: it is one too many.
        """
        now = self._clock.monotonic()
        if self._is_full(now):
            raise OverloadedError
        for owner in owners:
            if owner in self._of_owner and self._has_its_share(owner):
                raise OverloadedError
        self._came.append(now)
        self._bytes += size
        for owner in owners:
            deliveries, held = self._of_owner.get(owner, _NOTHING)
            self._of_owner[owner] = (deliveries + 1, held + size)

    def leave(self, owners: Collection[bytes], size: int) -> None:
        """Count it no more."""
        self._came.popleft()
        self._bytes -= size
        for owner in owners:
            deliveries, held = self._of_owner[owner]
            if deliveries == 1:
                del self._of_owner[owner]
            else:
                self._of_owner[owner] = (deliveries - 1, held - size)

    def _has_its_share(self, owner: bytes) -> bool:
        deliveries, size = self._of_owner[owner]
        return deliveries * SHARE >= self._max_deliveries or size * SHARE >= self._max_bytes
