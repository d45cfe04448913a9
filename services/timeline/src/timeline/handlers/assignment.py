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
from timeline.models import Conversation, Entry, FaultPoint, Received, Standing, Work, without_content
from timeline.ports import FaultPoints, InboxStore, NewEntries, SentLinks, Tenants, WorkLists

LOG = get_log()

LIMIT: Final = 500
"""How many messages are assigned at a time."""

TICKET_BYTES: Final = 6
"""Enough that two lines of one work list never share a ticket."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An account that gets a message; `erased` says that it must not keep the content (`contact.erased`)."""

    tenant: TenantSnapshot
    erased: bool


Plan = Mapping[str, Sequence[Recipient]]
"""Which accounts get a message, by row id."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a round of assignment came to: lanes that got work, and whether a further round may do more."""

    portal_ids: frozenset[int]
    more: bool


class Assigner:
    """Assigns messages to accounts."""

    def __init__(
        self,
        *,
        inbox: InboxStore,
        tenants: Tenants,
        links: SentLinks,
        entries: NewEntries,
        lanes: WorkLists,
        faults: FaultPoints,
        clock: Clock,
        randomness: Randomness,
        metrics: Metrics,
    ) -> None:
        self._inbox, self._tenants, self._links = inbox, tenants, links
        self._entries, self._lanes, self._faults = entries, lanes, faults
        self._clock, self._randomness, self._metrics = clock, randomness, metrics

    async def assign(self, new: Sequence[Received], *, again: Collection[str] = ()) -> Assigned:
        """Assign messages that were just kept, and those kept earlier as far as they are not."""
        earlier = await self._inbox.read(list(again)) if again else ()
        return await self._assign([*earlier, *new])

    async def sweep(self) -> Assigned:
        """Assign what was left behind, the oldest first."""
        return await self._assign(await self._inbox.left_over(LIMIT))

    async def _assign(self, rows: Sequence[Received]) -> Assigned:
        plan = await self._plan(rows)
        housed = [row for row in rows if plan[row.id]]
        homeless = [row for row in rows if not plan[row.id]]
        full = await self._enlist(housed, plan)
        placed = {row.id: portals for row in housed if full.isdisjoint(portals := _portals(plan[row.id]))}
        await self._inbox.assigned(placed)
        await self._wait(homeless)
        portal_ids = {portal_id for row in housed for portal_id in _portals(plan[row.id])}
        return Assigned(frozenset(portal_ids), more=len(rows) == LIMIT and bool(placed or homeless))

    async def _plan(self, rows: Sequence[Received]) -> Plan:
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
        await self._entries.add(entries, now)
        await self._faults.reach(FaultPoint.AFTER_ENTRIES)
        works: dict[int, list[Work]] = {}
        for entry in filter(lambda entry: entry.open, entries):
            works.setdefault(entry.portal_id, []).append(entry.work(self._randomness.token(TICKET_BYTES)))
        full = await self._lanes.add(works, now)
        await self._faults.reach(FaultPoint.AFTER_LIST)
        return full

    async def _wait(self, rows: Sequence[Received]) -> None:
        """Let rows wait for a tenant, and look once more: it may have come while they were being put there."""
        if not rows:
            return
        await self._inbox.wait([row.id for row in rows])
        self._metrics.count("replies", len(rows), outcome="waiting_for_tenant")
        for row in rows:
            LOG.info("reply.waiting", chert_tenant=row.message.chert_tenant, message_id=row.message.message_id)
        for tenant in await self._tenants.active({row.message.chert_tenant for row in rows}):
            await self._inbox.call(tenant.chert_tenant, self._clock.now())


def _conversation(row: Received, tenant: TenantSnapshot) -> Conversation:
    return Conversation(tenant.portal_id, row.message.chert_tenant, row.message.chat_id)


def _recipients(
    row: Received, active: Sequence[TenantSnapshot], standing: Mapping[Conversation, Standing]
) -> Sequence[Recipient]:
    of = {tenant.portal_id: standing.get(_conversation(row, tenant), Standing()) for tenant in active}
    chosen = [tenant for tenant in active if of[tenant.portal_id].begun] or active
    return [Recipient(tenant, erased=_is_erased(row, of[tenant.portal_id])) for tenant in chosen]


def _is_erased(row: Received, standing: Standing) -> bool:
    return standing.erased_at is not None and row.message.received_at <= standing.erased_at


def _portals(recipients: Iterable[Recipient]) -> list[int]:
    return [recipient.tenant.portal_id for recipient in recipients]


def _entry(row: Received, recipient: Recipient) -> Entry:
    tenant = recipient.tenant
    return Entry(
        portal_id=tenant.portal_id,
        project_id=tenant.project_id,
        generation=tenant.generation,
        message=without_content(row.message) if recipient.erased else row.message,
        traceparent=row.traceparent,
        state="erased" if recipient.erased else "pending",
    )
