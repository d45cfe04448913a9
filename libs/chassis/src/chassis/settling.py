"""What becomes of each record: the one policy for every consumer of ours.

| What happened                            | Outcome                                       |
| ---------------------------------------- | --------------------------------------------- |
| handled, at once or on a retry           | commit                                        |
| our own dependency is away               | pause, then deliver again                     |
| an unknown newer version                 | pause, then deliver again                     |
| permanent                                | dead letter, then commit                      |
| the record breaks its contract           | dead letter, then commit; handler not called  |
| anything unexpected                      | few retries, dead letter, then commit         |
| the dead letter cannot be written        | pause, then deliver again                     |
| too many dead letters of one owner       | that owner's messages are held; others go on  |
| three such owners within a minute        | the process stops                             |

Which error is which is a service's own table, `outcomes.ErrorKinds`. Nothing is said here of Kafka: `partitions`
commits the settled beginning of each partition and rewinds to the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Literal

from opentelemetry.trace import SpanKind

from chassis import cancellation, tracing
from chassis.brake import Brake
from chassis.clock import Clock
from chassis.dead_letters import DeadLetters, Record, reason
from chassis.health import Heartbeat
from chassis.inbox import HeldMessage, Holds
from chassis.logging import get_log
from chassis.metrics import Metrics
from chassis.outcomes import (
    E,
    ErrorKinds,
    Failure,
    Kind,
    Policy,
    StrayCancellationError,
    TooSlowError,
    Work,
    header,
)
from chassis.partitions import Delivery, Partitions, place
from chassis.randomness import Randomness
from chassis.rounds import Round
from contracts.envelope import ContractError, NewerVersionError
from contracts.telemetry import LogEvent
from contracts.topics import owner_of

LOG = get_log()
Handle = Callable[[Sequence[E]], Awaitable[None]]
Read = Callable[[Record], E | None]
"""Reads a record; none of one that says nothing. It raises `ContractError` or `NewerVersionError`, no more."""

Outcome = Literal["handled", "skipped", "dead_lettered", "held"]

_LINES: dict[Outcome, LogEvent] = {
    "handled": "event.handled",
    "skipped": "event.handled",
    "dead_lettered": "event.dead_lettered",
    "held": "event.held",
}


class TrippedError(Exception):
    """The process is about to stop: nothing more is settled."""


class Settler(Generic[E]):
    """Settles the deliveries of one subscription."""

    def __init__(
        self,
        topic: str,
        read: Read[E],
        handle: Handle[E],
        *,
        group: str,
        in_batches: bool,
        kinds: ErrorKinds,
        policy: Policy,
        dead_letters: DeadLetters,
        holds: Holds,
        brake: Brake,
        partitions: Partitions,
        heartbeat: Heartbeat,
        clock: Clock,
        randomness: Randomness,
        metrics: Metrics,
    ) -> None:
        self._topic, self._read, self._handle = topic, read, handle
        self._group, self._in_batches = group, in_batches
        self._kinds, self._policy = kinds, policy
        self._dead_letters, self._holds, self._brake = dead_letters, holds, brake
        self._partitions, self._heartbeat = partitions, heartbeat
        self._clock, self._randomness, self._metrics = clock, randomness, metrics
        self._span = f"{topic} process"

    async def settle(self, delivery: Delivery) -> Failure | None:
        """Settle what can be settled; the failure that stopped the rest, if any."""
        turn = Round(delivery, self._clock.monotonic())
        try:
            await self._work(turn)
        except Exception as error:  # noqa: BLE001 - even a mistake of our own must pause: never spin, never lose
            turn.stop(Failure(Kind.RETRYABLE, error))
        seconds = self._clock.monotonic() - turn.began
        self._metrics.observe("consumer_batch_seconds", seconds, topic=self._topic)
        if self._in_batches:
            self._tell_batch(turn, seconds)
        return turn.failure

    async def _work(self, turn: Round) -> None:
        if self._brake.tripped:
            raise TrippedError
        async with asyncio.timeout(self._policy.handler_seconds):
            await self._holds.refresh(turn.delivery.epoch)
        works = self._sort(turn)
        if self._in_batches:
            await self._together(turn, works)
        else:
            for work in works:
                await self._one(turn, work)
        await self._put_away(turn)

    def _sort(self, turn: Round) -> list[Work[E]]:
        """Read every record; put apart what no handler should see."""
        works: list[Work[E]] = []
        for record in turn.delivery.records:
            if turn.stopped(record) or self._is_held(turn, record):
                continue
            try:
                event = self._read(record)
            except NewerVersionError as error:
                turn.stop_partition(record, Failure(Kind.RETRYABLE, error))
            except ContractError as error:
                turn.broken.append((record, error))
            else:
                if event is None:
                    self._settle(turn, record, "skipped")
                else:
                    works.append(Work(record, event))
        return works

    def _is_held(self, turn: Round, record: Record) -> bool:
        if not self._holds or (record.partition, owner_of(record.key)) not in self._holds:
            return False
        turn.aside.append(record)
        return True

    async def _together(self, turn: Round, works: Sequence[Work[E]]) -> None:
        """Hand a batch over; one that fails for good is halved, in order, until the culprit stands alone."""
        works = [work for work in works if not (turn.stopped(work.record) or self._is_held(turn, work.record))]
        if len(works) <= 1:
            for work in works:
                await self._one(turn, work)
            return
        began = self._clock.monotonic()
        with tracing.work(None, self._randomness, f"{self._topic} batch", SpanKind.CONSUMER):
            failure = await self._call([work.event for work in works])
        if failure is None:
            seconds = self._clock.monotonic() - began
            for work in works:
                tracing.mark(work.event.traceparent, self._span, seconds=seconds, kind=SpanKind.CONSUMER)
                turn.delivery.settle(work.record)
            self._metrics.count("consumer_events", len(works), topic=self._topic, outcome="handled")
        elif failure.kind is Kind.RETRYABLE:
            turn.stop(failure)
        else:
            await self._together(turn, works[: len(works) // 2])
            await self._together(turn, works[len(works) // 2 :])

    async def _one(self, turn: Round, work: Work[E]) -> None:
        if turn.stopped(work.record) or self._is_held(turn, work.record):
            return
        with tracing.work(work.event.traceparent, self._randomness, self._span, SpanKind.CONSUMER):
            attempt, failure = await self._try(work)
            if failure is None:
                self._settle(turn, work.record, "handled", attempt=attempt)
            elif failure.kind is Kind.RETRYABLE:
                turn.stop(failure)
            else:
                await self._put_away(turn, before=work.record)
                if not turn.stopped(work.record):
                    await self._bury(turn, work.record, failure.error, attempt=attempt)

    async def _try(self, work: Work[E]) -> tuple[int, Failure | None]:
        """Call the handler until it succeeds, may not be called again, or has been called often enough."""
        attempt = 1
        while True:
            failure = await self._call([work.event])
            if failure is None or failure.kind is not Kind.UNEXPECTED or attempt == self._policy.tries:
                return attempt, failure
            LOG.warning("event.retried", **self._describe(work.record), attempt=attempt, exc_info=failure.error)
            await self._clock.sleep(self._policy.retry_seconds * 2.0 ** (attempt - 1))
            attempt += 1

    async def _call(self, events: Sequence[E]) -> Failure | None:
        self._heartbeat.beat()
        deadline = asyncio.timeout(self._policy.handler_seconds)
        try:
            async with deadline:
                await self._handle(events)
        except asyncio.CancelledError:
            if cancellation.is_asked_for():
                raise
            return Failure(Kind.UNEXPECTED, StrayCancellationError())
        except Exception as error:  # noqa: BLE001 - its kind decides
            if deadline.expired():
                return Failure(Kind.RETRYABLE, TooSlowError())
            return Failure(self._kinds.of(error), error)
        return None

    async def _put_away(self, turn: Round, before: Record | None = None) -> None:
        """Bury or hold what no handler sees: all of it, or what lies before a record in its partition.

        A dead letter is written only when everything before it is settled, for behind a record that has to wait it
        would be written again at each delivery.
        """
        await self._hold(turn, before)
        for record, error in turn.take_broken(before):
            if turn.stopped(record) or self._is_held(turn, record):
                continue
            with tracing.work(header(record, "traceparent"), self._randomness, "put away", SpanKind.CONSUMER):
                await self._bury(turn, record, error, attempt=0)
        await self._hold(turn, before)

    async def _bury(self, turn: Round, record: Record, error: Exception, *, attempt: int) -> None:
        self._heartbeat.beat()
        try:
            await self._dead_letters.bury(record, error, attempt)
        except Exception as away:  # noqa: BLE001 - whatever keeps the dead letter from being written, nothing is lost
            turn.stop_partition(record, Failure(Kind.RETRYABLE, away))
            return
        self._settle(turn, record, "dead_lettered", attempt=attempt, reason=reason(error), exc_info=error)
        lane = (record.partition, owner_of(record.key))
        if self._brake.count(self._topic, lane):
            self._holds.add(lane)
        if self._brake.tripped:
            turn.stop(Failure(Kind.RETRYABLE, TrippedError()))

    async def _hold(self, turn: Round, before: Record | None) -> None:
        records = [record for record in turn.take_aside(before) if not turn.stopped(record)]
        if not records:
            return
        self._heartbeat.beat()
        try:
            async with asyncio.timeout(self._policy.handler_seconds):
                await self._holds.hold([self._held(record) for record in records])
        except Exception as away:  # noqa: BLE001 - whatever keeps them from being stored, nothing is lost
            for record in records:
                turn.stop_partition(record, Failure(Kind.RETRYABLE, away))
        else:
            for record in records:
                self._settle(turn, record, "held")

    def _held(self, record: Record) -> HeldMessage:
        return HeldMessage(
            group=self._group,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            owner=owner_of(record.key),
            key=record.key,
            headers=tuple(record.headers),
            value=record.value,
            held_at=self._clock.now(),
        )

    def _settle(self, turn: Round, record: Record, outcome: Outcome, **more: object) -> None:
        """Mark a record as settled, count it, and write its line unless its batch's line speaks for it."""
        turn.delivery.settle(record)
        self._metrics.count("consumer_events", topic=self._topic, outcome=outcome)
        if self._in_batches and outcome in {"handled", "skipped"}:
            return
        milliseconds = round((self._clock.monotonic() - turn.began) * 1000, 1)
        tell = LOG.info if outcome in {"handled", "skipped"} else LOG.warning
        tell(_LINES[outcome], **self._describe(record), outcome=outcome, milliseconds=milliseconds, **more)

    def _describe(self, record: Record) -> dict[str, object]:
        return {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "event_id": header(record, "ce_id"),
            "owner": owner_of(record.key),
            "delivery": self._partitions.attempt(place(record), record.offset),
        }

    def _tell_batch(self, turn: Round, seconds: float) -> None:
        unsettled = turn.delivery.unsettled()
        LOG.info(
            "event.handled",
            topic=self._topic,
            records=len(turn.delivery.records),
            partitions=len({record.partition for record in turn.delivery.records}),
            outcome="postponed" if unsettled else "handled",
            milliseconds=round(seconds * 1000, 1),
        )
