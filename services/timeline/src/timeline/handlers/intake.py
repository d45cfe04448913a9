"""Taking in what arrives: put on the lanes of its accounts, then noted in the inbox; nothing outside is called.

The caller commits after that. So Kafka gives the next message of a conversation to another process only when this one
is on its lane, and the order of a conversation outlives crashes and rebalances. Entries and work lists take a message
once however often it is given to them, so a crash before the note in the inbox only repeats work; after it nothing that
repeats the message has an effect. The lanes are woken as soon as they have the work, before the note is made.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence

from chassis.clock import Clock
from contracts.envelope import Event
from contracts.messages import MessageReceived
from timeline.handlers.assignment import Assigner
from timeline.handlers.refs import RefKeeper
from timeline.models import FaultPoint, Received
from timeline.ports import FaultPoints, Intake


def nobody_waits(_: Collection[int]) -> None:
    """For callers who work on lanes by themselves."""


async def store_received(
    events: Sequence[Event[MessageReceived]],
    *,
    inbox: Intake,
    refs: RefKeeper,
    assigner: Assigner,
    faults: FaultPoints,
    clock: Clock,
    work_soon: Callable[[Collection[int]], None] = nobody_waits,
) -> Collection[int]:
    """Give a batch to its accounts and keep it in the inbox; the accounts whose lanes got work.

    Args:
        events: what Kafka has, in order.
        inbox: knows what was taken in before; that is left alone.
        refs: lets operators find it by any id.
        assigner: gives messages to accounts.
        faults: where tests die.
        clock: says when.
        work_soon: told of the lanes with work as soon as they have it.
    """
    rows = {row.id: row for row in (Received(event.data, event.traceparent) for event in events)}
    known, plan = await asyncio.gather(inbox.known(rows), assigner.plan(rows.values()))
    places = await assigner.place([row for row_id, row in rows.items() if row_id not in known], plan)
    work_soon(places.portal_ids)
    await asyncio.gather(inbox.add(places.rows, clock.now()), refs.received(places.rows))
    await assigner.welcome(places.homeless)
    await faults.reach(FaultPoint.AFTER_INBOX_INSERT)
    return places.portal_ids
