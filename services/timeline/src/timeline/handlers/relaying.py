"""Telling what documents have to tell: a whole batch at a time, each document's events in order.

`chassis.outbox` publishes one event after the other; a backlog of replies would wait longer for that than for HubSpot.
"""

from itertools import zip_longest
from typing import Final

from chassis.kafka import EventPublisher
from chassis.logging import get_log
from chassis.metrics import Metrics
from timeline.ports.outbox import Outbox

LOG = get_log()

_BATCH: Final = 200
"""How many documents one round takes."""


class Relay:
    """Publishes what lies in one outbox."""

    def __init__(self, outbox: Outbox, publisher: EventPublisher, metrics: Metrics) -> None:
        self._outbox, self._publisher, self._metrics = outbox, publisher, metrics

    async def step(self) -> bool:
        """Relay one round; true when more may wait.

        Raises:
            BrokerAwayError: nothing was forgotten; a later round tells it again, with the same ids.
        """
        waiting = await self._outbox.pending(_BATCH)
        if not waiting:
            return False
        for rank in zip_longest(*(pending.events for pending in waiting)):
            await self._publisher.publish([event for event in rank if event is not None])
        await self._outbox.published(waiting)
        count = sum(len(pending.events) for pending in waiting)
        self._metrics.count("outbox_relayed", count)
        LOG.info("outbox.relayed", documents=len(waiting), events=count)
        return True
