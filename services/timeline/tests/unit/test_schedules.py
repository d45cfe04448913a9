"""Whatever sequence of replies, answers, installs, crashes and stops: each reply is written once, or visibly not.

The model is here: logs with committed offsets stand for Kafka, the in-memory HubSpot keeps the truth, and processes
come and go on stores that stay. What a process does side by side is interleaved at each of its calls.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, Final, NoReturn

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chassis.clock import ManualClock
from chassis.metrics import Metrics
from chassis.randomness import SeededRandomness
from contracts.envelope import Event
from contracts.messages import MessagePart, MessageReceived
from contracts.tenants import TenantSnapshot
from contracts.topics import MESSAGE_RECEIVED
from timeline.adapters.in_memory import Answer, Crash, InMemoryHubSpot, InMemoryStores, Record
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
from timeline.handlers.noise import BURST
from timeline.models import MAX_BATCH, Candidate, FaultPoint
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
class Flood:
    """Leads write more than is taken to lanes at once."""


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
class Falls:
    """The process dies at one of its next calls of the database, before or after it was carried out."""

    calls: int
    carried_out: bool


@dataclass(frozen=True)
class Halts:
    """The process is stopped at one of its next calls of the database, and another one is started."""

    calls: int
    carried_out: bool


@dataclass(frozen=True)
class Connects:
    """The account is connected anew, to its project or to another; or it leaves."""

    project: str | None


@dataclass(frozen=True)
class Learns:
    """The events about the account arrive that were under way."""


@dataclass(frozen=True)
class Passes:
    """Time passes."""

    seconds: int


@dataclass(frozen=True)
class Setting:
    """How many replies one call may write, and how many lines a lane takes."""

    batch: int = MAX_BATCH
    room: int = 20_000


@dataclass(eq=False)
class Life:
    """What happens to one process; once it is dead it calls nobody, and while it is stopped it waits."""

    dies: FaultPoint | None = None
    stops: FaultPoint | None = None
    trouble: Breaks | Falls | Halts | None = None
    dead: bool = False
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def reach(self, point: FaultPoint) -> None:
        """Go on, stop, or die."""
        await self.goes_on()
        if point is self.dies:
            self.die(point)
        if point is self.stops and not self.woken.is_set():
            await self.stop()

    async def carry(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """One call of the database; others that are side by side with it come in between."""
        await asyncio.sleep(0)
        await self.goes_on()
        trouble = self._due()
        if trouble is None:
            return await call()
        answer = await call() if trouble.carried_out else None
        if isinstance(trouble, Breaks):
            raise ConnectionResetError
        if isinstance(trouble, Falls):
            self.die(trouble)
        await self.stop()
        return answer if trouble.carried_out else await call()

    async def goes_on(self) -> None:
        """Return as soon as the process runs, if it does."""
        if self.stopped.is_set():
            await self.woken.wait()
        if self.dead:
            raise Crash("dead")

    def die(self, where: object) -> NoReturn:
        """Do nothing any more."""
        self.dead = True
        raise Crash(where)

    async def stop(self) -> None:
        """Do nothing until somebody wakes the process."""
        self.stopped.set()
        await self.woken.wait()

    def _due(self) -> Breaks | Falls | Halts | None:
        trouble, self.trouble = self.trouble, None
        if trouble is not None and trouble.calls > 0:
            self.trouble, trouble = replace(trouble, calls=trouble.calls - 1), None
        return trouble


class Remote:
    """A store as one process has it."""

    def __init__(self, store: object, life: Life) -> None:
        self._store, self._life = store, life

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._store, name)
        return lambda *given, **named: self._life.carry(lambda: method(*given, **named))


class World:
    """Everything but the processes outlives them."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.clock, self.memory, self.metrics = ManualClock(), InMemoryStores(max_pending=setting.room), Metrics()
        self.hubspot = InMemoryHubSpot(self.clock, contacts={PORTAL: [Candidate("904", ("+14155551234",))]})
        self.budget = self.hubspot.meter = Budget(self.clock)
        self.randomness = SeededRandomness()
        self.log: list[Event[MessageReceived]] = []
        self.account: list[TenantSnapshot] = []
        self.committed = self.learnt = self.told = 0
        self.views: list[InMemoryHubSpot] = []
        self.mistaken: list[Record] = []
        self.stopped: list[tuple[Life, asyncio.Task[None]]] = []
        self.connect("p")
        self.memory.tenants.snapshots[PORTAL] = self.account[0]
        self.learnt = self.told = 1
        self.start()

    @property
    def reads(self) -> int:
        """How often any process looked at a timeline."""
        return sum(view.reads for view in self.views)

    def start(self) -> None:
        """A new process takes over; it has a token cache, and so a view of HubSpot, of its own."""
        self.life = Life()
        view = replace(self.hubspot, under={}, reads=0)
        self.views.append(view)
        members = fields(Stores)
        self.process = Handlers(
            Stores(**{member.name: Remote(getattr(self.memory.stores, member.name), self.life) for member in members}),
            Outside(view, view, self.life),
            Process(self.randomness.uuid(), lambda: False, "https://console.example.test", self.setting.batch),
            hash_number=str.swapcase,
            budget=self.budget,
            clock=self.clock,
            randomness=self.randomness,
            metrics=self.metrics,
        )

    def connect(self, project: str | None) -> None:
        """The account's truth changes; what was written while it was not our project's is a mistake."""
        self.look_for_mistakes()
        number = len(self.account) + 1
        self.account.append(
            TenantSnapshot(
                portal_id=PORTAL,
                project_id=project or "p",
                chert_tenant="acme" if project in {None, "p"} else "globex",
                status="inactive" if project is None else "active",
                generation=number,
                revision=number,
                scopes=(),
            )
        )
        self.hubspot.installed[PORTAL] = number if project is not None else 0
        self.right = project == "p"
        self.seen = len(self.hubspot.records)

    def look_for_mistakes(self) -> None:
        """Note what was written since the account is not our project's, if it is not."""
        if self.account and not self.right:
            self.mistaken += self.hubspot.records[self.seen :]

    def says(self, conversation: int) -> None:
        """A reply is published."""
        at = self.clock.now() + timedelta(milliseconds=len(self.log))
        data = MessageReceived(
            chert_tenant="acme",
            chat_id=f"chat-{conversation}",
            message_id=f"m{len(self.log):04}",
            event_id="e",
            sender="+14155551234",
            parts=(MessagePart(type="text", value="Yes"),),
            received_at=at,
        )
        self.log.append(Event(MESSAGE_RECEIVED, data.message_id, "/webhooks", at, data))

    async def run(self) -> None:
        """The process does everything that is due, unless it dies or is stopped on the way."""
        life, work = self.life, asyncio.create_task(self._run(self.process))
        stopped = asyncio.create_task(life.stopped.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if work.done():
            self._end(work)
        else:
            self.stopped.append((life, work))
            self.start()

    async def wake(self) -> None:
        """Stopped processes go on to the end of what they were doing."""
        stopped, self.stopped = self.stopped, []
        for life, work in stopped:
            life.woken.set()
            await asyncio.wait({work})
            work.exception()  # one that dies after all is gone anyway

    def _end(self, work: "asyncio.Task[None]") -> None:
        if isinstance(work.exception(), Crash):
            self.start()
        else:
            work.result()

    async def _run(self, process: Handlers) -> None:
        await asyncio.gather(self._learn(process), self._take_in(process), self._drain(process), self._work(process))
        await self._work(process)

    async def _learn(self, process: Handlers) -> None:
        with suppress(ConnectionError):  # what fails is tried again next time
            while self.learnt < self.told:
                number = self.learnt
                if await process.tenants.project(self.account[number]):
                    process.drain.look_soon()
                    await process.tenants.resume(PORTAL)
                self.learnt = max(self.learnt, number + 1)

    async def _take_in(self, process: Handlers) -> None:
        with suppress(ConnectionError):
            taken = len(self.log)
            await process.store_received(
                self.log[self.committed : taken], lambda portal_ids: any(map(process.lanes.tell, portal_ids))
            )
            self.committed = max(self.committed, taken)

    async def _drain(self, process: Handlers) -> None:
        with suppress(ConnectionError):
            assigned = await process.drain.sweep()
            while assigned.more:
                assigned = await process.drain.step()

    async def _work(self, process: Handlers) -> None:
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
                for _ in range(0, seconds, STRIDE):
                    self.clock.advance(STRIDE)
                    await self.run()
            case Says() | Burst() | Flood() | Again():
                self.hears(step)
            case Connects(project):
                self.connect(project)
            case Learns():
                self.told = len(self.account)
            case _:
                self.suffers(step)
        await self.run()

    def hears(self, step: Says | Burst | Flood | Again) -> None:
        """Something is told."""
        match step:
            case Says(conversation):
                self.says(conversation)
            case Burst() | Flood():
                for number in range(6 if isinstance(step, Burst) else BURST + 1):
                    self.says(number % 6)
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
                self.life.dies = point
            case Stops(point):
                self.life.stops = point
            case Breaks() | Falls() | Halts():
                self.life.trouble = step

    async def settle(self) -> None:
        """The weather clears, the account is there, and time passes until nothing can happen any more."""
        self.hubspot.answers.clear()
        self.hubspot.batch_answers.clear()
        self.connect("p")
        self.told = len(self.account)
        await self.wake()
        self.start()
        for _ in range(0, 400, STRIDE):
            self.clock.advance(STRIDE)
            await self.run()
            if not self.waiting() and self.committed == len(self.log):
                return

    def waiting(self) -> set[str]:
        """Replies that somebody will come to: on a lane's list, left in the inbox, or set aside."""
        lanes, rows = self.memory.lanes.lanes.values(), self.memory.inbox.rows
        left = [row_id for row_id, row in rows.items() if row.received is not None]
        return {work.entry_id for lane in lanes for work in lane.pending} | {
            f"{PORTAL}:{row_id}" for row_id in (*left, *self.memory.queues.rows())
        }

    def require_in_sight(self) -> None:
        """What Kafka will not tell again is on its timeline once, or ended in another way, or waits for somebody."""
        entries, waiting = self.memory.entries.entries, self.waiting()
        written = Counter(record.trace_id for record in self.hubspot.records)
        for event in self.log[: self.committed]:
            entry_id = f"{PORTAL}:acme:{event.data.message_id}"
            state = entries[entry_id].state if entry_id in entries else "pending"
            assert entry_id in waiting if state == "pending" else written[entry_id] == ENDED[state], (entry_id, state)


ENDED: Final = {"recorded": 1, "failed": 0, "unmatched": 0, "superseded": 0}
STRIDE: Final = 3
"""How many seconds pass at once."""

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
        st.just(Flood()),
        st.integers(0, 20).map(Again),
        st.one_of(LATE, REFUSALS, SLOW).map(Answers),
        st.one_of(LATE, REFUSALS).map(AnswersBatch),
        st.sampled_from(FaultPoint).map(Dies),
        st.sampled_from(FaultPoint).map(Stops),
        st.just(Wakes()),
        st.builds(Breaks, st.integers(0, 30), st.booleans()),
        st.builds(Falls, st.integers(0, 40), st.booleans()),
        st.builds(Halts, st.integers(0, 40), st.booleans()),
        st.sampled_from(["p", "q", None]).map(Connects),
        st.just(Learns()),
        st.integers(1, 90).map(Passes),
    ),
    max_size=25,
)

