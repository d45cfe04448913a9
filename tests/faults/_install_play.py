"""An account on the real system: two processes of the service, the real Kafka, the real database."""

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from _install_accounts import Account, World
from _install_model import NOTHING, Kind, Told, explain
from _install_operations import Moment, Op, Point
from _tenant_stream import TenantStream, reason_of
from pydantic import JsonValue

from contracts.envelope import Event
from contracts.tenants import TenantSnapshot
from contracts.topics import APP_UNINSTALLED, TENANT_UNINSTALLED
from harness.admins import Admin
from harness.event_log import EventLog
from harness.system import System
from harness.waiting import ConditionNotMetError, eventually

T = TypeVar("T")

JUMP_SECONDS: Final = 1_800.0
SETTLE_SECONDS: Final = 60.0
SHORT_PATIENCE_SECONDS: Final = 8.0
"""How long a second example that goes wrong is waited for: by then it is being shortened."""
ANSWER_SECONDS: Final = 2.0
"""How long an operation is waited for before it counts as held up by what an earlier one left behind."""
HELD_SECONDS: Final = 0.3
"""The same while another is under way."""
LOOK_SECONDS: Final = 0.02
"""How often to look whether HubSpot holds its call."""
HIT_SECONDS: Final = 2.0
"""How long a kill waits for its moment."""
END_SECONDS: Final = 45.0
"""When every operation has been answered or given up: past every lease and every deadline."""
FAULT_SECONDS: Final = 6.0
"""How long a fault excuses refusals: pauses after a failure."""
KILL_SECONDS: Final = 25.0
"""How long a kill does: the lease of a dead process, and the wait for it."""

TOKEN_PATH: Final = "/oauth/2026-09/token"
UNINSTALL_PATH: Final = "/appinstalls/"

FAULTS: Final[dict[str, dict[str, JsonValue]]] = {
    "500": {"kind": "status", "status": 500, "count": 3},
    "429": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "count": 2},
    "html": {"kind": "status", "status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>", "count": 2},
    "truncated": {"kind": "status", "status": 200, "body": '{"access_token": "na1-', "count": 2},
    "dropped": {"kind": "drop", "count": 3},
    "dropped after the write": {"kind": "drop", "after_write": True, "count": 2},
}
HOLDS: Final[dict[Point, dict[str, JsonValue]]] = {
    "token asked": {"path_prefix": TOKEN_PATH},
    "token given": {"path_prefix": TOKEN_PATH, "after_write": True},
    "uninstall asked": {"path_prefix": UNINSTALL_PATH},
    "uninstall done": {"path_prefix": UNINSTALL_PATH, "after_write": True},
}


@dataclass
class Sum:
    """What all examples came to."""

    runs: int = 0
    operations: int = 0
    overlapped: int = 0
    told: int = 0
    repeated: int = 0
    kills: int = 0
    killed_runs: int = 0
    cut_off: int = 0


@dataclass
class Stage:
    """What every account of a run is played on, one after the other.

    Attributes:
        replicas: the names of the service's processes.
        patience: how long an account may take to come to rest.
    """

    system: System
    runner: asyncio.Runner
    world: World
    log: EventLog
    stream: TenantStream
    replicas: Sequence[str]
    user: str
    found: Sum
    offset: float = 0.0
    patience: float = SETTLE_SECONDS

    async def jump(self) -> None:
        """Let every access token and every install under way expire."""
        self.offset += JUMP_SECONDS
        await self.system.move_clock(offset_seconds=self.offset)
        self.world.jumps += 1
        self.world.admin = await Admin.sign_in(self.world.http, self.system.url("chert"), self.user)


