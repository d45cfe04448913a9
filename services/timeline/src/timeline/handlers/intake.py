"""Taking in what arrives: put on the lanes of its accounts, then noted in the inbox; nothing outside is called.

The caller commits after that. So Kafka gives the next message of a conversation to another process only when this one
is on its lane, and the order of a conversation outlives crashes and rebalances. Entries and work lists take a message
once however often it is given to them, so a crash before the note in the inbox only repeats work; after it nothing that
repeats the message has an effect. The lanes are woken as soon as they have the work, and begin before the note is made:
somebody waits for a reply on the timeline, and nobody for the note.

What comes from a loud project, or behind messages of its own that are not on lanes yet, is set aside: see `draining`.
The former is not read, and both are set aside when the others' lanes have begun.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from chassis.clock import Clock
from contracts.envelope import Event
from contracts.messages import MessageReceived
from timeline.handlers.assignment import Assigner, Plan
from timeline.handlers.draining import Drain
from timeline.handlers.noise import Noise
from timeline.handlers.refs import RefKeeper
from timeline.models import FaultPoint, Known, Received, Row, Sealed, opened
from timeline.ports import FaultPoints, Intake, QueueEnds

_HEAD_START: Final = 2
"""How many rounds of the event loop a lane that is free needs to announce its write: a turn begins, then a stride."""

R = TypeVar("R", Received, Row)

Arrival = Event[MessageReceived] | Sealed
"""A message as the consumer has it: read whole, or glanced at."""


def nobody_waits(_: Collection[int]) -> None:
    """For callers who work on lanes by themselves."""


class Receiver:
    """Gives batches to their accounts and keeps them in the inbox.

    Args:
        inbox: knows what was taken in before; that is left alone.
        queues: where goes what cannot go to lanes at once.
        refs: lets operators find it by any id.
        assigner: gives messages to accounts.
        noise: knows who is loud.
        drain: told of projects of which something was left or set aside.
        faults: where tests die.
        clock: says when.
    """

    def __init__(
        self,
        *,
        inbox: Intake,
        queues: QueueEnds,
        refs: RefKeeper,
        assigner: Assigner,
        noise: Noise,
        drain: Drain,
        faults: FaultPoints,
        clock: Clock,
    ) -> None:
        self._inbox, self._queues, self._refs, self._assigner = inbox, queues, refs, assigner
        self._drain, self._faults, self._clock = drain, faults, clock
        self._noise = noise

    async def store(
        self, arrivals: Sequence[Arrival], work_soon: Callable[[Collection[int]], None] = nobody_waits
    ) -> Collection[int]:
        """Take in a batch, in the order that Kafka has it; the accounts whose lanes got work: `work_soon` is told."""
        rows = _by_project({row.id: row for row in map(_row, arrivals)}.values())
        loud = self._noise.loud({chert_tenant: len(own) for chert_tenant, own in rows.items()})
        aside = {chert_tenant: own for chert_tenant, own in rows.items() if chert_tenant in loud}
        others = [opened(row) for chert_tenant, own in rows.items() if chert_tenant not in loud for row in own]
        portal_ids: Collection[int] = ()
        if others:
            portal_ids = await self._place({row.id: row for row in others}, aside, work_soon)
        else:
            await self._queues.enqueue(aside, self._clock.now())
        self._drain.expect_burst(aside)
        await self._faults.reach(FaultPoint.AFTER_INBOX_INSERT)
        return portal_ids

    async def _place(
        self,
        rows: Mapping[str, Received],
        aside: Mapping[str, Sequence[Row]],
        work_soon: Callable[[Collection[int]], None],
    ) -> Collection[int]:
        """Give messages to their accounts, if nothing stands before them; then set others aside."""
        known, plan = await asyncio.gather(self._inbox.known(rows), self._assigner.plan(rows.values()))
        new = _by_project([row for row_id, row in rows.items() if row_id not in known.rows])
        behind = {chert_tenant: own for chert_tenant, own in new.items() if _goes_behind(own[0], plan, known)}
        places = await self._assigner.place(
            [row for chert_tenant, own in new.items() if chert_tenant not in behind for row in own], plan
        )
        work_soon(places.portal_ids)
        for _ in range(_HEAD_START):
            await asyncio.sleep(0)
        now = self._clock.now()
        await asyncio.gather(
            self._inbox.add(places.rows, now),
            self._refs.received(places.rows),
            self._queues.enqueue({**aside, **behind}, now),
        )
        left = {*places.left, *(rows[row_id].chert_tenant for row_id, waits in known.rows.items() if waits)}
        await self._queues.leave([one for one in left if one not in known.queues])
        await self._assigner.welcome(places.homeless)
        self._drain.expect([*behind, *left])
        return places.portal_ids


def _row(arrival: Arrival) -> Row:
    return arrival if isinstance(arrival, Sealed) else Received(arrival.data, arrival.traceparent)


def _by_project(rows: Iterable[R]) -> Mapping[str, Sequence[R]]:
    """Messages by project, in order."""
    found: dict[str, list[R]] = {}
    for row in rows:
        found.setdefault(row.chert_tenant, []).append(row)
    return found


def _goes_behind(row: Received, plan: Plan, known: Known) -> bool:
    """Whether a message goes behind others of its project.

    What has no account goes to where such messages wait, unless some of its project are set aside already.
    """
    queue = known.queues.get(row.chert_tenant)
    return queue is not None and (queue.portioned or bool(plan[row.id]))
