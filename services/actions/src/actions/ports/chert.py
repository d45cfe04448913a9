"""Chert."""

from typing import Protocol

from actions.models import Outcome, Outgoing


class Messenger(Protocol):
    """Chert's `/send`."""

    async def send(self, chert_tenant: str, key: str, message: Outgoing) -> Outcome:
        """Hand a message over, once per key however often it is called with the same message.

        Raises:
            NotDeliveredError: nothing final is known.
        """
        ...
