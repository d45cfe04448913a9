"""The audit: every act is told to `ops.audited` before it begins and after it ends."""

import asyncio
import getpass
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from chassis.clock import Clock
from chassis.randomness import Randomness
from chertctl.settings import Settings
from contracts.audits import MAX_PLACES, OpsAudited, RecordPlace, Stage
from contracts.envelope import Event
from contracts.topics import OPS_AUDITED


class Journal(Protocol):
    """Where audits go."""

    async def write(self, event: Event[OpsAudited]) -> None:
        """Return once it is durable.

        Raises:
            AwayError: that could not be learned in time.
        """
        ...


class InMemoryJournal:
    """Keeps what was told."""

    def __init__(self) -> None:
        self.events: list[Event[OpsAudited]] = []

    async def write(self, event: Event[OpsAudited]) -> None:
        """Keep it."""
        self.events.append(event)


@dataclass
class Act:
    """One act of an operator, while it goes on.

    Attributes:
        result: counts by outcome.
        places: records that it was about.
        cancelled: whether the operator stopped it.
    """

    result: Counter[str] = field(default_factory=Counter)
    places: list[RecordPlace] = field(default_factory=list)
    cancelled: bool = False


class Audit:
    """Tells what an operator does."""

    def __init__(self, journal: Journal, operator: str, *, clock: Clock, randomness: Randomness) -> None:
        self._journal, self._operator, self._clock, self._randomness = journal, operator, clock, randomness

    @asynccontextmanager
    async def act(
        self,
        verb: str,
        *,
        reason: str | None = None,
        owner: str | None = None,
        arguments: Mapping[str, str] | None = None,
        action_id: str | None = None,
        going_on: bool = False,
    ) -> AsyncIterator[Act]:
        """Tell that an act begins, or goes on after it was cut off; let it be done, and tell how it ended.

        Raises:
            AwayError: the beginning could not be told; nothing was done.
        """
        stage: Stage = "went_on" if going_on else "began"
        act, teller = Act(), itertools.count()
        action_id = action_id or self._randomness.uuid()
        first = OpsAudited(
            operator=self._operator,
            action_id=action_id,
            verb=verb,
            stage=stage,
            owner=owner,
            arguments=dict(arguments or {}),
            reason=reason,
            at=self._clock.now(),
        )
        await self._tell(first, next(teller))
        try:
            yield act
        except BaseException as error:
            stopped = act.cancelled or isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
            await self._end(first, "cancelled" if stopped else "failed", act, teller)
            raise
        await self._end(first, "cancelled" if act.cancelled else "done", act, teller)

    async def _end(self, first: OpsAudited, stage: Stage, act: Act, teller: "itertools.count[int]") -> None:
        """Tell the end; what names more records than fit goes in several events, the last of which has the counts."""
        places = list(act.places)
        while len(places) > MAX_PLACES:
            part, places = places[:MAX_PLACES], places[MAX_PLACES:]
            told = {"stage": "went_on", "places": tuple(part), "at": self._clock.now()}
            await self._tell(first.model_copy(update=told), next(teller))
        end = {"stage": stage, "places": tuple(places), "result": dict(act.result), "at": self._clock.now()}
        await self._tell(first.model_copy(update=end), next(teller))

    async def _tell(self, data: OpsAudited, number: int) -> None:
        identity = f"ops.audited:{data.action_id}:{self._clock.now().timestamp():.3f}:{number}"
        await self._journal.write(Event(OPS_AUDITED, identity, "/chertctl", data.at, data))


def operator_name(settings: Settings) -> str:
    """Who calls: `CHERTCTL_OPERATOR`, else the login name."""
    return settings.operator or getpass.getuser()[:100]
