"""Chert's event log, and how far it was read."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from contracts.messages import MessageReceived
from timeline.models import Cursor, LogPage


class ChertLog(Protocol):
    """What Chert wrote down of a project, whether it could deliver it or not."""

    async def page(self, chert_tenant: str, since: datetime, cursor: str | None) -> LogPage:
        """Inbound messages from a moment on, oldest first, or the page after a cursor.

        Raises:
            ChertAwayError: it cannot be read now.
        """
        ...


class Cursors(Protocol):
    """How far each project's log was read, and when it is read next."""

    async def claim(
        self, chert_tenants: Collection[str], now: datetime, next_at: datetime, *, begin: datetime
    ) -> Sequence[Cursor]:
        """Those that are due, which nobody else gets before `next_at`; one that is new begins at `begin`."""
        ...

    async def advance(self, chert_tenant: str, read_until: datetime) -> None:
        """Everything up to this moment is known; it never goes back."""
        ...


class KnownMessages(Protocol):
    """Which messages were ever received."""

    async def unknown(self, messages: Sequence[MessageReceived]) -> Sequence[MessageReceived]:
        """Those that never were."""
        ...


class Projects(Protocol):
    """The projects that accounts are connected to."""

    async def connected(self) -> Collection[str]:
        """Chert's slugs of those with an active account."""
        ...
