"""The client for Chert's Messaging API: sending, lines, chats, attachments and the event log.

One platform credential signs all calls; each names the customer by the slug of its Chert tenant.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

import httpx2

from chert_client.answers import understood_as
from chert_client.attachments import Attachment, attachment_of
from chert_client.connection import Call, CallLimits, ChertConnection
from chert_client.errors import NotFoundError
from chert_client.ids import is_chat_id
from chert_client.models import (
    ChangedSubscription,
    ChatHistory,
    CreatedSubscription,
    EventPage,
    NewWebhookSubscription,
    OutgoingMessage,
    PhoneLine,
    PhoneLines,
    SentMessage,
    WebhookSubscription,
    WebhookSubscriptions,
)
from chert_client.transport import Transport
from chert_client.unpublished import Unpublished

EVENTS_LIMIT: Final = 200
"""The most events that Chert gives in one page."""

_ATTACHMENT_ID: Final = re.compile(r"[A-Za-z0-9_:-][A-Za-z0-9_.:-]{0,199}")


class ChertClient:
    """Chert's Messaging API; opened once per process, `async with`."""

    def __init__(
        self,
        base_url: str,
        *,
        signing_secret: Callable[[], bytes],
        now: Callable[[], datetime],
        limits: CallLimits | None = None,
        transport: Transport | httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Speak for all tenants of one platform.

        Args:
            base_url: Chert's host, `https://console.trychert.com` in production.
            signing_secret: the platform credential's text; asked at each try, so that a rotated one counts at once.
            now: the clock, aware.
            limits: the bounds of each call.
            transport: what carries requests, and ends with this; httpx2's own if none is given.
        """
        self.limits = limits or CallLimits()
        self._connection = ChertConnection(
            base_url, signing_secret=signing_secret, now=now, limits=self.limits, transport=transport
        )
        self.unpublished = Unpublished(self._connection)

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, traceback)

    async def send(self, tenant: str, message: OutgoingMessage) -> SentMessage:
        """Send one text (chert-contract.md section 14.2); one try, so that each is its caller's to record.

        Repeating it with the same message and key is safe for as long as Chert keeps the key: the bytes are the same.

        Raises:
            ChertError: any leaf.
        """
        told = {name: value for name, value in asdict(message).items() if value is not None}
        # Escaped to ASCII, so that half a surrogate pair is Chert's to refuse and never an error here.
        call = Call(method="POST", path="/send", tenant=tenant, content=json.dumps(told).encode("ascii"))
        return await self._connection.write(call, understood_as(SentMessage))

    async def phone_numbers(self, tenant: str) -> tuple[PhoneLine, ...]:
        """The tenant's lines (section 14.5).

        Raises:
            ChertError: any leaf, after the retries of a read.
        """
        call = Call(method="GET", path="/phone-numbers", tenant=tenant)
        return (await self._connection.read(call, understood_as(PhoneLines))).phone_numbers

    async def webhook_subscriptions(self, tenant: str) -> tuple[WebhookSubscription, ...]:
        """The subscriptions that hear the tenant (section 14.6).

        Raises:
            ChertError: any leaf, after the retries of a read.
        """
        call = Call(method="GET", path="/webhook-subscriptions", tenant=tenant)
        return (await self._connection.read(call, understood_as(WebhookSubscriptions))).subscriptions

    async def subscribe(self, tenant: str, url: str, events: Sequence[str]) -> NewWebhookSubscription:
        """Have events delivered to an HTTPS address (section 14.6); one try, for a repeat makes another subscription.

        Raises:
            ChertError: any leaf; after `AnswerLostError` look before another try.
        """
        content = json.dumps({"url": url, "events": list(events)}).encode()
        call = Call(method="POST", path="/webhook-subscriptions", tenant=tenant, content=content)
        return (await self._connection.write(call, understood_as(CreatedSubscription))).subscription

    async def activate_subscription(self, tenant: str, subscription_id: str) -> WebhookSubscription:
        """Let a subscription deliver again (section 14.6); one try.

        Raises:
            NotFoundError: there is no such subscription; also, without a call, for an id that cannot stand in a path.
            ChertError: any other leaf.
        """
        if not is_chat_id(subscription_id):
            raise NotFoundError
        content = json.dumps({"is_active": True}).encode()
        call = Call(method="PATCH", path=f"/webhook-subscriptions/{subscription_id}", tenant=tenant, content=content)
        return (await self._connection.write(call, understood_as(ChangedSubscription))).subscription

    async def chat_messages(self, tenant: str, chat_id: str) -> ChatHistory:
        """The newest 200 messages of a chat, oldest first (section 14.4).

        Raises:
            NotFoundError: there is no such chat; also, without a call, for an id that cannot stand in a path.
            ChertError: any other leaf, after the retries of a read.
        """
        if not is_chat_id(chat_id):
            raise NotFoundError
        call = Call(method="GET", path=f"/chats/{chat_id}/messages", tenant=tenant)
        return await self._connection.read(call, understood_as(ChatHistory))

    @asynccontextmanager
    async def attachment(self, tenant: str, attachment_id: str) -> AsyncIterator[Attachment]:
        """What somebody sent along with a message (section 3.4), its content to be read within the block; one try.

        Raises:
            NotFoundError: there is no such attachment (any more); also, without a call, for an id that cannot stand in
                a path.
            ChertError: any other leaf; while the content is read, `AnswerLostError` and `MalformedAnswerError` too.
        """
        if not _ATTACHMENT_ID.fullmatch(attachment_id):
            raise NotFoundError
        call = Call(method="GET", path=f"/attachments/{attachment_id}/content", tenant=tenant, accept="*/*")
        async with self._connection.stream(call) as content:
            yield attachment_of(content)

    async def events(
        self,
        tenant: str,
        *,
        event_type: str | None = None,
        since: datetime | None = None,
        cursor: str | None = None,
        limit: int = EVENTS_LIMIT,
    ) -> EventPage:
        """A page of the tenant's event log (section 14.8).

        Args:
            tenant: the tenant's slug.
            event_type: only events of this type, for example `message.received`.
            since: only events from this moment on, aware.
            cursor: `next_cursor` of the page before.
            limit: how many, at most 200.

        Raises:
            ChertError: any leaf, after the retries of a read.
        """
        told = {
            "type": event_type,
            "since": None if since is None else since.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "cursor": cursor,
            "limit": str(limit),
        }
        params = {name: value for name, value in told.items() if value is not None}
        call = Call(method="GET", path="/events", tenant=tenant, params=params)
        return await self._connection.read(call, understood_as(EventPage))
