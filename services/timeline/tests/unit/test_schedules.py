"""Whatever sequence of replies, answers, crashes, stops and breaks: each reply is written once, or visibly not.

The model is here: a log with a committed offset stands for Kafka, the in-memory HubSpot keeps the truth, and processes
come and go on stores that stay.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, Final

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from chassis.randomness import SeededRandomness
from contracts.envelope import Event
from contracts.messages import MessagePart, MessageReceived
from contracts.tenants import TenantSnapshot
from contracts.topics import MESSAGE_RECEIVED
from timeline.adapters.in_memory import Answer, Crash, InMemoryHubSpot, InMemoryStores
from timeline.errors import (
    AccessRefusedError,
    AccountThrottledError,
    AccountUnreachableError,
    ContactGoneError,
    RecordLockedError,
    ReplyRefusedError,
    WriteUnknownError,
)
from timeline.handlers.assembly import Handlers, Process
from timeline.handlers.budget import Budget
from timeline.models import Candidate, FaultPoint
from timeline.ports import Outside, Stores

PORTAL: Final = 62515


@dataclass(frozen=True)
class Says:
    """The lead writes in a conversation."""

    conversation: int


@dataclass(frozen=True)
class Burst:
    """Leads write in every conversation, before anything is done about the first of them."""


@dataclass(frozen=True)
class Again:
    """Something that was told before is told again."""

    number: int


@dataclass(frozen=True)
class Answers:
    """How one of the next creates ends."""

    answer: Answer


@dataclass(frozen=True)
class AnswersBatch:
    """How one of the next batches ends as a whole."""

    answer: Answer


@dataclass(frozen=True)
class Dies:
    """The process dies when it next reaches a point."""

    point: FaultPoint


@dataclass(frozen=True)
class Stops:
    """The process is stopped when it next reaches a point, and another one is started."""

    point: FaultPoint


@dataclass(frozen=True)
class Wakes:
    """Every stopped process goes on."""


@dataclass(frozen=True)
class Breaks:
    """The connection to the database breaks at one of the next calls, before or after it was carried out."""

    calls: int
    carried_out: bool


@dataclass(frozen=True)
class Passes:
    """Time passes."""

    seconds: int


@dataclass
class Fate:
    """What happens to a process at its fault points."""

    dies: FaultPoint | None = None
    stops: FaultPoint | None = None
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def reach(self, point: FaultPoint) -> None:
        """Go on, stop, or die."""
        if point is self.dies:
            raise Crash(point)
        if point is self.stops and not self.woken.is_set():
            self.stopped.set()
            await self.woken.wait()


@dataclass
class Line:
    """The connection to the database."""

    breaks: Breaks | None = None

    async def carry(self, call: Awaitable[Any]) -> Any:
        """One call's answer, unless the connection breaks."""
        if self.breaks is None or self.breaks.calls > 0:
            self.breaks = None if self.breaks is None else replace(self.breaks, calls=self.breaks.calls - 1)
            return await call
        carried_out, self.breaks = self.breaks.carried_out, None
        if carried_out:
            await call
        elif isinstance(call, Coroutine):
            call.close()
        raise ConnectionResetError


class Remote:
    """A store at the other end of the line."""

    def __init__(self, store: object, line: Line) -> None:
        self._store, self._line = store, line

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._store, name)
        return lambda *given, **named: self._line.carry(method(*given, **named))


