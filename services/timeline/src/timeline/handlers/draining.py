"""Giving accounts what was not given to them at once: the oldest of each project first, a bite at a time.

    received ──► lanes
        ├──► left in the inbox (no account, or no room) ──► lanes
        └──► set aside, in portions (loud, or behind others) ──► lanes

A project's messages go behind whatever it has left or set aside, so a conversation keeps its order however often its
account comes and goes. What is set aside is one document for hundreds of messages: quiet projects wait for that alone.
Every bite can be done again: whoever comes after a crash finds in the inbox which messages of a portion are on lanes.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from chassis.clock import Clock
from timeline.handlers.ahead import PORTIONS, Ahead
from timeline.handlers.assignment import Assigned, Assigner, Places, Plan
from timeline.handlers.noise import Noise
from timeline.handlers.refs import RefKeeper
from timeline.models import MAX_BATCH, Queue, Received
from timeline.ports import InboxStore, QueueStore, WorkLists

LIMIT: Final = 500
"""How many rows left in the inbox are looked at at a time."""

BITE: Final = 50
"""How many messages go to lanes at a time."""

BITE_BESIDE_OTHERS: Final = 10
"""The same while others are at work: they are kept waiting for as long as each step of that takes."""

ROOM: Final = 500
"""A lane with so many lines, done or not, has enough to do in a turn; a short list is kept up in no time."""

BURST_SECONDS: Final = 0.25
"""How long nothing is drained of a burst after its last poll: others, whose messages lie behind it, go first."""

LONGEST_BURST_SECONDS: Final = 2.0
"""A burst that goes on is drained nevertheless."""

BESIDE_OTHERS: Final = 4.0
"""A bite is followed by a rest of so many times its own time while others are at work."""

LONGEST_BREATH_SECONDS: Final = 1.0
"""Bites take long where the machine has enough to do, or many projects are loud: they get on nevertheless, and longer
rests are no longer than the bites."""

LOOK_SECONDS: Final = 15.0
"""How often the inbox is searched for what was left behind; where no index is real the search reads it whole."""

SHORTEST_REST_SECONDS: Final = 0.05
"""How soon a queue that could not move is tried again at first; each time after that takes twice as long."""

LONGEST_REST_SECONDS: Final = 1.0

_NOTHING: Final = frozenset[int]()


@dataclass(frozen=True, slots=True)
class Rest:
    """How long a queue is left alone: until when, by the monotonic clock, and for how long if it could not move.

    `burst_since` is when a burst began of which nothing was drained yet.
    """

    until: float = 0.0
    seconds: float = SHORTEST_REST_SECONDS
    burst_since: float | None = None

    def longer(self, now: float) -> "Rest":
        """It could not move again."""
        return Rest(now + self.seconds, min(2 * self.seconds, LONGEST_REST_SECONDS))


@dataclass(frozen=True, slots=True)
class Bite:
    """What came of a bite: lanes that got work, whether anything moved, and whether the queue needs no more."""

    portal_ids: frozenset[int] = frozenset()
    moved: bool = False
    over: bool = False


_STUCK: Final = Bite()
_MOVED: Final = Bite(moved=True)
_OVER: Final = Bite(over=True)


class Drain:
    """Works on the queues that this process knows of."""

    def __init__(
        self,
        *,
        inbox: InboxStore,
        queues: QueueStore,
        assigner: Assigner,
        refs: RefKeeper,
        lanes: WorkLists,
        noise: Noise,
        holder: str,
        clock: Clock,
    ) -> None:
        self._noise = noise
        self._inbox, self._assigner, self._refs, self._lanes = inbox, assigner, refs, lanes
        self._queues, self._holder, self._clock = queues, holder, clock
        self._ahead: dict[str, Ahead] = {}
        self._rests: dict[str, Rest] = {}
        self._filled: dict[str, frozenset[int]] = {}
        self._look_at, self._looked = clock.monotonic(), False

    @property
    def waits(self) -> bool:
        """Whether this process knows of messages that were left or set aside."""
        return bool(self._rests)

    def breath(self, seconds: float, lanes_at_work: int) -> float | None:
        """How long to rest after a bite that took so many seconds; not at all where one lane has it all to itself."""
        if self._is_beside_others():
            return max(seconds, min(seconds * BESIDE_OTHERS, LONGEST_BREATH_SECONDS))
        return seconds if lanes_at_work > 1 else None

    def expect(self, chert_tenants: Collection[str]) -> None:
        """Something of these projects was left, or came behind others."""
        for chert_tenant in chert_tenants:
            self._rests.setdefault(chert_tenant, Rest())

    def expect_burst(self, chert_tenants: Collection[str]) -> None:
        """These projects are loud: what they send is taken in first, with what lies behind it, then drained.

        While others are at work, a burst that goes on is left alone on, for a while.
        """
        now = self._clock.monotonic()
        rests = {one: self._rests.setdefault(one, Rest(now + BURST_SECONDS, burst_since=now)) for one in chert_tenants}
        for chert_tenant, rest in rests.items():
            if rest.burst_since is not None and self._is_beside_others():
                until = min(now + BURST_SECONDS, rest.burst_since + LONGEST_BURST_SECONDS)
                self._rests[chert_tenant] = replace(rest, until=until)

    def at_once(self, chert_tenant: str) -> int:
        """How many replies of a project are written at once: of one that is drained beside others no more than a bite.

        The database takes each step of a batch as one, and all others wait for that as long as it takes.
        """
        drained = chert_tenant in self._rests or chert_tenant in self._ahead
        return BITE_BESIDE_OTHERS if drained and self._is_beside_others(chert_tenant) else MAX_BATCH

    def look_soon(self) -> None:
        """Messages that were left may go on now."""
        self._look_at = self._clock.monotonic()
        self._rests = dict.fromkeys(self._rests, Rest())

    def _is_beside_others(self, *at_it: str) -> bool:
        """Whether projects are at work that have nothing in queues, nor one that is being worked on."""
        return self._noise.besides({*self._rests, *at_it})

    async def turn(self) -> Assigned:
        """Take a bite of each queue, and now and then look for what others left behind."""
        now = self._clock.monotonic()
        if now < self._look_at:
            return await self.step()
        self._look_at = now + LOOK_SECONDS
        return await self.sweep()

    async def sweep(self) -> Assigned:
        """Find what was left behind, by whomever, then take a bite of each queue."""
        left = {row.message.chert_tenant for row in await self._inbox.left_over(LIMIT)}
        if not self._looked:  # earlier releases did not say for whom messages wait
            left.update(await self._inbox.awaited())
        await self._queues.leave(left)
        self._looked = True
        self.expect([*sorted(left), *sorted(await self._queues.waiting())])
        return await self.step()

    async def step(self) -> Assigned:
        """Take a bite of each queue that does not rest. A lane is told when it got all that it gets for now."""
        moved, told = False, set[int]()
        now = self._clock.monotonic()
        for chert_tenant in [one for one, rest in self._rests.items() if rest.until <= now]:
            bite = await self._turn_of(chert_tenant)
            filled = self._filled.pop(chert_tenant, _NOTHING) | bite.portal_ids
            if bite.moved:
                moved, self._filled[chert_tenant] = True, filled
            else:
                told |= filled
        return Assigned(frozenset(told), more=moved, waits=self.waits)

    async def _turn_of(self, chert_tenant: str) -> Bite:
        """A bite of one queue, which is forgotten when it is over, unless something is expected of it meanwhile."""
        rest, bite = self._rests.pop(chert_tenant), _STUCK
        try:
            queue = await self._queues.hold(chert_tenant, self._holder, self._clock.now())
            bite = _STUCK if queue is None else await self._bite(queue)
        finally:
            if not bite.over:
                self._rests[chert_tenant] = Rest() if bite.moved else rest.longer(self._clock.monotonic())
        return bite

    async def _bite(self, queue: Queue) -> Bite:
        if queue.left:
            bite = await self._take_left(queue)
        elif queue.portioned:
            bite = await self._take_portion(queue)
        else:
            bite = _MOVED if await self._queues.tidy(queue) else _OVER
        if bite.over:
            await self._queues.let_go(queue.chert_tenant, self._holder)
        return bite

    async def _take_left(self, queue: Queue) -> Bite:
        rows = await self._inbox.left_of(queue.chert_tenant, LIMIT)
        if not rows:
            await self._queues.none_left(queue)
            return _MOVED
        places = await self._assigner.place(rows, await self._assigner.plan(rows))
        await self._inbox.assigned(places.housed)
        if places.homeless:
            await self._inbox.wait([row.id for row in places.homeless])
            await self._assigner.welcome(places.homeless)
            return await self._take_portion(queue) if queue.portioned else _OVER
        return Bite(places.portal_ids, moved=bool(places.housed))

    async def _take_portion(self, queue: Queue) -> Bite:
        ahead = await self._read(queue)
        taken = ahead.next(BITE_BESIDE_OTHERS if self._is_beside_others(queue.chert_tenant) else BITE)
        rows = {row.id: row for _, row in taken}
        known, plan = await asyncio.gather(self._inbox.known(rows), self._assigner.plan(rows.values()))
        waits = any(known.rows.values())  # left in the inbox by who died before saying so, or before it was done here
        if any(plan.values()) and (queue.left or waits):  # there is an account after all, and what was left goes first
            await self._queues.leave([queue.chert_tenant])
            return _MOVED
        if not await self._has_room(plan):
            return _STUCK
        places = await self._put([row for row_id, row in rows.items() if row_id not in known.rows], plan)
        ahead.done(taken)
        dropped = await self._drop(queue.chert_tenant, ahead)
        return Bite(places.portal_ids, moved=dropped or bool(taken))

    async def _read(self, queue: Queue) -> Ahead:
        """What was read of a queue so far, and one more portion; all anew if another process was at it."""
        ahead = self._ahead.get(queue.chert_tenant)
        if ahead is None or ahead.first != queue.first:
            ahead = self._ahead[queue.chert_tenant] = Ahead(queue.first)
        if ahead.end < min(queue.end, ahead.first + PORTIONS):
            rows = await self._queues.portion(queue.chert_tenant, ahead.end)
            if rows is not None:
                ahead.add(rows)
        return ahead

    async def _drop(self, chert_tenant: str, ahead: Ahead) -> bool:
        """Drop the portions that are on lanes, whole; whether there were any."""
        first = ahead.first
        while (number := ahead.over()) is not None:
            await self._queues.drop(chert_tenant, number)
        if ahead.first == ahead.end:
            self._ahead.pop(chert_tenant, None)
        return ahead.first > first

    async def _has_room(self, plan: Plan) -> bool:
        """Whether any of the lanes can do with more; one that is stuck does not keep it from the others."""
        portal_ids = {recipient.tenant.portal_id for recipients in plan.values() for recipient in recipients}
        lengths = await self._lanes.lengths(portal_ids)
        return not portal_ids or min(lengths.get(portal_id, 0) for portal_id in portal_ids) < ROOM

    async def _put(self, rows: Sequence[Received], plan: Plan) -> Places:
        """Put messages on lanes and note them in the inbox, as the intake does."""
        places = await self._assigner.place(rows, plan)
        await asyncio.gather(self._inbox.add(places.rows, self._clock.now()), self._refs.received(places.rows))
        await self._queues.leave(places.left)
        await self._assigner.welcome(places.homeless)
        return places
