"""Chert's event log, over the client library."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue, ValidationError

from chassis.logging import get_log
from chert_client import ChertClient, ChertError
from contracts.messages import MessagePart, MessageReceived
from timeline.errors import ChertAwayError
from timeline.models import LogPage

LOG = get_log()

_RECEIVED: Final = "message.received"


class _Incoming(BaseModel):
    """A part of what Chert writes; members that nobody needs are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Handle(_Incoming):
    handle: str


class _Chat(_Incoming):
    id: str
    is_group: bool = False
    owner_handle: _Handle | None = None


class _Message(_Incoming):
    id: str
    direction: str = "inbound"
    sender_handle: _Handle
    parts: tuple[MessagePart, ...] = ()


class _Data(_Incoming):
    chat: _Chat
    message: _Message


class _Envelope(_Incoming):
    """What a delivery of `message.received` carries (chert-contract.md, section 14.7)."""

    event_id: str
    timestamp: AwareDatetime
    partner_id: str
    data: _Data

    def received(self) -> MessageReceived:
        chat, message = self.data.chat, self.data.message
        return MessageReceived(
            chert_tenant=self.partner_id,
            chat_id=chat.id,
            message_id=message.id,
            event_id=self.event_id,
            sender=message.sender_handle.handle,
            line=chat.owner_handle.handle if chat.owner_handle else None,
            is_group=chat.is_group,
            parts=message.parts,
            received_at=self.timestamp,
        )


class ChertEventLog:
    """Reads logs."""

    def __init__(self, client: ChertClient) -> None:
        self._client = client

    async def page(self, chert_tenant: str, since: datetime, cursor: str | None) -> LogPage:
        """Inbound messages from a moment on, oldest first, or the page after a cursor.

        Raises:
            ChertAwayError: it cannot be read now.
        """
        try:
            page = await self._client.events(chert_tenant, event_type=_RECEIVED, since=since, cursor=cursor)
        except ChertError as error:
            raise ChertAwayError(type(error).__name__) from error
        messages = [one for event in page.events for one in _received(chert_tenant, event.payload)]
        created = [event.created_at for event in page.events if event.created_at is not None]
        return LogPage(messages, page.next_cursor, max(created, default=None))


def _received(chert_tenant: str, payload: dict[str, JsonValue]) -> Sequence[MessageReceived]:
    """The message in a row; nothing for what is outbound, another project's, or of a form that nobody knows."""
    try:
        envelope = _Envelope.model_validate(payload)
        message = envelope.received()
    except ValidationError as error:
        LOG.warning("catch_up.unreadable", chert_tenant=chert_tenant, problems=error.error_count())
        return ()
    inbound = envelope.data.message.direction == "inbound" and message.chert_tenant == chert_tenant
    return (message,) if inbound else ()
