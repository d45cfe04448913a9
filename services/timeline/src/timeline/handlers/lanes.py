"""Working on a lane: one account's replies, oldest first, under a lease."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from chassis import tracing
from chassis.clock import Clock
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.randomness import Randomness
from contracts.tenants import TenantSnapshot
from timeline.errors import (
    AccountChangedError,
    AccountError,
    AccountInactiveError,
    AccountThrottledError,
    BudgetSpentError,
    LeaseSpentError,
)
from timeline.handlers.budget import WINDOW_SECONDS, Budget
from timeline.handlers.fresh import FreshEntries
from timeline.handlers.leases import LEASE_SECONDS, require_call_time
from timeline.handlers.outcomes import Outcomes, Postponed, Step
from timeline.handlers.strides import Strides
from timeline.handlers.taking import Taken, TakingLists
from timeline.handlers.turns import Turn
from timeline.handlers.writing import Writer
from timeline.models import Closing, Entry, Lease
from timeline.ports import EntryReader, Leases, Tenants

LOG = get_log()

_INACTIVE = timedelta(seconds=60)
"""How soon an account that is not connected is looked at again, if no event said that it is."""

_LEFT = timedelta(seconds=5)
"""How soon an account is looked at again that `oauth` knows as not connected, before an event has said so."""

_CHANGED = timedelta(seconds=1)
"""How soon an account is looked at again that was connected anew, or left, while it was worked on."""

_PAUSED = timedelta(seconds=10)
"""How soon an account that an operator paused is looked at again: so late at most does it go on."""

_UNEXPECTED = timedelta(seconds=60)
"""How long a reply rests that made us stumble."""

_TICK: Final = timedelta(milliseconds=2)
"""What timers and the database's times are exact to: a lane that woke so much too early would have woken in vain."""

_SIDE_BY_SIDE: Final = 10
"""How many creates go side by side where batches are off."""

_BESIDE: Final = 4
"""How many strides of one lane are under way at once where batches are on."""

_FEW: Final = 3
"""So many replies do not wait for a stride that is under way; more of them share the call after it."""

_STRIDE_SECONDS: Final = 25.0
"""The longest one stride may take: reading, searching and writing."""


