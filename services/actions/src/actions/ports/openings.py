"""When an account's card was last opened, which tells an admin that it stands on the record page."""

from datetime import datetime
from typing import Protocol


class CardOpenings(Protocol):
    """Openings of the card, by account; both methods raise `StoreAwayError` when the database does not answer."""

    async def note(self, portal_id: int) -> None:
        """It was opened just now; kept to the nearest minutes."""
        ...

    async def last(self, portal_id: int) -> datetime | None:
        """When it was last opened; none if never."""
        ...