class World:
    """Everything but the process outlives it."""

    def __init__(self) -> None:
        self.clock, self.memory, self.metrics = ManualClock(), InMemoryStores(), Metrics()
        self.hubspot = InMemoryHubSpot(self.clock, contacts={PORTAL: [Candidate("904", ("+14155551234",))]})
        self.memory.tenants.snapshots[PORTAL] = TenantSnapshot(
            portal_id=PORTAL, project_id="p", chert_tenant="acme", status="active", generation=1, revision=1, scopes=()
        )
        self.budget = self.hubspot.meter = Budget(self.clock)
        self.randomness, self.line = SeededRandomness(), Line()
        self.stores = Stores(
            **{member.name: Remote(getattr(self.memory.stores, member.name), self.line) for member in fields(Stores)}
        )
        self.log: list[Event[MessageReceived]] = []
        self.committed = 0
        self.stopped: list[tuple[Fate, asyncio.Task[None]]] = []
        self.start()

    def start(self) -> None:
        """A new process takes over."""
        self.fate = Fate()
        self.process = Handlers(
            self.stores,
            Outside(self.hubspot, self.hubspot, self.fate),
            Process(self.randomness.uuid(), lambda: False, "https://console.example.test"),
            hash_number=str.swapcase,
            budget=self.budget,
            clock=self.clock,
            randomness=self.randomness,
            metrics=self.metrics,
        )

    def says(self, conversation: int) -> None:
        """A reply is published."""
        at = self.clock.now() + timedelta(milliseconds=len(self.log))
        data = MessageReceived(
            chert_tenant="acme",
            chat_id=f"chat-{conversation}",
            message_id=f"m{len(self.log):03}",
            event_id="e",
            sender="+14155551234",
            parts=(MessagePart(type="text", value="Yes"),),
            received_at=at,
        )
        self.log.append(Event(MESSAGE_RECEIVED, data.message_id, "/webhooks", at, data))

    async def run(self) -> None:
        """The process does everything that is due, unless it dies or is stopped on the way."""
        fate, work = self.fate, asyncio.create_task(self._run(self.process))
        stopped = asyncio.create_task(fate.stopped.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if work.done():
            self._end(work)
        else:
            self.stopped.append((fate, work))
            self.start()

    async def wake(self) -> None:
        """Stopped processes go on to the end of what they were doing."""
        stopped, self.stopped = self.stopped, []
        for fate, work in stopped:
            fate.woken.set()
            await asyncio.wait({work})
            work.exception()  # one that dies after all is gone anyway

    def _end(self, work: "asyncio.Task[None]") -> None:
        if isinstance(work.exception(), Crash):
            self.start()
        else:
            work.result()

    async def _run(self, process: Handlers) -> None:
        with suppress(ConnectionError):  # what fails is tried again next time
            taken = len(self.log)
            await process.store_received(self.log[self.committed : taken])
            self.committed = max(self.committed, taken)
        with suppress(ConnectionError):
            await process.drain.sweep()
        with suppress(ConnectionError):
            while portal_ids := await process.finder.find(()):
                for portal_id in portal_ids:
                    await process.lanes.turn(portal_id)

    async def do(self, step: object) -> None:
        """One step of a schedule."""
        match step:
            case Wakes():
                await self.wake()
            case Passes(seconds):
                for _ in range(seconds):
                    self.clock.advance(1)
                    await self.run()
            case Says() | Burst() | Again():
                self.hears(step)
            case _:
                self.suffers(step)
        await self.run()

    def hears(self, step: Says | Burst | Again) -> None:
        """Something is told."""
        match step:
            case Says(conversation):
                self.says(conversation)
            case Burst():
                for conversation in range(6):
                    self.says(conversation)
            case Again(number) if self.log:
                self.log.append(self.log[number % len(self.log)])

    def suffers(self, step: object) -> None:
        """Something will go wrong."""
        match step:
            case Answers(answer):
                self.hubspot.answers.append(answer)
            case AnswersBatch(answer):
                self.hubspot.batch_answers.append(answer)
            case Dies(point):
                self.fate.dies = point
            case Stops(point):
                self.fate.stops = point
            case Breaks():
                self.line.breaks = step

    async def settle(self) -> None:
        """The weather clears, and time passes until nothing can happen any more."""
        self.hubspot.answers.clear()
        self.hubspot.batch_answers.clear()
        self.line.breaks = None
        await self.wake()
        self.start()
        for _ in range(400):
            self.clock.advance(1)
            await self.run()


LOST: Final = WriteUnknownError("lost")
LATE: Final = st.integers(0, 60).map(lambda seconds: Answer(LOST, timedelta(seconds=seconds)))
REFUSALS: Final = st.sampled_from(
    [
        AccountThrottledError("429", 10.0),
        AccountUnreachableError("away"),
        AccessRefusedError("401"),
        RecordLockedError("423", retry_after_seconds=2.0),
        ContactGoneError("404"),
        ReplyRefusedError("400"),
        LOST,
    ]
).map(lambda error: Answer(error, None))
SLOW: Final = st.integers(1, 60).map(lambda seconds: Answer(written_after=timedelta(seconds=seconds)))
STEPS: Final = st.lists(
    st.one_of(
        st.integers(0, 5).map(Says),
        st.just(Burst()),
        st.integers(0, 20).map(Again),
        st.one_of(LATE, REFUSALS, SLOW).map(Answers),
        st.one_of(LATE, REFUSALS).map(AnswersBatch),
        st.sampled_from(FaultPoint).map(Dies),
        st.sampled_from(FaultPoint).map(Stops),
        st.just(Wakes()),
        st.builds(Breaks, st.integers(0, 30), st.booleans()),
        st.integers(1, 90).map(Passes),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
@example([Answers(Answer(LOST, timedelta(seconds=60))), Dies(FaultPoint.AFTER_INTENT), Says(0), Passes(30), Says(0)])
@example([Stops(FaultPoint.AFTER_WRITE), Says(0), Passes(90), Dies(FaultPoint.AFTER_WRITE), Says(1), Wakes()])
async def test_each_reply_is_written_once_or_visibly_not(steps: list[object]) -> None:
    """Whatever happens in whatever order, no reply is lost, none is doubled, and a conversation keeps its order."""
    world = World()
    for step in steps:
        await world.do(step)
    await world.settle()

    entries = world.memory.entries.entries
    written = dict.fromkeys(entries, 0)
    for record in world.hubspot.records:
        written[record.trace_id] += 1
    ended = {"recorded": 1, "failed": 0, "unmatched": 0}
    assert {f"{PORTAL}:acme:{event.data.message_id}" for event in world.log} == set(entries)
    assert {entry_id: ended.get(entry.state) for entry_id, entry in entries.items()} == written
    assert all([] == lane.pending for lane in world.memory.lanes.lanes.values())
    assert all(sorted(ids) == ids for ids in by_conversation(world).values())


DEADLY: Final = (FaultPoint.AFTER_INTENT, FaultPoint.AFTER_WRITE, FaultPoint.AFTER_OWN)
"""Points that leave the end of a write unknown."""
UNKNOWN: Final = st.one_of(
    st.one_of(LATE, st.just(Answer(LOST, None))).map(Answers),
    st.sampled_from((*DEADLY, FaultPoint.AFTER_LOOK)).map(Dies),
    st.just(Says(0)),
    st.integers(1, 90).map(Passes),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(UNKNOWN, max_size=25))
@example([Answers(Answer(LOST, None)), Dies(FaultPoint.AFTER_LOOK), Says(0), Passes(90)])
async def test_an_unknown_end_costs_one_look(steps: list[object]) -> None:
    """However answers are lost and processes die, each such end is looked for once, and again if one dies in a look."""
    world = World()
    for step in steps:
        await world.do(step)
    cut_off = steps.count(Dies(FaultPoint.AFTER_LOOK))
    unknown = sum(isinstance(step, Answers | Dies) for step in steps) - len(world.hubspot.answers) - cut_off
    await world.settle()

    assert world.hubspot.reads <= unknown + cut_off


def by_conversation(world: World) -> dict[str, list[str]]:
    """The replies that HubSpot was given, in that order; their ids grow as they were said."""
    given: dict[str, list[str]] = {}
    for record in world.hubspot.records:
        given.setdefault(world.memory.entries.entries[record.trace_id].conversation.id, []).append(record.trace_id)
    return given
