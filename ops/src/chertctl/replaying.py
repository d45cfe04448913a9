"""Working through a replay job: batches to the group's service, as fast as allowed, remembered as it goes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from chassis.clock import Clock
from chertctl.outcomes import AwayError
from chertctl.reading import Lying, Topics
from chertctl.replay_jobs import Job
from chertctl.services import Services
from chertctl.settings import ServiceName
from contracts.replays import MAX_BATCH_BYTES, MAX_RECORDS, ReplayAnswer, ReplayBatch, ReplayedRecord, ReplayTrouble

TRIES: Final = 8
"""Calls of a service that says that it cannot now; with doubling rests that is about half a minute."""

_FIRST_REST_SECONDS: Final = 0.25

WORKED_AT_ONCE: Final = 50
"""Records of one batch that is not only looked at: a service works through it one by one, with rests."""

TOO_LARGE: Final = "too large to be handed over"

_GROWING: Final = bytes([*range(0x20), ord('"'), ord("\\"), *range(0x7F, 0x100)])
_AROUND_BYTES: Final = 256


class Pace:
    """Keeps to so many records a second."""

    def __init__(self, rate: float | None, clock: Clock) -> None:
        self._rate, self._clock = rate, clock
        self._free_at = clock.monotonic()

    async def take(self, records: int) -> None:
        """Return when so many more may go out."""
        if self._rate is None:
            return
        now = self._clock.monotonic()
        if self._free_at > now:
            await self._clock.sleep(self._free_at - now)
        self._free_at = max(now, self._free_at) + records / self._rate


class ServiceCounter:
    """The service at which records are handed over: one group's."""

    def __init__(self, services: Services, group: ServiceName, clock: Clock) -> None:
        self._services, self._group, self._clock = services, group, clock

    async def hand_over(self, batch: ReplayBatch) -> ReplayAnswer:
        """What became of a batch; a service that cannot now is asked again for a while.

        Raises:
            AwayError: it could not all that time.
            RefusedError: it refuses.
        """
        for attempt in range(TRIES):
            try:
                return await self._services.call(self._group, "POST", "/ops/replay", ReplayAnswer, batch)
            except AwayError:
                if attempt == TRIES - 1:
                    raise
                await self._clock.sleep(_FIRST_REST_SECONDS * 2.0**attempt)
        raise AssertionError


class Replayer:
    """Works through jobs."""

    def __init__(self, topics: Topics, services: Services, clock: Clock) -> None:
        self._topics, self._services, self._clock = topics, services, clock

    async def work(self, job: Job, *, dry_run: bool, remember: Callable[[Job], None]) -> None:
        """Work through what is left of a job; `remember` is called whenever that has become less.

        Raises:
            AwayError: the service or the broker stayed away; what was remembered is done.
            RefusedError: the service refuses.
        """
        pace, at_once = Pace(job.rate, self._clock), records_at_once(job.rate, dry_run=dry_run)
        counter = ServiceCounter(self._services, job.group, self._clock)
        async for records in self._topics.read(job.topic, dict(job.ranges)):
            meant = [record for record in records if job.selection(record)]
            job.count("not asked for", len(records) - len(meant))
            for batch in batches(meant, at_once):
                if isinstance(batch, Lying):
                    job.count(f"skipped: {TOO_LARGE}", 1)
                    continue
                await pace.take(len(batch))
                question = ReplayBatch(topic=job.topic, records=tuple(batch), dry_run=dry_run, sends=job.sends)
                count(job, await counter.hand_over(question))
            _move_on(job, records)
            remember(job)
        job.ranges, job.done = {}, True
        remember(job)


def records_at_once(rate: float | None, *, dry_run: bool) -> int:
    """Records of one batch: what a tenth of a second may take, and what a service does within its deadline."""
    most = MAX_RECORDS if dry_run else WORKED_AT_ONCE
    return most if rate is None else min(most, max(1, int(rate / 10)))


def batches(records: Sequence[Lying], at_once: int) -> Iterator[list[ReplayedRecord] | Lying]:
    """Records in batches that a service takes, in order; one that it never takes comes as it lies."""
    batch: list[ReplayedRecord] = []
    size = 0
    for record in records:
        replayed = as_replayed(record)
        length = _length(record)
        if length > MAX_BATCH_BYTES:
            yield record
            continue
        if batch and (size + length > MAX_BATCH_BYTES or len(batch) == at_once):
            yield batch
            batch, size = [], 0
        batch.append(replayed)
        size += length
    if batch:
        yield batch


def fits(*records: Lying) -> bool:
    """Whether a service takes these in one batch."""
    return sum(_length(record) for record in records) <= MAX_BATCH_BYTES


def as_replayed(record: Lying) -> ReplayedRecord:
    """A record in the form in which a service takes it."""
    return ReplayedRecord(
        partition=record.place.partition,
        offset=record.place.offset,
        key=_text(record.key),
        headers=tuple((name, _text(value)) for name, value in record.headers),
        value=_text(record.value),
    )


def count(job: Job, answer: ReplayAnswer) -> None:
    """Add what became of a batch."""
    job.count("written", answer.written)
    job.count("already", answer.already)
    for trouble in answer.troubles:
        job.count(said(trouble), 1)


def said(trouble: ReplayTrouble) -> str:
    """A trouble as it is counted and shown."""
    return f"{trouble.outcome}: {trouble.reason}"


def _move_on(job: Job, records: Sequence[Lying]) -> None:
    for record in records:
        _, end = job.ranges[record.place.partition]
        job.ranges[record.place.partition] = (record.place.offset + 1, end)


def _length(record: Lying) -> int:
    """At most so many bytes of JSON: a Latin-1 letter takes up to two, what JSON escapes up to six."""
    texts = [record.key, record.value, *(value for _, value in record.headers)]
    longest = sum(_escaped(text) for text in texts if text) + sum(len(name) + 8 for name, _ in record.headers)
    return longest + _AROUND_BYTES


def _escaped(raw: bytes) -> int:
    plain = len(raw.translate(None, _GROWING))
    return plain + 6 * (len(raw) - plain) if len(raw) - plain > raw.count(b'"') else plain + 2 * raw.count(b'"')


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("latin-1")
