"""Bringing one reply to its contact's timeline, once.

HubSpot has no idempotency key, so a write is announced before it is made (the intent) and recorded after it. Between
the two, and after an answer that leaves open what happened, the reply is *reconciled* before anything is written
again: the contact's communications are read and the reply is looked for among them. If it is there, it is adopted.
If not, it may still be on its way, so it is looked for once more when that can no longer be, and only then written.

    intent ── write ── answer ────────────────────────────────► recorded
                 └──── unknown, or crash ── look ── look again ► adopted, or intent ── write ── …
"""

from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from contracts.tenants import TenantSnapshot
from timeline.errors import (
    ContactGoneError,
    LeaseSpentError,
    RecordLockedError,
    ReplyError,
    TimelineError,
    WriteUnknownError,
)
from timeline.handlers import bodies
from timeline.handlers.contacts import ContactFinder
from timeline.handlers.leases import CALL_SECONDS, require_call_time, require_lease
from timeline.handlers.outcomes import Outcomes, Postponed, Step
from timeline.models import Entry, FaultPoint, Intent, Lease, Note
from timeline.ports import Communications, FaultPoints, IntentLog, Tenants, Timeline, Unmatched

FIRST_LOOK: Final = timedelta(seconds=2)
"""When a reply with an unknown end is first looked for: HubSpot's reads lag a little behind its writes."""

LATE_COMMIT: Final = timedelta(seconds=60)
"""How long after its arrival a write may still be carried out (`architecture.md`, section 4, timeline)."""

READ_LAG: Final = timedelta(seconds=5)
"""How long a write that was carried out may stay invisible to a read by association."""

SETTLED_AFTER: Final = timedelta(seconds=CALL_SECONDS) + LATE_COMMIT + READ_LAG
"""When an intent that is not found was never carried out: the call may begin a whole call's budget after the intent."""

_LOCKED_SECONDS: Final = 2.0
"""The least wait for a locked record (hubspot-contract.md, section 6)."""


