"""Taking in what arrives: kept in one bulk insert, then put on the lanes of its accounts; nothing outside is called.

The caller commits after that. So Kafka gives the next message of a conversation to another process only when this one
is on its lane, and the order of a conversation outlives crashes and rebalances.
"""

from collections.abc import Collection, Sequence

from chassis.clock import Clock
from contracts.envelope import Event
from contracts.messages import MessageReceived
from timeline.handlers.assignment import Assigner
from timeline.models import FaultPoint, Received
from timeline.ports import FaultPoints, Intake


async def store_received(
    events: Sequence[Event[MessageReceived]], *, inbox: Intake, assigner: Assigner, faults: FaultPoints, clock: Clock
) -> Collection[int]:
    """Keep a batch in the inbox and assign it; the accounts whose lanes got work.

    What was kept before is looked at too: whoever kept it may have died before it was assigned.
    """
    rows = [Received(event.data, event.traceparent) for event in events]
    known = frozenset(await inbox.add(rows, clock.now()))
    await faults.reach(FaultPoint.AFTER_INBOX_INSERT)
    new = [row for row in rows if row.id not in known]
    return (await assigner.assign(new, again=known)).portal_ids
