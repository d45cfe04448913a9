"""Taking in what arrives: put on the lanes of its accounts, then noted in the inbox; nothing outside is called.

The caller commits after that. So Kafka gives the next message of a conversation to another process only when this one
is on its lane, and the order of a conversation outlives crashes and rebalances. Entries and work lists take a message
once however often it is given to them, so a crash before the note in the inbox only repeats work; after it nothing that
repeats the message has an effect. The lanes are woken as soon as they have the work, before the note is made.

What comes from a loud project, or behind messages of its own that are not on lanes yet, is set aside: see `draining`.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

from chassis.clock import Clock
from contracts.envelope import Event
from contracts.messages import MessageReceived
from timeline.handlers.assignment import Assigner, Plan
from timeline.handlers.draining import by_project
from timeline.handlers.noise import Noise
from timeline.handlers.refs import RefKeeper
from timeline.models import FaultPoint, Known, Received
from timeline.ports import FaultPoints, Intake, QueueEnds


def nobody_waits(_: Collection[int]) -> None:
    """For callers who work on lanes by themselves."""


class Receiver:
    """Gives batches to their accounts and keeps them in the inbox.

    Args:
        inbox: knows what was taken in before; that is left alone.
        queues: where goes what cannot go to lanes at once.
        refs: lets operators find it by any id.
        assigner: gives messages to accounts.
        expect: told of projects of which something was left or set aside.
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
        expect: Callable[[Collection[str]], None],
        faults: FaultPoints,
        clock: Clock,
    ) -> None:
        self._inbox, self._queues, self._refs, self._assigner = inbox, queues, refs, assigner
        self._expect, self._faults, self._clock = expect, faults, clock
        self._noise = Noise(clock)

    async def store(
        self, events: Sequence[Event[MessageReceived]], work_soon: Callable[[Collection[int]], None] = nobody_waits
    ) -> Collection[int]:
        """Take in a batch, in the order that Kafka has it; the accounts whose lanes got work: `work_soon` is told."""
        rows = {row.id: row for row in (Received(event.data, event.traceparent) for event in events)}
        known, plan = await asyncio.gather(self._inbox.known(rows), self._assigner.plan(rows.values()))
        new = by_project([row for row_id, row in rows.items() if row_id not in known.rows])
        aside = self._aside(new, plan, known)
        direct = [row for chert_tenant, own in new.items() if chert_tenant not in aside for row in own]
        places, _ = await asyncio.gather(
            self._assigner.place(direct, plan), self._queues.enqueue(aside, self._clock.now())
        )
        work_soon(places.portal_ids)
        await asyncio.gather(self._inbox.add(places.rows, self._clock.now()), self._refs.received(places.rows))
        left = {*places.left, *(rows[row_id].message.chert_tenant for row_id, waits in known.rows.items() if waits)}
        await self._queues.leave([one for one in left if one not in known.queues])
        await self._assigner.welcome(places.homeless)
        self._expect([*aside, *left])
        await self._faults.reach(FaultPoint.AFTER_INBOX_INSERT)
        return places.portal_ids

    def _aside(
        self, new: Mapping[str, Sequence[Received]], plan: Plan, known: Known
    ) -> Mapping[str, Sequence[Received]]:
        """What goes behind other messages of its project, or has to let others pass.

        What has no account goes to where such messages wait, unless some of its project are set aside already.
        """
        loud = self._noise.loud({chert_tenant: len(rows) for chert_tenant, rows in new.items()})
        return {
            chert_tenant: rows
            for chert_tenant, rows in new.items()
            if (plan[rows[0].id] and (chert_tenant in loud or chert_tenant in known.queues))
            or (chert_tenant in known.queues and known.queues[chert_tenant].portioned)
        }
