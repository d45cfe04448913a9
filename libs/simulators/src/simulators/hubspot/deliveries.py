"""Webhook deliveries: batches of events, posted, and posted again when that fails (contract 3.2)."""

import asyncio
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from simulators.background import BackgroundTasks
from simulators.clock import Clock
from simulators.hubspot.outbound import Answer, Patience, SignedCaller
from simulators.hubspot.signing import SignatureVersion

EVENTS_PER_REQUEST = 100
REQUESTS_IN_FLIGHT_PER_PORTAL = 10
PATIENCE = Patience(connect=5.0, total=5.0)
# v1 is documented, v3 is sent beside it for OAuth apps (contract 2).
SIGNATURES = (SignatureVersion.V1, SignatureVersion.V3)
# Ten retries. Together 82,260 s, so that they end within 24 h; each is shortened at random by up to a half.
RETRY_DELAYS_SECONDS = (60, 300, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 18_000, 25_200)
# Finished deliveries kept for the control API; as many may be unfinished at once.
MAX_DELIVERIES = 100_000

OK = 200
MULTIPLE_CHOICES = 300


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class TooManyDeliveriesError(RuntimeError):
    """More deliveries are unfinished than this HubSpot keeps."""


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One try; without a status the connection failed or the time ran out."""

    at: float
    status: int | None
    error: str | None


@dataclass(slots=True)
class Delivery:
    """One array of events on its way to one address of the app."""

    delivery_id: str
    portal_id: int
    url: str
    events: list[object]
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: list[DeliveryAttempt] = field(default_factory=list)
    next_attempt_at: float | None = None

    def body(self) -> bytes:
        """The array as sent now: a retry counts up `attemptNumber` of the events that have one."""
        number = len(self.attempts)
        return json.dumps([_numbered(event, number) for event in self.events], separators=(",", ":")).encode()


class DeliverySender:
    """Sends deliveries in the background, at most ten at a time for an account."""

    def __init__(
        self, caller: SignedCaller, clock: Clock, background: BackgroundTasks, chance: Callable[[], float]
    ) -> None:
        self._caller = caller
        self._clock = clock
        self._background = background
        self._chance = chance
        self._deliveries: dict[str, Delivery] = {}
        self._in_flight: dict[int, asyncio.Semaphore] = {}
        self._numbers = itertools.count(1)

    def clear(self) -> None:
        """Forget every delivery; those under way are stopped with the background tasks."""
        self._deliveries.clear()
        self._in_flight.clear()

    def all(self) -> list[Delivery]:
        """Every delivery that is remembered, oldest first."""
        return list(self._deliveries.values())

    def find(self, delivery_id: str) -> Delivery | None:
        """A delivery by its id."""
        return self._deliveries.get(delivery_id)

    def send(self, portal_id: int, url: str, events: Sequence[object]) -> list[Delivery]:
        """Begin to deliver events, in arrays of at most a hundred.

        Raises:
            TooManyDeliveriesError: Too many deliveries are unfinished.
        """
        batches = [events[start : start + EVENTS_PER_REQUEST] for start in range(0, len(events), EVENTS_PER_REQUEST)]
        deliveries = [self._remember(portal_id, url, list(batch)) for batch in batches]
        for delivery in deliveries:
            self._background.start(self._deliver(delivery), name=f"webhook delivery {delivery.delivery_id}")
        return deliveries

    def redeliver(self, delivery: Delivery) -> None:
        """Send the same events once more, freshly signed, beside whatever retries are still due."""
        self._background.start(self._attempt(delivery), name=f"webhook redelivery {delivery.delivery_id}")

    async def _deliver(self, delivery: Delivery) -> None:
        for delay in (*RETRY_DELAYS_SECONDS, None):
            await self._attempt(delivery)
            if delivery.status is DeliveryStatus.DELIVERED or delay is None:
                break
            delivery.next_attempt_at = self._clock.now() + delay * (1 - self._chance() / 2)
            await self._clock.wait_until(delivery.next_attempt_at)
        delivery.next_attempt_at = None
        if delivery.status is DeliveryStatus.PENDING:
            delivery.status = DeliveryStatus.FAILED

    async def _attempt(self, delivery: Delivery) -> None:
        slots = self._in_flight.setdefault(delivery.portal_id, asyncio.Semaphore(REQUESTS_IN_FLIGHT_PER_PORTAL))
        async with slots:
            at = self._clock.now()
            answer = await self._caller.post(delivery.url, delivery.body(), SIGNATURES, PATIENCE)
        delivery.attempts.append(DeliveryAttempt(at, answer.status, answer.error))
        if _taken(answer):
            delivery.status = DeliveryStatus.DELIVERED

    def _remember(self, portal_id: int, url: str, events: list[object]) -> Delivery:
        if len(self._deliveries) >= MAX_DELIVERIES:
            self._forget_one()
        delivery = Delivery(f"d-{next(self._numbers)}", portal_id, url, events)
        self._deliveries[delivery.delivery_id] = delivery
        return delivery

    def _forget_one(self) -> None:
        for delivery in self._deliveries.values():
            if delivery.status is not DeliveryStatus.PENDING:
                del self._deliveries[delivery.delivery_id]
                return
        raise TooManyDeliveriesError


def _numbered(event: object, number: int) -> object:
    if number and isinstance(event, dict) and "attemptNumber" in event:
        return event | {"attemptNumber": number}
    return event


def _taken(answer: Answer) -> bool:
    """Only 2xx counts; HubSpot follows no redirect."""
    return answer.status is not None and OK <= answer.status < MULTIPLE_CHOICES
