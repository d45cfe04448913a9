"""The webhook sender: each event to each subscription, signed anew at every attempt.

2xx is delivered; 4xx is final; 5xx and no answer get up to three attempts with exponential back-off (Chert publishes
the rule and the three, the waits are ours). Waits follow the simulator's clock.
"""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus

import httpx2

from simulators.background import BackgroundTasks
from simulators.chert.event_log import wire_body
from simulators.chert.models import Attempt, Delivery, Event, Subscription
from simulators.chert.signatures import webhook_signature
from simulators.clock import Clock

WAITS_SECONDS = (2.0, 8.0)
"""Between the first and second, and the second and third attempt."""
ANSWER_SECONDS = 10.0
"""How long an attempt waits for its answer."""
_SUCCESS = 2
CONCURRENCY = 64
"""Attempts under way at once."""
DEV_INBOX = "https://dev-inbox"
"""A destination that records events and sends nothing."""


class WebhookSender:
    """Delivers events in the background and keeps every attempt at the event."""

    def __init__(self, client: httpx2.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._tasks = BackgroundTasks()
        self._slots = asyncio.Semaphore(CONCURRENCY)

    def deliver(self, event: Event, subscriptions: Iterable[Subscription]) -> None:
        """Starts delivery to every active subscription that wants this type of event."""
        for subscription in subscriptions:
            if not _wants(subscription, event):
                continue
            delivery = event.deliveries.setdefault(subscription.id, Delivery(subscription.id, subscription.url))
            if subscription.url == DEV_INBOX:
                delivery.status = "dev_inbox"
            else:
                delivery.status = "pending"
                self._tasks.start(self._pursue(event, subscription, delivery), name=f"deliver {event.id}")

    async def attempt(self, event: Event, subscription: Subscription, delivery: Delivery) -> Attempt:
        """One attempt: signs, posts, and settles the delivery as delivered or failed."""
        async with self._slots:
            attempt = await self._post(event, subscription)
        delivery.attempts.append(attempt)
        delivered = attempt.status is not None and attempt.status // 100 == _SUCCESS
        delivery.status = "delivered" if delivered else "failed"
        if delivered:
            delivery.delivered_at = self._clock.now()
        return attempt

    async def settle(self) -> None:
        """Waits until nothing is on its way."""
        await self._tasks.settle()

    async def cancel(self) -> None:
        """Gives up everything on its way."""
        await self._tasks.cancel()

    async def _pursue(self, event: Event, subscription: Subscription, delivery: Delivery) -> None:
        for wait in (*WAITS_SECONDS, None):
            attempt = await self.attempt(event, subscription, delivery)
            if wait is None or not _worth_retrying(attempt):
                return
            delivery.status = "pending"
            await self._clock.wait_until(self._clock.now() + wait)

    async def _post(self, event: Event, subscription: Subscription) -> Attempt:
        body = wire_body(event)
        started = self._clock.now()
        headers = {
            "Content-Type": "application/json",
            "X-Webhook-Event": event.type,
            "X-Webhook-Event-Id": event.event_id,
            "X-Webhook-Subscription-Id": subscription.id,
            "X-Webhook-Timestamp": str(int(started)),
            **webhook_signature(subscription.secret, started, body, event.signature_form),
        }
        status, error = None, None
        try:
            response = await self._client.post(subscription.url, content=body, headers=headers, timeout=ANSWER_SECONDS)
            status = response.status_code
        except httpx2.HTTPError as failure:
            error = type(failure).__name__
        duration_ms = round((self._clock.now() - started) * 1000)
        return Attempt(started, status, duration_ms, subscription.id, error)


def _worth_retrying(attempt: Attempt) -> bool:
    return attempt.status is None or attempt.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _wants(subscription: Subscription, event: Event) -> bool:
    return subscription.is_active and (not subscription.events or event.type in subscription.events)
