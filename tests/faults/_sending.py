"""The phases of `send_once`: one system, and what is done to it."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import httpx2
from _simulated_time import SimulatedTime
from _workflow_world import Enrolment, Execution, World, judge
from pydantic import JsonValue
from rich.console import Console

from harness.control import ChertControl
from harness.errors import StartFailedError
from harness.system import System
from harness.waiting import eventually, pace

SEED: Final = 6_001
POINTS: Final = (
    "after_claim",
    "before_call",
    "after_call",
    "after_step",
    "after_settle",
    "before_complete",
    "after_complete",
)
LIMITED: Final = 200
LINES: Final = 3
WAITING: Final = 200
SPEED: Final = 20.0
"""How fast the wall clock runs under kills: HubSpot's first repeat comes after three seconds."""
DIES_SECONDS: Final = 120.0
DRAIN_SECONDS: Final = 400.0
"""Without one more execution that ended, after which none is to end."""
READY_EVERY: Final = 3
"""Of so many deaths one meets a process whose consumers are at work too; the others come as soon as it listens."""
REPEATED: Final = 100
QUIET_SECONDS: Final = 2.0
"""Without a message after which none is to come."""
SEND: Final = "/api/v1/send"
HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR
FAULTS: Final[tuple[dict[str, JsonValue], ...]] = (
    {"kind": "status", "status": 500, "after_write": True},
    {"kind": "drop", "after_write": True},
    {"kind": "drop"},
    {"kind": "status", "status": 503, "body": '{"status": "failed", "code": 3002, "retryable": true}'},
    {"kind": "status", "status": 502, "body": '{"status": "failed", "code": 4001}', "after_write": True},
    {"kind": "hang", "after_write": True},
)
INPUTS: Final[tuple[Mapping[str, str], ...]] = (
    {},
    {},
    {"after_sending": "wait_for_reply", "reply_days": "2"},
)
ANSWER_SECONDS: Final = 3.0
"""Between two rounds of answers of the leads."""
console = Console()


@dataclass
class Sum:
    """What all phases came to."""

    events: int = 0
    effects: int = 0
    lost: int = 0
    doubled: int = 0
    kills: int = 0
    hit: Counter[str] = field(default_factory=Counter)
    unfinished: int = 0
    given_up: int = 0
    completed: int = 0
    completed_twice: int = 0
    repeats: int = 0
    unequal: int = 0
    faults: int = 0


