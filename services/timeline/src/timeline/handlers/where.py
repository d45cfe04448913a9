"""Where is this id? What this service knows of any id of the product, and what happens next.

Every look is by key or by an index, so it takes as long with a million messages as with none.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.ops import MAX_STEPS, WhereAnswer, WhereStep
from contracts.tenants import TenantSnapshot
from timeline.handlers import prospects
from timeline.handlers.activity import trace_id
from timeline.models import EntryState, InboxView, Shown
from timeline.ports import EntryHistory, InboxViews, LaneViews, NumberHash, RecordOwners, Refs, Tenants

SERVICE: Final = "timeline"

_EVENTS: Final = ("message.received:", "reply.recorded:")
"""What our own event ids begin with; a row's or an entry's key follows."""

_SHOWN: Final = MAX_STEPS // 4
"""How many replies one answer speaks of, the newest; each has up to three steps."""

_OVER: Final = "waited in vain for an account until it expired, or its sender was erased"

_WORDS: Final[dict[EntryState, str]] = {
    "pending": "waiting",
    "unmatched": "unmatched",
    "recorded": "written",
    "failed": "failed",
    "superseded": "superseded",
    "erased": "erased",
    "expired": "expired",
}


@dataclass(frozen=True, slots=True)
class _Keys:
    """Keys that an id may lead to; most of them lead nowhere."""

    rows: Collection[str]
    entries: Collection[str]


class Where:
    """Answers operators."""

    def __init__(
        self,
        *,
        refs: Refs,
        inbox: InboxViews,
        entries: EntryHistory,
        owners: RecordOwners,
        tenants: Tenants,
        lanes: LaneViews,
        hash_number: NumberHash,
    ) -> None:
        self._refs, self._inbox, self._entries, self._owners = refs, inbox, entries, owners
        self._tenants, self._lanes, self._hash_number = tenants, lanes, hash_number

    async def __call__(self, asked: str) -> WhereAnswer:
        """What is known of an id, oldest first; nothing known is an empty answer."""
        tenants = {tenant.portal_id: tenant for tenant in await self._tenants.everyone()}
        keys = await self._keys(asked.strip(), tenants.values())
        rows = await self._inbox.look_at(keys.rows)
        found = await self._entries.look_at([*keys.entries, *(key for row in rows for key in _entry_ids(row))])
        shown = sorted({one.entry.id: one for one in found}.values(), key=lambda one: one.entry.message.received_at)
        newest = shown[-_SHOWN:]
        waiting = [row for row in rows if not row.portals][:_SHOWN]
        steps = [*(step for row in waiting for step in _of_row(row)), *(step for one in newest for step in _of(one))]
        prospect = await self._prospect(newest, waiting, tenants)
        return WhereAnswer(
            steps=tuple(sorted(steps, key=lambda step: step.at)[-MAX_STEPS:]),
            next=prospect.words,
            next_at=prospect.at,
        )

    async def _keys(self, asked: str, tenants: Collection[TenantSnapshot]) -> _Keys:
        hashed = f"phone:{self._hash_number(asked)}"
        of_refs = [hashed, *(f"{kind}:{asked}" for kind in ("event", "trace", "chat", "contact"))]
        portal_ids = [tenant.portal_id for tenant in tenants] if asked.isdecimal() else []  # as HubSpot's ids are
        known, of_records, named = await asyncio.gather(
            self._refs.find(of_refs),
            self._owners.owners_anywhere(portal_ids, asked),
            self._inbox.named(asked, _SHOWN),
        )
        slugs = () if known or named else {tenant.chert_tenant for tenant in tenants}
        chats = known.get(hashed, frozenset()) | known.get(f"contact:{asked}", frozenset())
        rows = await self._inbox.of_chats(chats, _SHOWN) if chats else ()
        of_chats = await self._refs.find([f"chat:{chat}" for chat in chats]) if chats else {}
        of_chats = {**of_chats, f"chat:{asked}": known.get(f"chat:{asked}", frozenset())}
        return _Keys(
            rows={
                *_named(asked),
                *(f"{slug}:{asked}" for slug in slugs),
                *named,
                *rows,
                *known.get(f"event:{asked}", ()),
                *known.get(f"trace:{asked}", ()),
            },
            entries={*_named(asked), *of_records, *(key for keys in of_chats.values() for key in keys)},
        )

    async def _prospect(
        self, shown: Sequence[Shown], waiting: Sequence[InboxView], tenants: Mapping[int, TenantSnapshot]
    ) -> prospects.Prospect:
        """What happens next to the newest reply that is not done with."""
        under_way = [one for one in shown if one.entry.open]
        if not under_way:
            return prospects.of_row(waiting[-1]) if waiting else prospects.NOTHING
        last = under_way[-1]
        portal_id = last.entry.portal_id
        lanes = await self._lanes.look([portal_id])
        return prospects.of_entry(last.entry, tenants.get(portal_id), lanes.get(portal_id))


def _named(asked: str) -> Iterator[str]:
    """Keys that an id is by itself, or behind the name of an event."""
    yield asked
    yield from (asked.removeprefix(event) for event in _EVENTS if asked.startswith(event))


def _entry_ids(row: InboxView) -> Iterator[str]:
    return (f"{portal_id}:{row.id}" for portal_id in row.portals)


def _of_row(row: InboxView) -> Iterator[WhereStep]:
    yield _row_step(row, row.received_at, "received")
    prospect = prospects.of_row(row)
    if prospect is prospects.NOTHING:
        yield _row_step(row, row.received_at, "expired", _OVER)
    else:
        yield _row_step(row, row.since or row.received_at, "waiting", prospect.words)


def _row_step(row: InboxView, at: datetime, what: str, detail: str | None = None) -> WhereStep:
    chert_tenant, _, message_id = row.id.partition(":")
    ids = {"message_id": message_id}
    return WhereStep(at=at, service=SERVICE, what=what, project_id=chert_tenant, ids=ids, detail=detail)


def _of(shown: Shown) -> Iterator[WhereStep]:
    entry, message = shown.entry, shown.entry.message
    received = {"message_id": message.message_id, "chat_id": message.chat_id, "event_id": message.event_id}
    if entry.traceparent is not None:
        received["trace_id"] = trace_id(entry)
    came = "sent" if entry.sent_to is not None else "received"
    yield _step(shown, came, ids=received)
    yield _step(shown, "assigned", ids={"message_id": message.message_id})
    places = {"contact_id": shown.contact_id, "communication_id": entry.communication_id}
    yield _step(
        shown,
        _WORDS[entry.state],
        ids={"message_id": message.message_id, **{name: value for name, value in places.items() if value is not None}},
        detail="found after an answer was lost" if shown.adopted else shown.reason,
    )


def _step(shown: Shown, what: str, *, ids: dict[str, str], detail: str | None = None) -> WhereStep:
    at = {"sent": shown.entry.message.received_at, "received": shown.entry.message.received_at, "assigned": shown.at}
    return WhereStep(
        at=at.get(what, shown.settled_at or shown.at),
        service=SERVICE,
        what=what,
        portal_id=shown.entry.portal_id,
        project_id=shown.entry.project_id,
        ids=ids,
        detail=detail,
    )
