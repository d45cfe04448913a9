"""A desk whose services are played: what they answer is said before, what they were asked is kept."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from chassis.clock import ManualClock
from chassis.randomness import SeededRandomness
from chertctl.auditing import Audit, InMemoryJournal
from chertctl.outcomes import AwayError
from chertctl.screen import Screen
from chertctl.settings import OperatorSecrets, Settings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class PlayedServices:
    """Answers each route with what was put there, the last of it for ever; a route without any is away."""

    def __init__(self) -> None:
        self.answers: defaultdict[tuple[str, str], deque[BaseModel | Exception]] = defaultdict(deque)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def will(self, service: str, path: str, *answers: BaseModel | Exception) -> None:
        """Say what a route answers, in order."""
        self.answers[service, path].extend(answers)

    async def call(
        self, service: str, method: str, path: str, answer: type[BaseModel], body: BaseModel | None = None, **_: object
    ) -> BaseModel:
        """The next answer."""
        self.asked.append((service, f"{method} {path}", {} if body is None else body.model_dump(mode="json")))
        known = self.answers[service, path.partition("?")[0]]
        if not known:
            raise AwayError(f"{service} does not answer at http://{service}{path} (ConnectError).")
        given = known.popleft() if len(known) > 1 else known[0]
        if isinstance(given, Exception):
            raise given
        assert isinstance(given, answer)
        return given


class AdvancingClock(ManualClock):
    """A clock that moves by what somebody sleeps, so that nobody waits."""

    async def sleep(self, seconds: float) -> None:
        """Move on, and let others work."""
        self.advance(seconds)
        await asyncio.sleep(0)


@dataclass(frozen=True)
class PlayedDesk:
    """What a verb works with, all of it in memory."""

    settings: Settings
    screen: Screen
    services: PlayedServices = field(default_factory=PlayedServices)
    secrets: OperatorSecrets = field(default_factory=OperatorSecrets)
    clock: AdvancingClock = field(default_factory=AdvancingClock)
    randomness: SeededRandomness = field(default_factory=SeededRandomness)
    journal: InMemoryJournal = field(default_factory=InMemoryJournal)

    @asynccontextmanager
    async def audit(self) -> AsyncIterator[Audit]:
        """The audit, kept in memory."""
        yield Audit(self.journal, "ana", clock=self.clock, randomness=self.randomness)

    def told(self) -> list[tuple[str, str]]:
        """What the audit says: verbs and stages."""
        return [(event.data.verb, event.data.stage) for event in self.journal.events]


def played_desk() -> PlayedDesk:
    """A desk of a script's: JSON, and nobody to ask."""
    return PlayedDesk(Settings(operator="ana"), Screen(as_json=True))
