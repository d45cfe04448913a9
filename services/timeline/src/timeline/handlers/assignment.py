"""Giving received messages to accounts.

Accounts that have sent something in the conversation get it; if no active account has, every active account of the
project does, and its lane searches for the contact. A link that a search made counts for its own account alone: it is
made later than the message is assigned, and must not decide about the others. With no active account the message waits.
Every step can be done again, so a crash between two of them only repeats work.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.randomness import Randomness
from contracts.tenants import TenantSnapshot
from timeline.handlers.fresh import FreshEntries
from timeline.handlers.traces import traceparent_of
from timeline.models import Conversation, Entry, FaultPoint, Placed, Received, Standing, Work, without_content
from timeline.ports import FaultPoints, NewEntries, NewWork, SentLinks, Tenants, WaitingRoom

LOG = get_log()

TICKET_BYTES: Final = 6
"""Enough that two lines of one work list never share a ticket."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An account that gets a message.

    Attributes:
        tenant: which.
        erased: whether it must not keep the content (`contact.erased`).
        traceparent: under which it works on it.
        contact_id: the contact whose the conversation is there, if that is known.
    """

    tenant: TenantSnapshot
    erased: bool
    traceparent: str | None
    contact_id: str | None = None


Plan = Mapping[str, Sequence[Recipient]]
"""Which accounts get a message, by row id."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a round of assignment came to.

    Attributes:
        portal_ids: lanes that got work.
        more: whether a further round may do more at once.
        waits: whether something waits that this process knows of.
    """

    portal_ids: frozenset[int]
    more: bool
    waits: bool


@dataclass(frozen=True, slots=True)
class Places:
    """What became of some messages.

    Attributes:
        rows: each with the accounts that have it now.
        portal_ids: the accounts whose lanes have work.
    """

    rows: tuple[Placed, ...]
    portal_ids: frozenset[int]

    @property
    def homeless(self) -> Sequence[Received]:
        """Those whose project no account is connected to."""
        return [row.received for row in self.rows if row.waits_for is not None]

    @property
    def left(self) -> Collection[str]:
        """The projects of those that no account has, or took."""
        return {row.received.message.chert_tenant for row in self.rows if not row.portals}

    @property
    def housed(self) -> Mapping[str, Sequence[int]]:
        """By row id, the accounts of those that have some; a row whose account has no room is not among them."""
        return {row.received.id: row.portals for row in self.rows if row.portals}


class Assigner:
    """Assigns messages to accounts."""

    def __init__(
        self,
        *,
        inbox: WaitingRoom,
        tenants: Tenants,
        links: SentLinks,
        entries: NewEntries,
        lanes: NewWork,
        fresh: FreshEntries,
        faults: FaultPoints,
        clock: Clock,
        randomness: Randomness,
        metrics: Metrics,
    ) -> None:
        self._inbox, self._tenants, self._links = inbox, tenants, links
        self._entries, self._lanes, self._fresh, self._faults = entries, lanes, fresh, faults
        self._clock, self._randomness, self._metrics = clock, randomness, metrics

    async def place(self, rows: Sequence[Received], plan: Plan) -> Places:
        """Give messages to the accounts of their plan: an entry for each, and a line on its lane's list."""
        if not rows:
            return Places((), frozenset())
        full = await self._enlist([row for row in rows if plan[row.id]], plan)
        portal_ids = frozenset(portal_id for row in rows for portal_id in _portals(plan[row.id]))
        return Places(tuple(_placed(row, plan[row.id], full) for row in rows), portal_ids)

    async def welcome(self, rows: Sequence[Received]) -> None:
        """Look once more for the tenant of rows that wait for it: it may have come while they were being put there."""
        if not rows:
            return
        self._metrics.count("replies", len(rows), outcome="waiting_for_tenant")
        for row in rows:
            LOG.info("reply.waiting", chert_tenant=row.message.chert_tenant, message_id=row.message.message_id)
        for tenant in await self._tenants.active({row.message.chert_tenant for row in rows}):
            await self._inbox.call(tenant.chert_tenant, self._clock.now())

    async def plan(self, rows: Collection[Received]) -> Plan:
        """Which accounts are to get messages; nothing is written."""
        if not rows:
            return {}
        active: dict[str, list[TenantSnapshot]] = {}
        for tenant in await self._tenants.active({row.message.chert_tenant for row in rows}):
            active.setdefault(tenant.chert_tenant, []).append(tenant)
        standing = await self._links.standing(
            {_conversation(row, tenant) for row in rows for tenant in active.get(row.message.chert_tenant, ())}
        )
        return {row.id: _recipients(row, active.get(row.message.chert_tenant, ()), standing) for row in rows}

    async def _enlist(self, rows: Sequence[Received], plan: Plan) -> frozenset[int]:
        """Keep an entry for each account and put it on its lane's list; the accounts whose list is full."""
        if not rows:
            return frozenset()
        now = self._clock.now()
        entries = [_entry(row, recipient) for row in rows for recipient in plan[row.id]]
        self._fresh.note_accounts(recipient.tenant for row in rows for recipient in plan[row.id])
        self._fresh.note(await self._entries.add(entries, now))
        await self._faults.reach(FaultPoint.AFTER_ENTRIES)
        works: dict[int, list[Work]] = {}
        for entry in filter(lambda entry: entry.open, entries):
            works.setdefault(entry.portal_id, []).append(entry.work(self._randomness.token(TICKET_BYTES)))
        full = await self._lanes.add(works, now)
        await self._faults.reach(FaultPoint.AFTER_LIST)
        return full


def _conversation(row: Received, tenant: TenantSnapshot) -> Conversation:
    return Conversation(tenant.portal_id, row.message.chert_tenant, row.message.chat_id)


def _recipients(
    row: Received, active: Sequence[TenantSnapshot], standing: Mapping[Conversation, Standing]
) -> Sequence[Recipient]:
    of = {tenant.portal_id: standing.get(_conversation(row, tenant), Standing()) for tenant in active}
    chosen = [tenant for tenant in active if of[tenant.portal_id].begun] or active
    return [_recipient(row, tenant, of[tenant.portal_id]) for tenant in chosen]


def _recipient(row: Received, tenant: TenantSnapshot, standing: Standing) -> Recipient:
    traceparent = traceparent_of(row, standing.traced)
    return Recipient(tenant, _is_erased(row, standing), traceparent, standing.contact_id)


def _is_erased(row: Received, standing: Standing) -> bool:
    return standing.erased_at is not None and row.message.received_at <= standing.erased_at


def _placed(row: Received, recipients: Sequence[Recipient], full: frozenset[int]) -> Placed:
    """A row with its accounts; with none of them while one has no room, so that it is tried again for all."""
    portals = tuple(_portals(recipients))
    if not portals:
        return Placed(row, waits_for=row.message.chert_tenant)
    erased = any(recipient.erased for recipient in recipients)
    return Placed(row, portals if full.isdisjoint(portals) else (), erased=erased)


def _portals(recipients: Iterable[Recipient]) -> list[int]:
    return [recipient.tenant.portal_id for recipient in recipients]


def _entry(row: Received, recipient: Recipient) -> Entry:
    tenant = recipient.tenant
    return Entry(
        portal_id=tenant.portal_id,
        project_id=tenant.project_id,
        generation=tenant.generation,
        message=without_content(row.message) if recipient.erased else row.message,
        traceparent=recipient.traceparent,
        state="erased" if recipient.erased else "pending",
        linked_to=recipient.contact_id,
    )
