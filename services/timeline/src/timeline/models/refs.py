"""Refs: which ids lead to which conversations, for whoever asks where one of them is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

RefKind = Literal["chat", "contact", "phone"]
"""`contact` and `phone` lead to chats, `chat` to its number; rows of the inbox name their event, trace and chat."""


@dataclass(frozen=True, slots=True)
class Ref:
    """One id, and one key that it leads to.

    Attributes:
        kind: of which kind it is.
        value: the id; of a phone number its keyed hash, never the number.
        to: where it leads.
    """

    kind: RefKind
    value: str = field(repr=False)
    to: str

    @property
    def key(self) -> str:
        """Key of the ref's document."""
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True)
class InboxView:
    """A row of the inbox as an operator sees it.

    Attributes:
        id: its key.
        received_at: when Chert had the message.
        portals: the accounts that have it.
        since: since when it waits to be given to accounts.
        waits_for: the Chert tenant that it waits for.
    """

    id: str
    received_at: datetime
    portals: tuple[int, ...] = ()
    since: datetime | None = None
    waits_for: str | None = None
