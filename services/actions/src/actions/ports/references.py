"""Finding sends by whatever id somebody knows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from actions.models import Reference


class ReferenceStore(Protocol):
    """Ids of sends. Every method raises `StoreAwayError` when the database does not answer."""

    async def note(self, references: Sequence[Reference]) -> None:
        """Keep them; one that is known changes nothing."""
        ...

    async def keys(self, known_as: str, until: datetime) -> Sequence[str]:
        """The keys of the newest sends that have this id, up to some hundred, those of the last two years at least."""
        ...