class Writer:
    """Takes one reply a step further; a lane calls it until the reply is settled."""

    def __init__(
        self,
        *,
        intents: IntentLog,
        communications: Communications,
        unmatched: Unmatched,
        tenants: Tenants,
        contacts: ContactFinder,
        timeline: Timeline,
        outcomes: Outcomes,
        faults: FaultPoints,
        clock: Clock,
        public_base_url: str,
    ) -> None:
        self._intents, self._communications = intents, communications
        self._unmatched, self._tenants, self._contacts = unmatched, tenants, contacts
        self._timeline, self._outcomes, self._faults = timeline, outcomes, faults
        self._clock, self._public_base_url = clock, public_base_url

    async def advance(self, entry: Entry, tenant: TenantSnapshot, lease: Lease) -> Step:
        """Take the reply as far as it goes now.

        Raises:
            AccountError: the account as a whole has to wait; the reply stays as it is.
            LeaseSpentError: nothing more may be begun under this lease.
        """
        try:
            return await self._reconciled(entry) or await self._anew(entry, tenant, lease)
        except ReplyError as error:
            require_lease(lease, self._clock)
            return await self._after(error, entry)

    async def _reconciled(self, entry: Entry) -> Step | None:
        """Settle what an earlier write left open; nothing if no write can have happened."""
        if not entry.intents:
            return None
        asked_at = self._clock.now()
        for intent in entry.intents:
            communication_id = await self._found(entry, intent)
            if communication_id is not None:
                return await self._record(entry, intent.contact_id, communication_id, adopted=True)
        settled_at = max(intent.at for intent in entry.intents) + SETTLED_AFTER
        if asked_at < settled_at:
            return await self._outcomes.postponed(entry, settled_at, "may still be carried out")
        return None

    async def _found(self, entry: Entry, intent: Intent) -> str | None:
        """The reply among the contact's communications, if it is there and no other reply's."""
        body = bodies.render(entry.message, self._public_base_url)
        try:
            async for written in self._timeline.written(entry.portal_id, intent.contact_id):
                if bodies.is_same(entry.message, body, written) and await self._own(entry, written.id):
                    return written.id
        except ContactGoneError:
            pass  # with the contact its timeline is gone
        return None

    async def _anew(self, entry: Entry, tenant: TenantSnapshot, lease: Lease) -> Step:
        if tenant.project_id != entry.project_id:
            return await self._outcomes.superseded(entry)
        contact_id = await self._contacts.find(entry, tenant)
        if contact_id is None:
            require_lease(lease, self._clock)
            return await self._unmatch(entry, tenant)
        entry = await self._intend(entry, contact_id, lease)
        await self._faults.reach(FaultPoint.AFTER_INTENT)
        communication_id = await self._write(entry, contact_id, lease)
        await self._faults.reach(FaultPoint.AFTER_WRITE)
        if not await self._own(entry, communication_id):
            raise WriteUnknownError("HubSpot named a communication that another reply has")
        return await self._record(entry, contact_id, communication_id, adopted=False)

    async def _unmatch(self, entry: Entry, tenant: TenantSnapshot) -> Step:
        """Let it wait for a contact, and look once more: a link or an install may have come meanwhile."""
        await self._unmatched.add(entry.conversation, entry.work(entry.id))
        step = await self._outcomes.unmatched(entry)
        current = await self._tenants.find(entry.portal_id)
        changed = current is not None and current.generation != tenant.generation
        if not changed and await self._contacts.linked(entry) is None:
            return step
        await self._unmatched.remove(entry.conversation, [entry.id])
        return Postponed(self._clock.now())

    async def _intend(self, entry: Entry, contact_id: str, lease: Lease) -> Entry:
        """Note down that a write is about to begin; the entry as it is then.

        Raises:
            LeaseSpentError: another holder has been at this reply.
        """
        await self._timeline.prepare(entry.portal_id)
        require_call_time(lease, self._clock)
        intent = Intent(lease.fence, self._clock.now(), contact_id)
        looked_for = {earlier.fence for earlier in entry.intents}
        current = await self._intents.intend(entry.id, intent, instead_of=looked_for - {lease.fence})
        if current.open and {standing.fence for standing in current.intents} == {lease.fence}:
            return current
        await self._intents.withdraw(entry.id, lease.fence)
        raise LeaseSpentError("another holder has been here")

    async def _write(self, entry: Entry, contact_id: str, lease: Lease) -> str:
        """One create; an intent that certainly came to nothing is withdrawn."""
        note = Note(contact_id, bodies.render(entry.message, self._public_base_url), entry.message.received_at)
        try:
            require_call_time(lease, self._clock)
            return await self._timeline.create(entry.portal_id, note, trace_id=entry.id)
        except WriteUnknownError:
            raise
        except TimelineError as error:
            gone = contact_id if isinstance(error, ContactGoneError) else None
            await self._intents.withdraw(entry.id, lease.fence, gone=gone)
            raise

    async def _own(self, entry: Entry, communication_id: str) -> bool:
        return await self._communications.own(entry.portal_id, communication_id, entry.id)

    async def _record(self, entry: Entry, contact_id: str, communication_id: str, *, adopted: bool) -> Step:
        step = await self._outcomes.recorded(entry, contact_id, communication_id, adopted=adopted)
        await self._faults.reach(FaultPoint.AFTER_RECORD)
        return step

    async def _after(self, error: ReplyError, entry: Entry) -> Step:
        """What a failure that concerns this reply alone means for it."""
        now = self._clock.now()
        if isinstance(error, WriteUnknownError):
            return await self._outcomes.postponed(entry, now + FIRST_LOOK, error.reason, trouble=True)
        if isinstance(error, RecordLockedError):
            wait = timedelta(seconds=max(error.retry_after_seconds or 0.0, _LOCKED_SECONDS))
            return await self._outcomes.postponed(entry, now + wait, error.reason)
        if isinstance(error, ContactGoneError):
            return await self._outcomes.postponed(entry, now, error.reason)
        return await self._outcomes.failed(entry, error)
