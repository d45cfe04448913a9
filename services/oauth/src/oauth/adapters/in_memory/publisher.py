"""A topic in memory, for one writer at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.kafka import BrokerAwayError
from contracts.envelope import Event, EventData
from oauth.errors import LeaseLostError


@dataclass
class InMemoryTopic:
    """What was told, in order, and how often somebody took over."""

    told: list[Event[EventData]] = field(default_factory=list)
    epoch: int = 0


class InMemoryFencedPublisher:
    """One writer to a topic.

    Attributes:
        published: what this one published.
        away: the broker does not answer.
    """

    def __init__(self, topic: InMemoryTopic | None = None) -> None:
        self._topic, self._epoch = topic or InMemoryTopic(), 0
        self.published: list[Event[EventData]] = []
        self.away = False

    async def take_over(self) -> None:
        """Shut out whoever wrote before.

        Raises:
            BrokerAwayError: `away` is set.
        """
        if self.away:
            raise BrokerAwayError("away")
        self._topic.epoch += 1
        self._epoch = self._topic.epoch

    async def publish(self, events: Sequence[Event[EventData]]) -> None:
        """Keep the events.

        Raises:
            LeaseLostError: another took over meanwhile, or nobody has yet.
            BrokerAwayError: `away` is set.
        """
        if self.away:
            raise BrokerAwayError("away")
        if not self._epoch or self._epoch != self._topic.epoch:
            raise LeaseLostError("topic")
        self._topic.told.extend(events)
        self.published.extend(events)
