"""What sends contain of people, and getting rid of it; both methods raise `StoreAwayError`.

Keys stay, so that a late repeat still does nothing.
"""

from datetime import datetime
from typing import Protocol


class SendContents(Protocol):
    """The contents of sends."""

    async def erase(self, portal_id: int, contact_id: str) -> int:
        """Remove number, text and answer from every send to a contact; how many that were."""
        ...

    async def purge(self, portal_id: int, before: datetime) -> int:
        """Remove number and text from answered sends that were claimed before then; how many that were.

        Their answers stay.
        """
        ...
