"""Where sends are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from actions.models import Attempt, Outcome, Send
from contracts.envelope import Event, EventData
from contracts.messages import Source


class SendStore(Protocol):
    """The sends, one document each. Every method raises `StoreAwayError` when the database does not answer.

    Each write that got no answer can be made again: the second sees that the first was its own.
    """

    async def open(self, draft: Send) -> Send:
        """Claim a new send. The result is the draft, or what has its key already."""
        ...

    async def open_as(self, draft: Send, alias: str, /) -> tuple[Send, bool]:
        """Claim a new send under its key, and under its second name if that is easily had.

        The result is the draft, or what has its key already; and whether the second name is known to be the draft's.
        """
        ...

    async def find(self, key: str) -> Send | None:
        """The send with this key."""
        ...

    async def find_all(self, keys: Sequence[str]) -> Sequence[Send]:
        """The sends with these keys, in no order; an unknown key has none."""
        ...

    async def latest(
        self, portal_id: int, since: datetime, limit: int, *, source: Source | None = None
    ) -> Sequence[Send]:
        """The latest sends of an account, newest first; of one source, if it is named.

        Requests that came twice are one send.
        """
        ...

    async def take(self, seen: Send, holder: str, begun: Attempt) -> Send | None:
        """Become the holder of a send that is still as it was seen; none when it is not."""
        ...

    async def owner_of(self, chert_tenant: str, message_id: str) -> str | None:
        """The key of the send that this message is known to be of."""
        ...

    async def settle(
        self,
        held: Send,
        ended: Attempt,
        *,
        answer: Outcome | None = None,
        same_as: str | None = None,
        parked_until: datetime | None = None,
        events: Sequence[Event[EventData]] = (),
    ) -> Send:
        """Let go of a held send, with what became known and the events that tell it, in one write.

        The result is the send as it is now; when another holder came in between, as that one left it.
        """
        ...


class AliasStore(Protocol):
    """Second names of sends."""

    async def bind(self, alias: str, key: str) -> str:
        """Give a send a second name; the result is the key that has it, the given one or an earlier one.

        Raises:
            StoreAwayError: the database does not answer.
        """
        ...