class LaneWork:
    """Works on lanes, one turn at a time."""

    def __init__(
        self,
        *,
        leases: Leases,
        lists: TakingLists,
        turns: dict[int, Strides],
        entries: EntryReader,
        fresh: FreshEntries,
        tenants: Tenants,
        writer: Writer,
        outcomes: Outcomes,
        budget: Budget,
        holder: str,
        batch: int,
        at_once: Callable[[str], int],
        stopping: Callable[[], bool],
        clock: Clock,
        randomness: Randomness,
        metrics: Metrics,
    ) -> None:
        self._leases, self._lists, self._turns = leases, lists, turns
        self._entries, self._fresh, self._tenants = entries, fresh, tenants
        self._writer, self._outcomes, self._budget = writer, outcomes, budget
        self._holder, self._batch, self._at_once, self._stopping = holder, batch, at_once, stopping
        self._clock, self._randomness, self._metrics = clock, randomness, metrics

    def tell(self, portal_id: int) -> bool:
        """There is more work for a lane; whether a turn at it is under way, which will see to it."""
        strides = self._turns.get(portal_id)
        if strides is not None:
            strides.tell()
        return strides is not None

    async def turn(self, portal_id: int) -> datetime | None:
        """Work on a lane until nothing is due or the lease is used up; when something is due next, if anything is.

        A turn that ends with an exception leaves the lane held, as a crash would.
        """
        strides = self._turns[portal_id] = Strides()
        try:
            return await self._turn(portal_id, strides)
        finally:
            del self._turns[portal_id]

    async def _turn(self, portal_id: int, strides: Strides) -> datetime | None:
        taken, tenant = self._lists.taken(portal_id), self._fresh.account(portal_id)
        if taken is None or tenant is None:
            taken, tenant = await asyncio.gather(self._take(portal_id, taken), self._look(portal_id, tenant, None))
        if taken is None:
            return None
        lane = taken.lane
        lease = Lease(portal_id, self._holder, lane.fence, taken.asked_at + LEASE_SECONDS)
        self._budget.take_over(lane, self._holder)
        turn = Turn(lane)
        while True:
            tenant = await self._look(portal_id, tenant, turn)
            await self._work(turn, tenant, lease, strides)
            now = self._clock.now()
            closing = turn.closing(now, self._budget.spent(portal_id, self._holder, now))
            if await self._leases.release(lease, closing):
                self._metrics.observe("timeline_budget_use", self._budget.use(portal_id))
                self._tell(portal_id, closing)
                return now if strides.hear() else closing.due_at
            strides.hear()
            if not await self._look_again(turn, lease):
                return None

    async def _take(self, portal_id: int, taken: Taken | None) -> Taken | None:
        if taken is not None:
            return taken
        asked_at = self._clock.monotonic()
        lane = await self._leases.acquire(portal_id, self._holder, self._clock.now())
        return None if lane is None else Taken(lane, asked_at)

    async def _look(self, portal_id: int, known: TenantSnapshot | None, turn: Turn | None) -> TenantSnapshot | None:
        """The account; a turn that would rest for it looks under the lease: what is connected later ends the rest."""
        sure = turn is None or (known is not None and known.status == "active" and not turn.resumed)
        return known if sure and known is not None else await self._tenants.find(portal_id)

    async def _look_again(self, turn: Turn, lease: Lease) -> bool:
        """Take in what was added meanwhile; whether the lane is still ours."""
        current = await self._leases.reload(lease)
        if current is None:
            LOG.warning("lane.lost", portal_id=lease.portal_id, fence=lease.fence)
            return False
        turn.refresh(current)
        return True

    async def _work(self, turn: Turn, tenant: TenantSnapshot | None, lease: Lease, strides: Strides) -> None:
        if tenant is None or tenant.status != "active":
            turn.wait_for_account(self._clock.now() + _INACTIVE)
            return
        if tenant.paused:
            turn.wait_for_account(self._clock.now() + _PAUSED)
            return
        async with strides:
            while not turn.is_over() and strides.error is None:
                if entry_ids := self._next(turn, tenant, beside=len(strides)):
                    turn.begin(entry_ids)
                    strides.begin(self._step(turn, entry_ids, tenant, lease))
                elif not strides:
                    return
                else:
                    await strides.change()
                    if strides.hear() and not await self._look_again(turn, lease):
                        turn.spend()

    def _next(self, turn: Turn, tenant: TenantSnapshot, *, beside: int) -> Sequence[str]:
        """Which replies go next; beside others a few, which need not wait for those, or as many as one call takes."""
        if beside and not self._goes_beside(turn, tenant.portal_id, beside):
            return ()
        entry_ids = turn.due(self._clock.now(), 1 if turn.probing else self._stride_size(tenant))
        if beside and _FEW < len(entry_ids) < self._batch:
            return ()
        return entry_ids if entry_ids and self._takes_a_call(turn, tenant.portal_id) else ()

    def _goes_beside(self, turn: Turn, portal_id: int, beside: int) -> bool:
        """Whether one more call goes beside others: while the account has calls to spare; later they are shared."""
        return self._batch > 1 and beside < _BESIDE and self._budget.is_idle(portal_id, beside + 1) and not turn.probing

    async def _step(self, turn: Turn, entry_ids: Sequence[str], tenant: TenantSnapshot, lease: Lease) -> None:
        """Read some replies and advance those that something can be done about."""
        try:
            found = await self._read(entry_ids)
            ready = [entry for entry_id in entry_ids if (entry := self._ready(turn, entry_id, found.get(entry_id)))]
            if self._stopping():
                turn.spend()
            elif ready:
                await self._stride(turn, ready, tenant, lease)
        finally:
            turn.end(entry_ids)

    def _takes_a_call(self, turn: Turn, portal_id: int) -> bool:
        """Whether a call may begin now; otherwise the lane rests until one may."""
        try:
            self._budget.require_call(portal_id)
        except AccountThrottledError as error:
            self._rest(turn, error, portal_id)
            return False
        return True

    async def _read(self, entry_ids: Sequence[str]) -> Mapping[str, Entry]:
        found = self._fresh.take(entry_ids)
        left = [entry_id for entry_id in entry_ids if entry_id not in found]
        return found | {entry.id: entry for entry in (await self._entries.read(left) if left else ())}

    def _ready(self, turn: Turn, entry_id: str, entry: Entry | None) -> Entry | None:
        """The entry, if something can be done about it now."""
        if entry is None or not entry.open:
            turn.settle(entry_id)  # listed twice, or its holder died before it could cross it out
            return None
        if entry.due_at is not None and entry.due_at > self._clock.now():
            turn.postpone(entry_id, entry.due_at)
            return None
        return entry

    async def _stride(self, turn: Turn, entries: Sequence[Entry], tenant: TenantSnapshot, lease: Lease) -> None:
        """Advance some replies together, and note what became of each and of the account."""
        steps: dict[str, Step] = {}
        try:
            require_call_time(lease, self._clock)
            with tracing.work(entries[0].traceparent, self._randomness, "write replies"):
                await self._advance(turn, entries, tenant, lease, steps)
        except LeaseSpentError:
            turn.spend()
        except AccountInactiveError:
            turn.wait_for_account(self._clock.now() + _LEFT)
        except AccountChangedError:
            turn.rest(self._clock.now() + _CHANGED)
        except AccountThrottledError as error:
            self._rest(turn, error, lease.portal_id)
        except AccountError as error:
            LOG.warning("account.resting", portal_id=lease.portal_id, reason=error.reason)
            turn.failed(self._clock.now(), error.reason, error.retry_after_seconds, self._randomness.fraction())
        self._note(turn, steps)

    def _stride_size(self, tenant: TenantSnapshot) -> int:
        """How many replies go together: a batch, or, where batches are off, as many as the account takes calls now."""
        calls = min(max(self._budget.left(tenant.portal_id), 1), _SIDE_BY_SIDE)
        return min(self._batch, self._at_once(tenant.chert_tenant)) if self._batch > 1 else calls

    async def _advance(
        self, turn: Turn, entries: Sequence[Entry], tenant: TenantSnapshot, lease: Lease, steps: dict[str, Step]
    ) -> None:
        """The writer's work; a reply that makes us stumble is found out and rests, so that the lane goes on."""
        try:
            async with asyncio.timeout(_STRIDE_SECONDS):
                await self._writer.advance(
                    entries, tenant, lease, lambda entry, step: steps.__setitem__(entry.id, step)
                )
        except (AccountError, LeaseSpentError):
            raise
        except Exception as error:
            self._metrics.count("worker_failures", worker="lane")
            LOG.exception("worker.failed", worker="lane", portal_id=lease.portal_id, error=type(error).__name__)
            if len(entries) > 1:
                turn.isolate(entry.id for entry in entries if entry.id not in steps)
            elif entries[0].id not in steps:
                until, reason = self._clock.now() + _UNEXPECTED, type(error).__name__
                steps[entries[0].id] = await self._outcomes.postponed(entries[0], until, reason)

    def _rest(self, turn: Turn, error: AccountThrottledError, portal_id: int) -> None:
        """Wait as HubSpot says, or until a whole window has passed; a spent budget of ours is nothing to tell."""
        if not isinstance(error, BudgetSpentError):
            self._budget.refused(portal_id)
            self._metrics.count("timeline_throttled")
            LOG.info("account.resting", portal_id=portal_id, reason=error.reason)
        seconds = WINDOW_SECONDS if error.retry_after_seconds is None else error.retry_after_seconds
        turn.rest(self._clock.now() + timedelta(seconds=seconds) + _TICK)

    def _note(self, turn: Turn, steps: dict[str, Step]) -> None:
        """What the steps mean for the work list, and whether the account answered as it should."""
        trouble = None
        for entry_id, step in steps.items():
            if isinstance(step, Postponed):
                turn.postpone(entry_id, step.until)
                trouble = trouble or step.trouble
            else:
                turn.settle(entry_id)
        if trouble is not None:
            turn.failed(self._clock.now(), trouble, None, self._randomness.fraction())
        elif any(not isinstance(step, Postponed) for step in steps.values()) and not turn.is_over():
            turn.succeeded(self._clock.now())

    def _tell(self, portal_id: int, closing: Closing) -> None:
        """Lines and counts about what the world is told of the breaker."""
        for event in closing.events:
            self._metrics.count("timeline_breakers", change=event.type.name.partition(".")[2])
            LOG.warning(
                "breaker.changed", portal_id=portal_id, change=event.type.name, failures=closing.failures,
                reason=closing.breaker.reason if closing.breaker else None,
            )  # fmt: skip
