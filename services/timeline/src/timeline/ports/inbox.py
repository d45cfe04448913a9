"""The inbox: messages that were received, until accounts have them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from timeline.models import Known, Placed, Received
from timeline.ports.catching_up import KnownMessages
from timeline.ports.refs import InboxNames, InboxViews


class Intake(Protocol):
    """Where it is kept which messages were ever received."""

    async def known(self, row_ids: Collection[str]) -> Known:
        """Those keys that are there, and what stands before the next messages of their projects, in one look."""
        ...

    async def add(self, rows: Sequence[Placed], now: datetime) -> None:
        """Keep messages that are not there yet, in one write; of those that have accounts only the key."""
        ...


class Unassigned(Protocol):
    """Received messages that no account has yet."""

    async def left_over(self, limit: int) -> Sequence[Received]:
        """The longest waiting, whoever received them; not those that wait for a tenant."""
        ...

    async def left_of(self, chert_tenant: str, limit: int) -> Sequence[Received]:
        """The oldest messages of a project that no account has, those that wait for a tenant, too."""
        ...

    async def assigned(self, portals: Mapping[str, Sequence[int]]) -> None:
        """Note by row id which accounts have it now; the content is theirs from here on."""
        ...


class WaitingRoom(Protocol):
    """Received messages whose project no account is connected to."""

    async def wait(self, row_ids: Sequence[str]) -> None:
        """Let them wait for their tenant; those that another process gave to an account meanwhile stay there."""
        ...

    async def call(self, chert_tenant: str, now: datetime) -> int:
        """Let those of one tenant be assigned after all; says how many."""
        ...


class WaitingRetention(Protocol):
    """Received messages that wait for an account, as they grow old."""

    async def awaited(self) -> Sequence[str]:
        """The projects, by Chert tenant, whose messages wait for an account."""
        ...

    async def expire(self, chert_tenant: str, before: datetime, limit: int) -> Sequence[str]:
        """Let a project's oldest waiting messages from before a moment wait no more; content goes, keys stay.

        Those messages, by key.
        """
        ...


class InboxKeeper(Protocol):
    """Received messages as the erasure of a contact concerns them."""

    async def erase(self, chert_tenant: str, chat_ids: Collection[str]) -> None:
        """Remove the content of messages of these conversations that no account has yet, set aside or not.

        Their keys stay.
        """
        ...


class Receivers(Protocol):
    """Which accounts were given a message."""

    async def accounts_of(self, row_id: str) -> Sequence[int]:
        """Their ids; none while it is not assigned, or if it never was received."""
        ...


class KeptKeys(KnownMessages, Protocol):
    """What is remembered of messages that were received, for as long as there is anything."""

    async def oldest(self) -> datetime | None:
        """When the oldest message came whose key is kept; none when nothing is kept."""
        ...


class InboxStore(
    Intake,
    Unassigned,
    WaitingRoom,
    WaitingRetention,
    InboxKeeper,
    KeptKeys,
    Receivers,
    InboxNames,
    InboxViews,
    Protocol,
):
    """The inbox, whole."""
