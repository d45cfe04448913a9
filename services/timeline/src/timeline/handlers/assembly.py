"""The use cases put together over whatever stores and outside there are."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from chassis.metrics import Metrics
from chassis.randomness import Randomness
from contracts.envelope import Event
from contracts.messages import MessageSent
from timeline.handlers.account_watch import AccountWatch
from timeline.handlers.assignment import Assigner
from timeline.handlers.backfilling import RefsBackfill
from timeline.handlers.budget import Budget
from timeline.handlers.contact_changes import ContactChanges
from timeline.handlers.contacts import ContactFinder
from timeline.handlers.draining import Drain
from timeline.handlers.fresh import FreshEntries
from timeline.handlers.intake import Arrival, Receiver, nobody_waits
from timeline.handlers.lanes import LaneWork
from timeline.handlers.leases import LaneFinder
from timeline.handlers.links import learn_links
from timeline.handlers.noise import Noise
from timeline.handlers.outcomes import Outcomes
from timeline.handlers.reconciling import Reconciler
from timeline.handlers.refs import RefKeeper
from timeline.handlers.requeueing import Requeue
from timeline.handlers.sent import SentLog
from timeline.handlers.strides import Strides
from timeline.handlers.taking import TakingLists
from timeline.handlers.tenants import TenantProjector
from timeline.handlers.writing import Writer
from timeline.models import MAX_BATCH
from timeline.ports import NumberHash, Outside, Stores


@dataclass(frozen=True, slots=True)
class Process:
    """What distinguishes one process from its replicas.

    Attributes:
        holder: its name on leases, new with every start.
        stopping: whether nothing new is to be begun.
        public_base_url: scheme, host and port of the console that bodies link to.
        batch: how many replies one call may write.
    """

    holder: str
    stopping: Callable[[], bool]
    public_base_url: str
    batch: int = MAX_BATCH


class Handlers:
    """Every use case, ready to be called."""

    def __init__(
        self,
        stores: Stores,
        outside: Outside,
        process: Process,
        *,
        hash_number: NumberHash,
        budget: Budget,
        clock: Clock,
        randomness: Randomness,
        metrics: Metrics,
    ) -> None:
        self._refs = RefKeeper(stores.refs, hash_number)
        self.refs_backfill = RefsBackfill(stores.entries, self._refs, stores.inbox)
        self._stores = stores
        self._requeue = Requeue(unmatched=stores.unmatched, lanes=stores.lanes, clock=clock, randomness=randomness)
        self.tenants = TenantProjector(
            tenants=stores.tenants,
            inbox=stores.inbox,
            unmatched=stores.unmatched,
            lanes=stores.lanes,
            requeue=self._requeue,
            clock=clock,
        )
        fresh = FreshEntries(clock)
        turns: dict[int, Strides] = {}
        lists = TakingLists(stores.lanes, turns, holder=process.holder, stopping=process.stopping, clock=clock)
        self.assigner = Assigner(
            inbox=stores.inbox,
            tenants=stores.tenants,
            links=stores.links,
            entries=stores.entries,
            lanes=lists,
            fresh=fresh,
            faults=outside.faults,
            clock=clock,
            randomness=randomness,
            metrics=metrics,
        )
        noise = Noise(clock)
        self.drain = Drain(
            inbox=stores.inbox,
            queues=stores.queues,
            assigner=self.assigner,
            refs=self._refs,
            lanes=stores.lanes,
            noise=noise,
            holder=process.holder,
            clock=clock,
        )
        self._receiver = Receiver(
            inbox=stores.inbox,
            queues=stores.queues,
            refs=self._refs,
            assigner=self.assigner,
            noise=noise,
            drain=self.drain,
            faults=outside.faults,
            clock=clock,
        )
        self.contacts = ContactChanges(
            links=stores.links,
            entries=stores.entries,
            inbox=stores.inbox,
            unmatched=stores.unmatched,
            retries=stores.retries,
            refs=self._refs,
            lanes=stores.lanes,
            requeue=self._requeue,
            clock=clock,
            randomness=randomness,
        )
        self._sent = SentLog(
            tenants=stores.tenants, entries=stores.entries, lanes=stores.lanes, clock=clock, randomness=randomness
        )
        outcomes = Outcomes(entries=stores.entries, clock=clock, metrics=metrics)
        self.lanes = LaneWork(
            leases=stores.lanes,
            lists=lists,
            turns=turns,
            entries=stores.entries,
            fresh=fresh,
            tenants=stores.tenants,
            writer=_writer(stores, outside, outcomes, self._refs, budget, clock, process),
            outcomes=outcomes,
            budget=budget,
            holder=process.holder,
            batch=process.batch,
            at_once=self.drain.at_once,
            stopping=process.stopping,
            clock=clock,
            randomness=randomness,
            metrics=metrics,
        )
        self.finder = LaneFinder(stores.lanes, holder=process.holder, clock=clock)

    async def store_received(
        self,
        arrivals: Sequence[Arrival],
        work_soon: Callable[[Collection[int]], None] = nobody_waits,
    ) -> Collection[int]:
        """See `handlers.intake`."""
        return await self._receiver.store(arrivals, work_soon)

    async def learn_links(self, events: Sequence[Event[MessageSent]]) -> Collection[int]:
        """See `handlers.links` and `handlers.sent`."""
        linked = await learn_links(
            events,
            links=self._stores.links,
            refs=self._refs,
            unmatched=self._stores.unmatched,
            requeue=self._requeue,
        )
        return {*linked, *await self._sent.keep(events)}


def _writer(
    stores: Stores,
    outside: Outside,
    outcomes: Outcomes,
    refs: RefKeeper,
    budget: Budget,
    clock: Clock,
    process: Process,
) -> Writer:
    reconciler = Reconciler(
        intents=stores.entries,
        communications=stores.communications,
        timeline=outside.timeline,
        outcomes=outcomes,
        budget=budget,
        faults=outside.faults,
        clock=clock,
        public_base_url=process.public_base_url,
    )
    return Writer(
        intents=stores.entries,
        communications=stores.communications,
        unmatched=stores.unmatched,
        watch=AccountWatch(stores.tenants, clock),
        contacts=ContactFinder(links=stores.links, refs=refs, search=outside.search, budget=budget, clock=clock),
        reconciler=reconciler,
        timeline=outside.timeline,
        outcomes=outcomes,
        budget=budget,
        faults=outside.faults,
        clock=clock,
        public_base_url=process.public_base_url,
        batch=process.batch,
    )
