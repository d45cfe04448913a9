"""The inbox in memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from contracts.messages import MessageReceived
from timeline.adapters.in_memory.queues import InMemoryQueues
from timeline.models import InboxView, Known, Placed, Received

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass
class InboxRow:
    """One row: `received_at` for good; `since` while it waits to be assigned, `waiting_for` while for a tenant."""

    received: Received | None
    since: datetime | None
    waiting_for: str | None = None
    portals: tuple[int, ...] = ()
    received_at: datetime = _NEVER
    names: frozenset[str] = frozenset()
    chat_id: str = ""


class InMemoryInbox:
    """Rows by key."""

    def __init__(self, queues: InMemoryQueues) -> None:
        self.rows: dict[str, InboxRow] = {}
        self._queues = queues

    async def known(self, row_ids: Collection[str]) -> Known:
        """Those keys that are there, and what stands before the next messages of their projects."""
        rows = {row_id: self.rows[row_id] for row_id in row_ids if row_id in self.rows}
        queues = [self._queues.look(one) for one in {row_id.partition(":")[0] for row_id in row_ids}]
        return Known(
            rows={row_id: None is not (row.since or row.waiting_for) for row_id, row in rows.items()},
            queues={queue.chert_tenant: queue for queue in queues if not queue.empty},
        )

    async def add(self, rows: Sequence[Placed], now: datetime) -> None:
        """Keep messages that are not there yet; of those that have accounts only the key."""
        for row in rows:
            self.rows.setdefault(row.received.id, _row(row, now))

    async def unknown(self, messages: Sequence[MessageReceived]) -> Sequence[MessageReceived]:
        """Those that never were received."""
        known = {*self.rows, *self._queues.rows()}
        return [message for message in messages if Received(message).id not in known]

    async def oldest(self) -> datetime | None:
        """When the oldest message came whose key is kept."""
        return min((row.received_at for row in self.rows.values()), default=None)

    async def accounts_of(self, row_id: str) -> Sequence[int]:
        """The accounts that have a message now."""
        row = self.rows.get(row_id)
        return [] if row is None else list(row.portals)

    async def look_at(self, row_ids: Collection[str]) -> Sequence[InboxView]:
        """Those that exist, as an operator sees them."""
        found = {row_id: self.rows[row_id] for row_id in row_ids if row_id in self.rows}
        aside = [row for row_id, row in self._queues.rows().items() if row_id in row_ids and row_id not in found]
        return [
            *(InboxView(key, row.received_at, row.portals, row.since, row.waiting_for) for key, row in found.items()),
            *(InboxView(row.id, row.message.received_at, since=self._queues.since[row.id]) for row in aside),
        ]

    async def named(self, asked: str, limit: int) -> Collection[str]:
        """Keys of the newest rows whose event, trace or conversation has this id."""
        aside = self._aside(lambda row: asked in _names(row))
        rows = self._newest([key for key, row in self.rows.items() if asked in row.names], limit)
        return list(dict.fromkeys([*aside, *rows]))[:limit]

    async def of_chats(self, chat_ids: Collection[str], limit: int) -> Collection[str]:
        """Keys of the newest rows of these conversations."""
        aside = self._aside(lambda row: row.message.chat_id in chat_ids)
        rows = self._newest([key for key, row in self.rows.items() if row.chat_id in chat_ids], limit)
        return list(dict.fromkeys([*aside, *rows]))[:limit]

    async def in_use(self, chat_ids: Collection[str], but: Collection[str]) -> Collection[str]:
        """Those conversations of which any row but these was given to an account, or still waits to be."""
        others = [row for row_id, row in self.rows.items() if row_id not in but]
        used = {row.chat_id for row in others if row.portals or row.since or row.waiting_for}
        return used & set(chat_ids)

    async def keep_names(self, received: Collection[Received]) -> None:
        """Let rows that are there be found by their event, trace and conversation."""
        for one in received:
            if one.id in self.rows:
                self.rows[one.id] = replace(self.rows[one.id], names=_names(one), chat_id=one.message.chat_id)

    async def forget_names(self, row_ids: Collection[str]) -> int:
        """Let nothing but its key lead to a row any more; how many rows anything led to."""
        named = [row_id for row_id in row_ids if row_id in self.rows and self.rows[row_id].names]
        for row_id in named:
            self.rows[row_id] = replace(self.rows[row_id], names=frozenset(), chat_id="")
        return len(named)

    def _aside(self, chosen: Callable[[Received], bool]) -> Sequence[str]:
        """Keys of the chosen messages that are set aside, the newest first."""
        rows = [row for row in self._queues.rows().values() if chosen(row)]
        return [row.id for row in sorted(rows, key=lambda row: row.message.received_at, reverse=True)]

    def _newest(self, row_ids: Sequence[str], limit: int) -> Collection[str]:
        return sorted(row_ids, key=lambda row_id: self.rows[row_id].received_at, reverse=True)[:limit]

    async def left_over(self, limit: int) -> Sequence[Received]:
        """The longest waiting."""
        waiting = sorted((row.since, row_id) for row_id, row in self.rows.items() if row.since is not None)
        return [row for _, row_id in waiting[:limit] if (row := self.rows[row_id].received) is not None]

    async def left_of(self, chert_tenant: str, limit: int) -> Sequence[Received]:
        """The oldest messages of a project that no account has."""
        rows = [row.received for row in self.rows.values() if row.received is not None]
        own = [row for row in rows if row.message.chert_tenant == chert_tenant]
        return sorted(own, key=lambda row: row.message.received_at)[:limit]

    async def assigned(self, portals: Mapping[str, Sequence[int]]) -> None:
        """Note which accounts have each row now, and drop its content; it waits for nothing any more."""
        for row_id, accounts in portals.items():
            row = self.rows[row_id]
            self.rows[row_id] = replace(row, received=None, since=None, waiting_for=None, portals=tuple(accounts))

    async def wait(self, row_ids: Sequence[str]) -> None:
        """Let rows wait for their tenant, unless another process gave them to an account meanwhile."""
        for row_id in row_ids:
            row = self.rows[row_id]
            if row.received is not None:
                row.since, row.waiting_for = None, row_id.partition(":")[0]

    async def erase(self, chert_tenant: str, chat_ids: Collection[str]) -> None:
        """Remove the content of messages of these conversations that no account has yet; their keys stay."""
        for row_id, row in self.rows.items():
            message = None if row.received is None else row.received.message
            if message is not None and message.chert_tenant == chert_tenant and message.chat_id in chat_ids:
                self.rows[row_id] = InboxRow(None, None, received_at=row.received_at)
        self._queues.erase(chert_tenant, chat_ids)

    async def awaited(self) -> Sequence[str]:
        """The projects whose messages wait for an account."""
        return sorted({row.waiting_for for row in self.rows.values() if row.waiting_for is not None})

    async def expire(self, chert_tenant: str, before: datetime, limit: int) -> Sequence[str]:
        """Let a project's oldest waiting messages wait no more."""
        waiting = [row.received for row in self.rows.values() if row.waiting_for == chert_tenant and row.received]
        old = sorted((row.message.received_at, row.id) for row in waiting if row.message.received_at < before)[:limit]
        for _, row_id in old:
            self.rows[row_id] = InboxRow(None, None, received_at=self.rows[row_id].received_at)
        return [row_id for _, row_id in old]

    async def call(self, chert_tenant: str, now: datetime) -> int:
        """Let those of one tenant be assigned after all; says how many."""
        called = [row for row in self.rows.values() if row.waiting_for == chert_tenant]
        for row in called:
            row.since, row.waiting_for = now, None
        return len(called)


def _row(row: Placed, now: datetime) -> InboxRow:
    message = row.received.message
    kept = InboxRow(
        None,
        None,
        portals=row.portals,
        received_at=message.received_at,
        names=_names(row.received),
        chat_id=message.chat_id,
    )
    if row.portals:
        return kept
    return replace(kept, received=row.received, since=None if row.waits_for else now, waiting_for=row.waits_for)


def _names(received: Received) -> frozenset[str]:
    message = received.message
    return frozenset(filter(None, (message.event_id, received.trace_id, message.chat_id)))