class Sending:
    """One system, and what is done to it."""

    def __init__(self, system: System, http: httpx2.AsyncClient) -> None:
        self._system, self._http = system, http
        self._random = Random(SEED)  # noqa: S311 - a repeatable choice, no secret
        self._chert = ChertControl(system.url("chert"))
        self._time = SimulatedTime(system)
        self.sum = Sum()

    async def close(self) -> None:
        """Close what calls the simulators."""
        await self._chert.close()

    async def under_kills(self, count: int, each: int) -> None:
        """Enrol in portions, each of which sees one death at a named point."""
        world = await World.open(self._system, self._http, 1)
        await self._time.run_fast(SPEED)
        enrolments = await world.enrolments(count // 2, steps=2, inputs=INPUTS)
        plan = [point for point in POINTS for _ in range(each)]
        self._random.shuffle(plan)
        size = -(-len(enrolments) // len(plan))
        began, enrolled = time.monotonic(), dict[str, Enrolment]()
        for number, point in enumerate(plan):
            portion = enrolments[number * size : (number + 1) * size]
            enrolled |= zip(await self._killed_at(world, point, number, portion), portion, strict=True)
            if number % 7 == 6:
                self._tell(number + 1, len(plan), len(enrolled), time.monotonic() - began)
        await self._chert.call_off_faults()
        await self._start("actions", None)
        await self._time.run_as_it_does()
        answering = asyncio.create_task(self._answer_blocked(world, enrolled))
        executions = await self._finished(world, rest_jump=HOUR / 2)
        answering.cancel()
        await self._compare_repeats(world, executions)
        await self._judge(world, enrolments, executions)

    def _tell(self, kills: int, planned: int, enrolled: int, seconds: float) -> None:
        left = (planned - kills) * seconds / kills
        console.print(
            f"{kills} of {planned} kills, {enrolled} enrolled, {seconds / kills:.1f} s a kill, about {left:.0f} s left;"
            f" {dict(self.sum.hit)}",
            highlight=False,
        )

    async def forgotten_keys(self, count: int) -> None:
        """Every answer is lost, and Chert forgets the keys before anybody can ask again."""
        for number, (lifetime, jump) in enumerate(((HOUR, 1.2 * HOUR), (DAY, 25 * HOUR))):
            world = await World.open(self._system, self._http, 10 + number)
            await world.forget_keys_after(lifetime)
            enrolments = await world.enrolments(count, first=10_000 * (number + 1))
            await self._chert.fault(method="POST", path_prefix=SEND, kind="drop", after_write=True, count=100_000)
            await world.enrol(enrolments)
            await self._time.jump(jump)
            await self._chert.call_off_faults()
            executions = await self._finished(world, rest_jump=2 * HOUR)
            await self._judge(world, enrolments, executions)
            await world.forget_keys_after(DAY)

    async def on_three_lines(self) -> int:
        """Contacts enrolled at once, with gaps, caps and a window: each sent once, over days; how many were."""
        world = await World.open(self._system, self._http, 20, lines=LINES)
        await world.limit(daily_cap=100, window={"start": "09:00", "end": "17:00"})
        inputs = ({"if_not_now": "wait", "if_not_now_days": "10"},)
        enrolments = await world.enrolments(LIMITED, first=40_000, inputs=inputs)
        await world.enrol(enrolments)
        sent, idle = 0, 0
        while sent < LIMITED and idle < 60:
            await self._time.jump(605.0 if idle < 2 else HOUR)
            now = await self._settled(world, sent + LINES)
            idle, sent = (0, now) if now > sent else (idle + 1, sent)
        executions = await self._finished(world)
        await self._judge(world, enrolments, executions)
        return sent

    async def for_replies(self) -> int:
        """Many wait for a reply, half get one, processes die while HubSpot is told; how many were told rightly."""
        world = await World.open(self._system, self._http, 30)
        inputs = ({"after_sending": "wait_for_reply", "reply_days": "1"},)
        enrolments = await world.enrolments(WAITING, first=50_000, inputs=inputs)
        callbacks = await world.enrol(enrolments)
        answering = {callback for number, callback in enumerate(callbacks) if number % 2 == 0}
        for number, point in enumerate(("before_complete", "after_complete") * 2):
            await self._start("actions", point, 1_000 + number)
            chosen = enrolments[number * 50 : (number + 1) * 50]
            await asyncio.gather(*(world.reply(one.phone, "yes") for one in chosen[::2]))
            await eventually(self._is_dead, what=f"actions to die {point}", seconds=DIES_SECONDS)
            self.sum.kills += 1
        await self._start("actions", None)
        await self._time.jump(25 * HOUR)
        executions = await self._finished(world)
        await self._judge(world, enrolments, executions)
        return sum(_is_told(one, replied=one.callback_id in answering) for one in executions)

    async def _killed_at(self, world: World, point: str, number: int, portion: Sequence[Enrolment]) -> list[str]:
        await self._start("actions", point, number, ready=number % READY_EVERY == 0)
        await self._chert.call_off_faults()  # what the last portion met none of would pile up, and nothing else happen
        for order in self._random.sample(FAULTS, 2):
            await self._chert.fault(method="POST", path_prefix=SEND, count=self._random.randint(1, 2), **order)
            self.sum.faults += 1
        callbacks = await world.enrol(portion)
        asked = [one for one in portion if one.inputs]
        answering = asyncio.create_task(self._keep_answering(world, asked))
        try:
            await eventually(self._is_dead, what=f"actions to die {point}", seconds=DIES_SECONDS)
        finally:
            answering.cancel()
        self.sum.kills += 1
        self.sum.hit[point] += 1
        return callbacks

    async def _keep_answering(self, world: World, asked: Sequence[Enrolment]) -> None:
        """Leads answer, so that there are steps to complete."""
        while True:
            for one in asked:
                await self._reply(world, one)
            await pace(ANSWER_SECONDS)

    async def _answer_blocked(self, world: World, enrolled: Mapping[str, Enrolment]) -> None:
        """Leads answer where a step waits for that."""
        while True:
            for callback_id in (await world.progress()).blocked:
                await self._reply(world, enrolled[callback_id])
            await pace(ANSWER_SECONDS)

    async def _reply(self, world: World, enrolment: Enrolment) -> None:
        await world.reply(enrolment.phone, f"answer of {enrolment.phone[-4:]}")

    async def _is_dead(self) -> bool:
        return "actions" not in self._system.processes

    async def _start(self, name: str, point: str | None, number: int = 0, *, ready: bool = True) -> None:
        """Start it anew, to die at a point or to live; `ready` waits until all that it depends on is connected."""
        await asyncio.to_thread(self._system.stop, name)
        order = {} if point is None else {"ACTIONS_FAULT_POINT": f"{point}:{number}"}
        self._system.set_environment(name, **order)
        try:
            await asyncio.to_thread(self._system.start if ready else self._system.start_listening, name)
        except StartFailedError:  # what is left from before brought it to its point before it was ready
            if point is None:
                raise

    async def _settled(self, world: World, wanted: int) -> int:
        """How many messages went out: as many as can by now, or so many that no more did for a while."""
        count, since = -1, time.monotonic()

        async def is_quiet() -> bool:
            nonlocal count, since
            now = sum((await world.sent()).values())
            if now != count:
                count, since = now, time.monotonic()
            return now >= wanted or time.monotonic() - since >= QUIET_SECONDS

        await eventually(is_quiet, what="the messages to cease", seconds=DRAIN_SECONDS)
        return count

    async def _finished(self, world: World, *, rest_jump: float = 0.0) -> list[Execution]:
        """Every execution, once all have ended; those that never do are counted."""
        self.sum.unfinished += await self._time.until_ended(world, stalled_seconds=DRAIN_SECONDS, rest_jump=rest_jump)
        return await world.executions()

    async def _compare_repeats(self, world: World, executions: Sequence[Execution]) -> None:
        """A repeat's answer is the final one but for `duplicate` and `trace_id`."""
        answered = [one for one in executions if one.attempts[-1].outcome == "success" and not one.block.completions]
        chosen = self._random.sample(answered, min(REPEATED, len(answered)))
        for one in chosen:
            first = json.loads(one.attempts[-1].body)["outputFields"]
            again = await world.repeat(one.callback_id)
            self.sum.repeats += 1
            self.sum.unequal += _comparable(first) != _comparable(again)

    async def _judge(self, world: World, enrolments: Sequence[Enrolment], executions: Sequence[Execution]) -> None:
        sent = await world.sent()
        lost, doubled = judge(sent, enrolments)
        twice = sum(sum(completion.applied for completion in one.block.completions) > 1 for one in executions)
        completed = sum(any(completion.applied for completion in one.block.completions) for one in executions)
        self.sum.events += len(enrolments)
        self.sum.effects += len(sent)
        self.sum.lost, self.sum.doubled = self.sum.lost + lost, self.sum.doubled + doubled
        self.sum.completed, self.sum.completed_twice = self.sum.completed + completed, self.sum.completed_twice + twice
        outcomes = Counter(one.outcome for one in executions)
        self.sum.given_up += outcomes["failed"] + outcomes["expired"]
        console.print(f"{world.slug}: {lost} lost, {doubled} doubled, {dict(outcomes)}", highlight=False)


def _comparable(fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in fields.items() if name not in {"duplicate", "trace_id"}}


def _is_told(execution: Execution, *, replied: bool) -> bool:
    """Whether HubSpot was told once, and the truth."""
    applied = [one for one in execution.block.completions if one.applied]
    return len(applied) == 1 and applied[0].output_fields.get("replied") == str(replied).lower()
