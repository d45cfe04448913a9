"""In-memory versions of the ports."""

from collections.abc import Sequence

from contracts.envelope import Event, EventData, decode
from contracts.topics import EVENT_TYPES
from webhooks.errors import NotStoredError, UnauthenticDeliveryError
from webhooks.models.deliveries import Delivery, Record
from webhooks.ports import Stored


class TrustingVerifier:
    """Believes everybody, or nobody for a given reason."""

    def __init__(self, refuse: str | None = None) -> None:
        self._refuse = refuse

    def verify(self, delivery: Delivery) -> None:
        """Return, or refuse for the given reason.

        Raises:
            UnauthenticDeliveryError: a reason was given.
        """
        del delivery
        if self._refuse is not None:
            raise UnauthenticDeliveryError(self._refuse)


class InMemoryPublisher:
    """Keeps what was published; `away` makes it refuse."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.away = False

    @property
    def published(self) -> list[Event[EventData]]:
        """The records as any consumer reads them."""
        return [decode(EVENT_TYPES[record.kind.topic], record.headers, record.value) for record in self.records]

    def publish(self, records: Sequence[Record], stored: Stored) -> None:
        """Keep the records, and say so at once.

        Raises:
            NotStoredError: `away` is set.
        """
        if self.away:
            raise NotStoredError
        self.records.extend(records)
        stored(True)
