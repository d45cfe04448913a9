"""Releasing held messages: an operator has a group work through what it keeps aside of an owner.

It goes the way it would from Kafka: in order, to the same handler, its errors judged by the same table; what cannot be
handled becomes a dead letter. A message leaves the inbox only after its end is durable, so a call that was cut off is
made again. An owner is held as long as something of theirs lies there, and so no later message overtakes an earlier
one; consumers look again every `inbox.REFRESH_SECONDS`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from chassis.consuming import Declared
from chassis.dead_letters import DeadLetters
from chassis.failures import Refusal, unavailable
from chassis.inbox import HeldMessage, HeldMessages
from chassis.kafka import BrokerAwayError
from chassis.logging import get_log
from chassis.outcomes import ErrorKinds, Kind, read
from contracts.envelope import ContractError, Event, EventData, NewerVersionError
from contracts.failures import Code
from contracts.held import MAX_RELEASED, HeldAnswer, HeldLane, HeldRelease, HeldReleased

LOG = get_log()


class ConsumerGroup(Protocol):
    """What a release needs of `consuming.Consumers`."""

    @property
    def group(self) -> str:
        """Its name."""
        ...

    @property
    def kinds(self) -> ErrorKinds:
        """What errors mean."""
        ...

    @property
    def held(self) -> HeldMessages:
        """Where messages are kept that are held."""
        ...

    @property
    def dead_letters(self) -> DeadLetters:
        """Where goes what cannot be handled."""
        ...

    @property
    def subscriptions(self) -> Mapping[str, Declared]:
        """What it consumes, by topic."""
        ...

    async def handle(self, topic: str, events: Sequence[Event[EventData]]) -> None:
        """Hand events to a topic's handler."""
        ...


class Releases:
    """Releases for one consumer group."""

    def __init__(self, consumers: ConsumerGroup, *, sending: Collection[str] = ()) -> None:
        """`sending` are the topics whose handlers cause sends."""
        self._consumers, self._sending = consumers, frozenset(sending)

    async def held(self) -> HeldAnswer:
        """Everything that is held.

        Raises:
            Refusal: the database is away.
        """
        try:
            return HeldAnswer(lanes=tuple(await self._consumers.held.summary(self._consumers.group)))
        except self._consumers.kinds.retryable as away:
            raise unavailable("the database") from away

    async def release(self, order: HeldRelease) -> HeldReleased:
        """Work through some of what is held of an owner on a partition.

        Raises:
            Refusal: this group does not consume the topic, its handler would send, or a dependency is away; then some
                of it may be done.
        """
        if order.topic not in self._consumers.subscriptions:
            raise Refusal(Code.NOT_FOUND, f"{self._consumers.group} does not consume this topic")
        if order.topic in self._sending and not order.sends:
            raise Refusal(Code.WRONG_STATE, "what is held would send", reason="would_send")
        try:
            released = await self._release(order)
        except self._consumers.kinds.retryable as away:
            raise unavailable("a dependency") from away
        LOG.info("held.released", topic=order.topic, partition=order.partition, owner=order.owner,
                 handled=released.handled, dead_lettered=released.dead_lettered, left=released.left)  # fmt: skip
        return released

    async def _release(self, order: HeldRelease) -> HeldReleased:
        held, group = self._consumers.held, self._consumers.group
        ended = [0, 0]
        for message in await held.oldest(group, order.topic, order.partition, order.owner, MAX_RELEASED):
            ended[await self._is_buried(message)] += 1
            await held.remove(message)
        left = [lane for lane in await held.summary(group) if _is_of(lane, order)]
        return HeldReleased(handled=ended[0], dead_lettered=ended[1], left=sum(lane.messages for lane in left))

    async def _is_buried(self, message: HeldMessage) -> bool:
        """Work through a message; whether it had to be given up, which is durable then."""
        try:
            event = read(self._consumers.subscriptions[message.topic].event_type, message)
            if event is not None:
                await self._consumers.handle(message.topic, [event])
        except NewerVersionError as error:
            raise unavailable("a release that knows this event") from error
        except Exception as error:
            if self._consumers.kinds.of(error) is Kind.RETRYABLE or isinstance(error, TimeoutError):
                raise unavailable("a dependency") from error
            await self._bury(message, error)
            return True
        return False

    async def _bury(self, message: HeldMessage, error: Exception) -> None:
        attempts = 0 if isinstance(error, ContractError) else 1
        try:
            await self._consumers.dead_letters.bury(message, error, attempts)
        except BrokerAwayError as away:
            raise unavailable("Kafka") from away


def _is_of(lane: HeldLane, order: HeldRelease) -> bool:
    return (lane.topic, lane.partition, lane.owner) == (order.topic, order.partition, order.owner)