SETTINGS: Final = st.builds(Setting, batch=st.sampled_from([MAX_BATCH, 1]), room=st.sampled_from([20_000, 7]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SETTINGS, STEPS)
@example(
    Setting(),
    [Answers(Answer(LOST, timedelta(seconds=60))), Dies(FaultPoint.AFTER_INTENT), Says(0), Passes(30), Says(0)],
)
@example(
    Setting(), [Stops(FaultPoint.AFTER_WRITE), Says(0), Passes(90), Dies(FaultPoint.AFTER_WRITE), Says(1), Wakes()]
)
@example(Setting(), [Halts(2, carried_out=True), Flood(), Says(0), Passes(12), Falls(9, carried_out=True), Wakes()])
@example(Setting(room=7), [Flood(), Connects(None), Says(1), Learns(), Flood(), Connects("p"), Says(1), Learns()])
@example(Setting(), [Connects("q"), Says(0), Learns(), Passes(90), Connects("p"), Says(0), Learns()])
async def test_each_reply_is_written_once_or_visibly_not(setting: Setting, steps: list[object]) -> None:
    """Whatever happens in whatever order, no reply is lost, none is doubled, and a conversation keeps its order."""
    world = World(setting)
    for step in steps:
        await world.do(step)
        world.require_in_sight()
    await world.settle()

    world.require_in_sight()
    world.look_for_mistakes()
    entries = world.memory.entries.entries
    assert {f"{PORTAL}:acme:{event.data.message_id}" for event in world.log} == set(entries)
    assert set(entries).issuperset(record.trace_id for record in world.hubspot.records)
    assert set() == world.waiting()
    assert [] == world.mistaken
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
    world = World(Setting())
    for step in steps:
        await world.do(step)
    cut_off = steps.count(Dies(FaultPoint.AFTER_LOOK))
    unknown = sum(isinstance(step, Answers | Dies) for step in steps) - len(world.hubspot.answers) - cut_off
    await world.settle()

    assert world.reads <= unknown + cut_off


def by_conversation(world: World) -> dict[str, list[str]]:
    """The replies that HubSpot was given, in that order; their ids grow as they were said."""
    given: dict[str, list[str]] = {}
    for record in world.hubspot.records:
        given.setdefault(world.memory.entries.entries[record.trace_id].conversation.id, []).append(record.trace_id)
    return given
