"""Events on their way to Kafka, as the relay needs them."""

from collections.abc import Sequence
from typing import Protocol

from chassis.outbox import Pending


class Outbox(Protocol):
    """Documents of one collection with events that are not published yet."""

    async def pending(self, limit: int) -> Sequence[Pending]:
        """Some of them, longest waiting first."""
        ...

    async def published(self, told: Sequence[Pending]) -> None:
        """Forget these events."""
        ...
