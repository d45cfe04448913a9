"""Looking before sending again: whether an earlier attempt, whose end nobody knows, had sent the message."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from actions.errors import KeyOutlivedError, NotServedError
from actions.models import Accepted, Outgoing, Send
from actions.ports import AliasStore, Conversations, SendStore
from chassis.clock import Clock

KEY_LIFETIME: Final = timedelta(hours=23)
"""How long Chert is assumed to know a key: 24 hours, less one for clocks and calls under way."""

LOOK_AFTER: Final = timedelta(minutes=45)
"""From when on we look although Chert should still know the key: its lifetime is an assumption, looking is cheap."""

_SKEW: Final = timedelta(minutes=5)
"""How far Chert's clock may be from ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """Looks into conversations.

    Attributes:
        conversations: Chert's side.
        sends: whose message is known to be whose.
        aliases: makes a found message that of one send.
        clock: how long an attempt is ago.
    """

    conversations: Conversations
    sends: SendStore
    aliases: AliasStore
    clock: Clock

    async def found(self, send: Send, message: Outgoing) -> Accepted | None:
        """What an earlier attempt had sent; none when another try is safe.

        Raises:
            KeyOutlivedError: Chert never tells, and may have forgotten the key.
            NotToldError: Chert cannot be asked now; it is worth waiting until it can.
            StoreAwayError: the database does not answer.
        """
        began = _first_doubtful(send)
        age = timedelta() if began is None else self.clock.now() - began
        if began is None or age < LOOK_AFTER:
            return None
        try:
            return await self._look(send, message, began - _SKEW)
        except NotServedError as error:
            if age < KEY_LIFETIME:
                return None  # then the key makes it once, if Chert keeps to what is assumed
            raise KeyOutlivedError from error

    async def _look(self, send: Send, message: Outgoing, since: datetime) -> Accepted | None:
        chat_id = await self.conversations.chat_with(send.chert_tenant, message.phone)
        if chat_id is None:
            return None
        for message_id in await self.conversations.sent_in(send.chert_tenant, chat_id, message.body, since):
            if await self._is_ours(send, message_id):
                return Accepted(
                    message_id=message_id, lead_id=chat_id, lead_created=False, phone_line_id=message.phone_line_id
                )
        return None

    async def _is_ours(self, send: Send, message_id: str) -> bool:
        """Whether no other send has this message: the same text may have been sent twice, and meant so."""
        if await self.sends.owner_of(send.chert_tenant, message_id) not in {None, send.key}:
            return False
        return await self.aliases.bind(f"message:{send.chert_tenant}:{message_id}", send.key) == send.key


def is_doubtful(send: Send) -> bool:
    """Whether an earlier attempt may have sent it."""
    return _first_doubtful(send) is not None


def _first_doubtful(send: Send) -> datetime | None:
    """When the first earlier attempt began that may have reached Chert."""
    unsent = {attempt.fence for attempt in send.attempts if attempt.status in {"unsent", "parked"}}
    clear = unsent | {send.lease.fence}
    return next((attempt.at for attempt in send.attempts if attempt.fence not in clear), None)
