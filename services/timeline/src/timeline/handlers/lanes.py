"""Working on a lane: one account's replies, oldest first, under a lease."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from chassis import tracing
from chassis.clock import Clock
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.randomness import Randomness
from contracts.tenants import TenantSnapshot
from timeline.errors import AccountError, AccountInactiveError, LeaseSpentError
from timeline.handlers.leases import LEASE_SECONDS, require_call_time
from timeline.handlers.outcomes import Outcomes, Postponed, Step
from timeline.handlers.turns import Turn
from timeline.handlers.writing import Writer
from timeline.models import Entry, Lease
from timeline.ports import EntryReader, Leases, Tenants

LOG = get_log()

_CHUNK: Final = 20
"""How many replies are read at a time."""

_INACTIVE = timedelta(seconds=60)
"""How soon an account that is not connected is looked at again, if no event said that it is."""

_UNEXPECTED = timedelta(seconds=60)
"""How long a reply rests that made us stumble."""

_STEP_SECONDS: Final = 25.0
"""The longest one reply may take in one go: reading, searching and writing."""


class LaneWork:
    """Works on lanes, one turn at a time."""

    def __init__(
        self,
        *,
        leases: Leases,
        entries: EntryReader,
        tenants: Tenants,
        writer: Writer,
        outcomes: Outcomes,
        holder: str,
        stopping: Callable[[], bool],
        clock: Clock,
        randomness: Randomness,
        metrics: Metrics,
    ) -> None:
        self._leases, self._entries, self._tenants = leases, entries, tenants
        self._writer, self._outcomes = writer, outcomes
        self._holder, self._stopping = holder, stopping
        self._clock, self._randomness, self._metrics = clock, randomness, metrics

    async def turn(self, portal_id: int) -> bool:
        """Work on a lane until nothing is due or the lease is used up; true when more is due at once.

        A turn that ends with an exception leaves the lane held, as a crash would.
        """
        asked_at = self._clock.monotonic()
        lane = await self._leases.acquire(portal_id, self._holder, self._clock.now())
        if lane is None:
            return False
        lease = Lease(portal_id, self._holder, lane.fence, asked_at + LEASE_SECONDS)
        tenant = await self._tenants.find(portal_id)
        turn = Turn(lane)
        while True:
            await self._work(turn, tenant, lease)
            closing = turn.closing(self._clock.now())
            if await self._leases.release(lease, closing):
                return closing.due_at is not None and closing.due_at <= self._clock.now()
            current = await self._leases.reload(lease)
            if current is None:
                LOG.warning("lane.lost", portal_id=portal_id, fence=lease.fence)
                return False
            turn.refresh(current)

    async def _work(self, turn: Turn, tenant: TenantSnapshot | None, lease: Lease) -> None:
        if tenant is None or tenant.status != "active":
            turn.wait_for_account(self._clock.now() + _INACTIVE)
            return
        while not turn.is_over():
            entry_ids = turn.due(self._clock.now(), _CHUNK)
            if not entry_ids:
                return
            entries = {entry.id: entry for entry in await self._entries.read(entry_ids)}
            for entry_id in entry_ids:
                if turn.is_over():
                    break
                await self._one(turn, entry_id, entries.get(entry_id), tenant, lease)

    async def _one(self, turn: Turn, entry_id: str, entry: Entry | None, tenant: TenantSnapshot, lease: Lease) -> None:
        now = self._clock.now()
        if entry is None or not entry.open:
            turn.settle(entry_id)  # listed twice, or its holder died before it could cross it out
        elif entry.due_at is not None and entry.due_at > now:
            turn.postpone(entry_id, entry.due_at)
        elif self._stopping():
            turn.spend()
        else:
            await self._advance(turn, entry, tenant, lease)

    async def _advance(self, turn: Turn, entry: Entry, tenant: TenantSnapshot, lease: Lease) -> None:
        try:
            require_call_time(lease, self._clock)
            with tracing.continued(entry.traceparent, self._randomness):
                step = await self._step(entry, tenant, lease)
        except LeaseSpentError:
            turn.spend()
        except AccountInactiveError:
            turn.wait_for_account(self._clock.now() + _INACTIVE)
        except AccountError as error:
            LOG.warning("account.resting", portal_id=lease.portal_id, reason=error.reason)
            turn.failed(self._clock.now(), error.retry_after_seconds, self._randomness.fraction())
        else:
            self._note(turn, entry, step)

    async def _step(self, entry: Entry, tenant: TenantSnapshot, lease: Lease) -> Step:
        """One reply's next step; one that makes us stumble rests, so that the lane goes on."""
        try:
            async with asyncio.timeout(_STEP_SECONDS):
                return await self._writer.advance(entry, tenant, lease)
        except (AccountError, LeaseSpentError):
            raise
        except Exception as error:
            self._metrics.count("worker_failures", worker="lane")
            LOG.exception("worker.failed", worker="lane", portal_id=entry.portal_id, error=type(error).__name__)
            return await self._outcomes.postponed(entry, self._clock.now() + _UNEXPECTED, type(error).__name__)

    def _note(self, turn: Turn, entry: Entry, step: Step) -> None:
        if not isinstance(step, Postponed):
            turn.succeeded()
            turn.settle(entry.id)
            return
        turn.postpone(entry.id, step.until)
        if step.trouble:
            turn.failed(self._clock.now(), None, self._randomness.fraction())
