"""Replays of received messages: which were worked through before, which are too old to know, and Chert's own log."""

from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from chassis.clock import Clock
from chassis.replaying import ALREADY
from contracts.envelope import Event, EventData
from contracts.messages import MessageReceived
from contracts.replays import LogReplay, LogReplayAnswer, ReplayAnswer
from timeline.handlers.catching_up import received_event
from timeline.models import Received
from timeline.ports import ChertLog, KeptKeys

TOO_OLD: Final = "older than the oldest kept key"
"""Of a message from before everything that is remembered: it may be on a timeline, and nobody could tell."""

NOTHING_KEPT: Final = "no key is kept at all"

_REMEMBER: Final = timedelta(minutes=10)
"""How long the age of the oldest key is believed. Keys stay for good, so it only ever grows older; to look for it
reads the inbox whole where no index is real."""


class LookAtReceived:
    """Looks at events of `message.received`."""

    def __init__(self, keys: KeptKeys, clock: Clock) -> None:
        self._keys, self._clock = keys, clock
        self._oldest: datetime | None = None
        self._asked_at: datetime | None = None

    async def __call__(self, events: Sequence[Event[EventData]], redrive: bool) -> Sequence[str | None]:  # noqa: FBT001 - the form of a look
        """What a replay of each would find; a dead letter was never worked through, however old it is."""
        messages = [event.data for event in events if isinstance(event.data, MessageReceived)]
        unknown = {Received(message).id for message in await self._keys.unknown(messages)}
        oldest = await self._oldest_key()
        return [self._verdict(message, unknown, oldest, redrive=redrive) for message in messages]

    @staticmethod
    def _verdict(message: MessageReceived, unknown: set[str], oldest: datetime | None, *, redrive: bool) -> str | None:
        row_id = Received(message).id
        if row_id not in unknown:
            return ALREADY
        unknown.discard(row_id)  # a second record of the same message changes nothing
        if redrive:
            return None
        if oldest is None:
            return NOTHING_KEPT
        return TOO_OLD if message.received_at < oldest else None

    async def _oldest_key(self) -> datetime | None:
        now = self._clock.now()
        if self._oldest is None or self._asked_at is None or now - self._asked_at > _REMEMBER:
            self._oldest, self._asked_at = await self._keys.oldest(), now
        return self._oldest


class ReplayEvents(Protocol):
    """Works through events as the consumer of their topic would."""

    def __call__(self, events: Sequence[Event[EventData]], *, dry_run: bool) -> Awaitable[ReplayAnswer]:
        """What became of them, or what would."""
        ...


async def replay_page(question: LogReplay, *, log: ChertLog, replay: ReplayEvents) -> LogReplayAnswer:
    """Work through one page of a project's event log at Chert.

    Raises:
        ChertAwayError: the log cannot be read now.
    """
    page = await log.page(question.chert_tenant, question.since, question.cursor)
    answer = await replay([received_event(message) for message in page.messages], dry_run=question.dry_run)
    return LogReplayAnswer(**answer.model_dump(), next_cursor=page.next_cursor, reached=page.last_at)
