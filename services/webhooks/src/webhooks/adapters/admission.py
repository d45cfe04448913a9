"""How much may be in flight: of everybody's together, and of one account's, so that one cannot take the service."""

from collections.abc import Collection
from typing import Final

from webhooks.errors import OverloadedError

MAX_DELIVERIES: Final = 4096
"""Deliveries that wait for the broker: one for each connection that there may be. At 10,000 a second that is 0.4 s of
work, inside the deadline. Fewer would be refused while the broker keeps up, and answering thousands of refusals a
second takes the time in which it would be answered: with 1,024 of 2,048 clients refused, none was served.
"""

MAX_BYTES: Final = 32 * 1024 * 1024
"""Their bodies together; with what they become (records, batches) at most about three times that in memory."""

SHARE: Final = 4
"""One account may have a quarter. HubSpot keeps at most 10 requests of one account in flight."""


class InFlight:
    """Counts what waits for the broker."""

    def __init__(self, max_deliveries: int = MAX_DELIVERIES, max_bytes: int = MAX_BYTES) -> None:
        self._max_deliveries, self._max_bytes = max_deliveries, max_bytes
        self._deliveries, self._bytes = 0, 0
        self._of_owner: dict[bytes, tuple[int, int]] = {}

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken, so that a delivery need not even be verified."""
        return self._deliveries >= self._max_deliveries or self._bytes >= self._max_bytes

    def enter(self, owners: Collection[bytes], size: int) -> None:
        """Count a delivery of so many bytes in these owners' names.

        Raises:
            OverloadedError: it is one too many.
        """
        if self.is_full:
            raise OverloadedError
        for owner in owners:
            if self._has_its_share(owner):
                raise OverloadedError
        self._deliveries += 1
        self._bytes += size
        for owner in owners:
            deliveries, held = self._of_owner.get(owner, (0, 0))
            self._of_owner[owner] = (deliveries + 1, held + size)

    def leave(self, owners: Collection[bytes], size: int) -> None:
        """Count it no more."""
        self._deliveries -= 1
        self._bytes -= size
        for owner in owners:
            deliveries, held = self._of_owner[owner]
            if deliveries == 1:
                del self._of_owner[owner]
            else:
                self._of_owner[owner] = (deliveries - 1, held - size)

    def _has_its_share(self, owner: bytes) -> bool:
        deliveries, size = self._of_owner.get(owner, (0, 0))
        return deliveries * SHARE >= self._max_deliveries or size * SHARE >= self._max_bytes
