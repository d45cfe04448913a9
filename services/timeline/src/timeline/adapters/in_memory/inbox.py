"""The inbox in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.messages import MessageReceived
from timeline.models import Received


@dataclass
class InboxRow:
    """One row: `since` while it waits to be assigned, `waiting_for` while it waits for a tenant."""

    received: Received | None
    since: datetime | None
    waiting_for: str | None = None
    portals: tuple[int, ...] = ()


class InMemoryInbox:
    """Rows by key."""

    def __init__(self) -> None:
        self.rows: dict[str, InboxRow] = {}

    async def add(self, rows: Sequence[Received], now: datetime) -> Sequence[str]:
        """Keep messages that are not there yet; the keys of those that were there."""
        known = []
        for row in rows:
            if row.id in self.rows:
                known.append(row.id)
            else:
                self.rows[row.id] = InboxRow(row, now)
        return known

    async def read(self, row_ids: Sequence[str]) -> Sequence[Received]:
        """Those among these that wait to be assigned, oldest first."""
        found = [self.rows[row_id] for row_id in row_ids if row_id in self.rows]
        received = [row.received for row in found if row.since is not None and row.received is not None]
        return sorted(received, key=lambda row: (row.message.received_at, row.id))

    async def unknown(self, messages: Sequence[MessageReceived]) -> Sequence[MessageReceived]:
        """Those that never were received."""
        return [message for message in messages if Received(message).id not in self.rows]

    async def accounts_of(self, row_id: str) -> Sequence[int]:
        """The accounts that have a message now."""
        row = self.rows.get(row_id)
        return [] if row is None else list(row.portals)

    async def left_over(self, limit: int) -> Sequence[Received]:
        """The longest waiting."""
        waiting = sorted((row.since, row_id) for row_id, row in self.rows.items() if row.since is not None)
        return [row for _, row_id in waiting[:limit] if (row := self.rows[row_id].received) is not None]

    async def assigned(self, portals: Mapping[str, Sequence[int]]) -> None:
        """Note which accounts have each row now, and drop its content."""
        for row_id, accounts in portals.items():
            self.rows[row_id] = InboxRow(None, None, portals=tuple(accounts))

    async def wait(self, row_ids: Sequence[str]) -> None:
        """Let rows wait for their tenant."""
        for row_id in row_ids:
            row = self.rows[row_id]
            row.since, row.waiting_for = None, row_id.partition(":")[0]

    async def erase(self, chert_tenant: str, chat_ids: Collection[str]) -> None:
        """Remove the content of messages of these conversations that no account has yet; their keys stay."""
        for row_id, row in self.rows.items():
            message = None if row.received is None else row.received.message
            if message is not None and message.chert_tenant == chert_tenant and message.chat_id in chat_ids:
                self.rows[row_id] = InboxRow(None, None)

    async def awaited(self) -> Sequence[str]:
        """The projects whose messages wait for an account."""
        return sorted({row.waiting_for for row in self.rows.values() if row.waiting_for is not None})

    async def expire(self, chert_tenant: str, before: datetime, limit: int) -> Sequence[str]:
        """Let a project's oldest waiting messages wait no more."""
        waiting = [row.received for row in self.rows.values() if row.waiting_for == chert_tenant and row.received]
        old = sorted((row.message.received_at, row.id) for row in waiting if row.message.received_at < before)[:limit]
        for _, row_id in old:
            self.rows[row_id] = InboxRow(None, None)
        return [row_id for _, row_id in old]

    async def call(self, chert_tenant: str, now: datetime) -> int:
        """Let those of one tenant be assigned after all; says how many."""
        called = [row for row in self.rows.values() if row.waiting_for == chert_tenant]
        for row in called:
            row.since, row.waiting_for = now, None
        return len(called)