class RealPlay:
    """One account, its operations under way, and what is held."""

    def __init__(self, stage: Stage, portal_id: int) -> None:
        """Open an account in HubSpot."""
        self._stage = stage
        self._account = Account(portal_id, stage.world)
        self._under_way: set[asyncio.Task[object]] = set()
        self._holding = False
        self._failing = False
        self._kills = 0
        self._trouble_until = 0.0  # what is put off after a failure, and by the lease of the dead, is an account's own
        self._run(self._open(portal_id))

    def do(self, op: Op) -> None:
        """Begin an operation, and return when it has ended or is held up."""
        self._run(self._do(op))

    def expire(self) -> None:
        """Let time jump."""
        self._run(self._jump())

    def fail(self, fault: str) -> None:
        """Let HubSpot's token routes fail during the next operation."""
        self._failing = True
        self._run(self._stage.world.hubspot.fault(method="POST", path_prefix=TOKEN_PATH, **FAULTS[fault]))

    def hold(self, point: Point) -> None:
        """Hold the next call to HubSpot that comes to a point."""
        self._holding = True
        self._run(self._stage.world.hubspot.fault(kind="hold", **HOLDS[point]))

    def let_go(self) -> None:
        """Let what is held go on, and wait for every operation under way."""
        self._run(self._let_go())

    def kill(self, op: Op, moment: Moment) -> bool:
        """Kill the process that is asked in the middle of an operation; whether that cut off any work."""
        return self._run(self._kill(op, moment))

    def unexplained(self, *, asked: bool) -> str | None:
        """What happened, if no order of moves explains it."""
        wrong = self._run(self._unexplained(asked=asked))
        self._add_up()
        if wrong is not None:
            self._stage.patience = SHORT_PATIENCE_SECONDS
        return wrong

    def _run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self._stage.runner.run(doing)

    async def _open(self, portal_id: int) -> None:
        """A new account, with nothing left of an example that hypothesis broke off."""
        await self._stage.world.hubspot.let_go()
        await self._stage.world.hubspot.call_off_faults()
        opened = {"portal_id": portal_id, "name": f"Account {portal_id}"}
        url = f"{self._stage.system.url('hubspot')}/control/portals"
        (await self._stage.world.http.post(url, json=opened)).raise_for_status()

    async def _do(self, op: Op) -> None:
        held_before = await self._stage.world.hubspot.held() if self._holding else 0
        task = self._begin(op)
        others = bool(self._under_way - {task})
        give_up_at = time.monotonic() + (HELD_SECONDS if others else ANSWER_SECONDS)
        while not task.done() and time.monotonic() < give_up_at:
            await asyncio.wait({task}, timeout=LOOK_SECONDS if others or self._holding else ANSWER_SECONDS)
            if self._holding and await self._stage.world.hubspot.held() > held_before:
                break
        await self._recover()

    def _begin(self, op: Op) -> asyncio.Task[object]:
        world, stage = self._stage.world, self._stage
        if self._holding or self._failing or self._under_way:
            self._trouble(FAULT_SECONDS)
        world.calm = time.monotonic() > self._trouble_until
        stage.found.overlapped += bool(self._under_way)
        task: asyncio.Task[object] = asyncio.create_task(self._account.do(op))
        self._under_way.add(task)
        return task

    def _trouble(self, seconds: float) -> None:
        """Excuse refusals for so long."""
        self._trouble_until = max(self._trouble_until, time.monotonic() + seconds)

    async def _recover(self) -> None:
        """HubSpot's token routes work again; what has ended is put away, with whatever went wrong in it."""
        if self._failing:
            self._failing = False
            await self._stage.world.hubspot.call_off_faults()
            self._holding = False if not await self._stage.world.hubspot.held() else self._holding
        ended = {task for task in self._under_way if task.done()}
        self._under_way -= ended
        await asyncio.gather(*ended)

    async def _jump(self) -> None:
        with self._account.expiring():
            await self._stage.jump()

    async def _let_go(self) -> None:
        if self._holding:
            self._trouble(FAULT_SECONDS)
        self._holding = False
        await self._stage.world.hubspot.let_go()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=END_SECONDS)
        await self._recover()

    async def _kill(self, op: Op, moment: Moment) -> bool:
        self._trouble(KILL_SECONDS)
        if isinstance(moment, str):
            await self._stage.world.hubspot.fault(kind="hold", **HOLDS[moment])
        task = self._begin(op)
        await self._come(moment, task)
        held = await self._stage.world.hubspot.held()
        hit = bool(held) or not task.done()
        if hit:
            await self._cut_off(self._stage.replicas[op.replica])
        await self._let_go()
        return hit

    async def _come(self, moment: Moment, task: asyncio.Task[object]) -> None:
        """Return when the moment of a kill has come, or cannot come any more."""
        if isinstance(moment, int):
            await asyncio.wait({task}, timeout=moment / 1000)
            return
        answered_before = moment in {"uninstall asked", "uninstall done"}  # HubSpot is told of a disconnect afterwards

        async def come() -> bool:
            return bool(await self._stage.world.hubspot.held()) or (task.done() and not answered_before)

        with contextlib.suppress(ConditionNotMetError):
            await eventually(come, what="the moment of a kill", seconds=HIT_SECONDS)

    async def _cut_off(self, replica: str) -> None:
        """Kill a process, and start it again."""
        await asyncio.to_thread(self._stage.system.kill, replica)
        self._kills += 1
        await asyncio.to_thread(self._stage.system.start, replica)

    async def _unexplained(self, *, asked: bool) -> str | None:
        await self._let_go()
        await self._stage.world.hubspot.call_off_faults()
        if self._account.hinted:
            await self._stage.log.wait_drained("oauth", APP_UNINSTALLED.name, seconds=SETTLE_SECONDS)
        if asked or self._trouble_until:  # what was put off is due then
            await self._jump()
        if asked:
            await eventually(self._answered, what="an answer for a token", seconds=SETTLE_SECONDS)
        try:
            await eventually(self._explained, what="the account to be explained", seconds=self._stage.patience)
        except ConditionNotMetError:
            return await self._story()
        return None

    async def _answered(self) -> bool:
        """Whether the service says something that means something."""
        self._stage.world.calm = False
        return NOTHING not in await self._account.do(Op("ask"))

    async def _explained(self) -> bool:
        await self._stage.stream.catch_up()
        account, stream = self._account, self._stage.stream
        if account.refused or stream.flaws(account.portal_id):
            return False
        told = [told_of(event) for event in stream.told(account.portal_id)]
        return explain(account.history, told, await account.seen())

    async def _story(self) -> str:
        """What is known of an account that cannot be explained."""
        account, stream = self._account, self._stage.stream
        lines = [f"account {account.portal_id} cannot be explained", *account.done]
        lines += [f"told: {told_of(event)}" for event in stream.told(account.portal_id)]
        lines += [f"flaw: {flaw}" for flaw in stream.flaws(account.portal_id)]
        lines += [f"refused in fair weather: {refusal}" for refusal in account.refused]
        return "\n  ".join([*lines, f"seen: {await account.seen()}"])

    def _add_up(self) -> None:
        found, account, stream = self._stage.found, self._account, self._stage.stream
        told = len(stream.told(account.portal_id))
        found.runs += 1
        found.operations += account.operations
        found.told += told
        found.repeated += stream.count(account.portal_id) - told
        found.kills += self._kills
        found.killed_runs += bool(self._kills)
        found.cut_off += account.cut_off


def told_of(event: Event[TenantSnapshot]) -> Told:
    """An event as the model knows it."""
    data = event.data
    kind: Kind = "uninstalled" if event.type == TENANT_UNINSTALLED else "installed"
    return Told(kind, data.generation, data.project_id, reason_of(event))
