"""Replaying: an operator hands a consumer group records to work through again (`contracts.replays`).

A record goes the way it would from Kafka: read under its contract, handed to the same handler, its error judged by the
same table. No offset moves and nothing is published. A service may look first which events it has worked through
before; what sends something is worked through only when that was asked for apart.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chassis.consuming import Consumers
from chassis.dead_letters import RawHeaders, reason
from chassis.failures import Refusal, unavailable
from chassis.logging import get_log
from chassis.outcomes import Kind, read
from contracts.envelope import ContractError, Event, EventData, EventType, NewerVersionError
from contracts.failures import Code
from contracts.replays import Outcome, ReplayAnswer, ReplayBatch, ReplayedRecord, ReplayTrouble

LOG = get_log()

NEW: Final = None
"""A look's verdict of an event that was never worked through."""

ALREADY: Final = "already"
"""A look's verdict of one that was; any other text is a reason not to work through it."""

_REST: Final = 4.0
"""An event is followed by a rest of so many times its own time: a replay gets a fifth of what live work leaves it."""

_REST_ALONE: Final = 1.0
"""The same while nothing comes from Kafka."""

_RESTS_SECONDS: Final = 10.0
"""All rests of one batch, at the longest, so that it is answered within its deadline."""

Look = Callable[[Sequence[Event[EventData]], bool], Awaitable[Sequence[str | None]]]
"""Says of each event what a replay would find; the flag says that these are dead letters."""


@dataclass(frozen=True, slots=True)
class _Lying:
    """A record out of a batch, in the form that consumers read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: RawHeaders


_Indexed = tuple[int, Event[EventData]]


class Replays:
    """Works through batches for one consumer group."""

    def __init__(
        self,
        consumers: Consumers,
        *,
        looks: Mapping[str, Look] | None = None,
        sending: Collection[str] = (),
    ) -> None:
        """`looks` by topic; `sending` are the topics whose handlers cause sends."""
        self._consumers = consumers
        self._looks, self._sending = dict(looks or {}), frozenset(sending)

    async def replay(self, batch: ReplayBatch) -> ReplayAnswer:
        """Work through a batch, or say what would become of it.

        Raises:
            Refusal: this group does not consume the topic, or one of its dependencies is away; then some of the batch
                may be done, and the whole of it can be sent again.
        """
        subscription = self._consumers.subscriptions.get(batch.topic)
        if subscription is None:
            raise Refusal(Code.NOT_FOUND, f"{self._consumers.group} does not consume this topic")
        tally = _Tally()
        events = _read(subscription.event_type, batch, tally)
        if batch.topic in self._sending and not batch.sends:
            tally.skip(events, "would send")
            events = []
        answer = await self._replay(batch.topic, events, tally, dry_run=batch.dry_run, redrive=batch.redrive)
        LOG.info(
            "replay.answered",
            topic=batch.topic,
            records=len(batch.records),
            dry_run=batch.dry_run,
            written=answer.written,
            already=answer.already,
            troubles=dict(Counter(f"{one.outcome}: {one.reason}" for one in answer.troubles)),
        )
        return answer

    async def replay_events(self, topic: str, events: Sequence[Event[EventData]], *, dry_run: bool) -> ReplayAnswer:
        """The same for events that come from elsewhere than the topic.

        Raises:
            Refusal: a dependency is away.
        """
        return await self._replay(topic, list(enumerate(events)), _Tally(), dry_run=dry_run, redrive=False)

    async def _replay(
        self, topic: str, events: Sequence[_Indexed], tally: "_Tally", *, dry_run: bool, redrive: bool
    ) -> ReplayAnswer:
        new = await self._unknown(topic, events, tally, redrive=redrive)
        if dry_run:
            tally.written = len(new)
        else:
            await self._one_by_one(topic, new, tally)
        return tally.answer()

    async def _unknown(
        self, topic: str, events: Sequence[_Indexed], tally: "_Tally", *, redrive: bool
    ) -> Sequence[_Indexed]:
        """Those that were never worked through; the others are counted."""
        look = self._looks.get(topic)
        if look is None or not events:
            return events
        try:
            verdicts = await look([event for _, event in events], redrive)
        except self._consumers.kinds.retryable as away:
            raise unavailable("the database") from away
        new = []
        for one, verdict in zip(events, verdicts, strict=True):
            if verdict is NEW:
                new.append(one)
            elif verdict == ALREADY:
                tally.already += 1
            else:
                tally.skip([one], verdict)
        return new

    async def _one_by_one(self, topic: str, events: Sequence[_Indexed], tally: "_Tally") -> None:
        """Work through events behind live work, which waits for one of them at the most and not for several.

        Where live work makes each of them slow, the rests grow with it. What an event sets going ends in its rest.
        """
        clock = self._consumers.clock
        for index, event in events:
            began = clock.monotonic()
            await self._work(topic, index, event, tally)
            rest = _REST if self._consumers.live else _REST_ALONE
            await clock.sleep(min(_RESTS_SECONDS / len(events), rest * (clock.monotonic() - began)))

    async def _work(self, topic: str, index: int, event: Event[EventData], tally: "_Tally") -> None:
        """Hand an event to the handler."""
        try:
            await self._consumers.handle(topic, [event])
        except Exception as error:
            if self._consumers.kinds.of(error) is Kind.RETRYABLE or isinstance(error, TimeoutError):
                raise unavailable("a dependency") from error
            LOG.warning("replay.failed", topic=topic, event_id=event.id, exc_info=error)
            tally.trouble(index, "failed", reason(error))
        else:
            tally.written += 1


class _Tally:
    """What became of a batch so far."""

    def __init__(self) -> None:
        self.written = self.already = 0
        self._troubles: list[ReplayTrouble] = []

    def skip(self, events: Sequence[_Indexed], why: str) -> None:
        for index, _ in events:
            self.trouble(index, "skipped", why)

    def trouble(self, index: int, outcome: Outcome, why: str) -> None:
        self._troubles.append(ReplayTrouble(index=index, outcome=outcome, reason=why))

    def answer(self) -> ReplayAnswer:
        return ReplayAnswer(written=self.written, already=self.already, troubles=tuple(self._troubles))


def _read(event_type: EventType[EventData], batch: ReplayBatch, tally: _Tally) -> list[_Indexed]:
    events: list[_Indexed] = []
    for index, record in enumerate(batch.records):
        try:
            event = read(event_type, _lying(batch.topic, record))
        except ContractError as error:
            tally.trouble(index, "skipped", f"breaks its contract: {error.reason}")
        except NewerVersionError:
            tally.trouble(index, "skipped", "newer than this release")
        else:
            if event is None:
                tally.trouble(index, "skipped", "tombstone")
            else:
                events.append((index, event))
    return events


def _lying(topic: str, record: ReplayedRecord) -> _Lying:
    headers = [(name, _bytes(text)) for name, text in record.headers]
    return _Lying(topic, record.partition, record.offset, _bytes(record.key), _bytes(record.value), headers)


def _bytes(text: str | None) -> bytes | None:
    """Latin-1 as `contracts.replays` says; what is no Latin-1 was not made by it and breaks the record's contract."""
    return None if text is None else text.encode("latin-1", errors="replace")
