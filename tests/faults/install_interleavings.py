"""A thousand random interleavings of everything that happens to an install, each explained by a model.

Every account has a schedule of its own and runs beside others on two real processes of the service, the real Kafka and
the real database. HubSpot's token routes fail, tokens expire and notices come late, twice or never; in fifty schedules
processes are killed (-9) while operations are under way. At the end, some order of all that happened has to explain
every event that was told and the state that is seen. A schedule that cannot be explained is shortened and printed.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import httpx2
from _install_accounts import Account, World, history
from _install_model import NOTHING, Kind, Told, Variant, explain
from _install_schedules import Op, Schedule, Weather, schedule, weather
from _tenant_stream import TenantStream, reason_of
from aiokafka import AIOKafkaProducer
from pydantic import JsonValue
from rich.console import Console

from contracts.envelope import Event
from contracts.tenants import TenantSnapshot
from contracts.topics import APP_UNINSTALLED, TENANT_UNINSTALLED
from harness.admins import Admin, client
from harness.control import HubSpotControl
from harness.event_log import EventLog
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import ConditionNotMetError, eventually

SEED: Final = 4_001
RUNS: Final = {Scale.QUICK: 150, Scale.FULL: 1_000}
KILLED_RUNS: Final = {Scale.QUICK: 10, Scale.FULL: 50}
BESIDE: Final = 25
"""How many accounts run beside each other; with kills, fewer, so that each kill is one for each of them."""
BESIDE_KILLED: Final = 10
KILLS: Final = 3
"""Kills in a batch that has any."""
JUMP_SECONDS: Final = 1_800.0
SETTLE_SECONDS: Final = 60.0
USER: Final = "ada@interleaved.test"
PROJECTS: Final = {"a": "project-a", "b": "project-b"}
TOKEN_PATH: Final = "/oauth/2026-09/token"

TROUBLE_SECONDS: Final = 6.0
"""How long a fault or a kill excuses refusals: pauses after a failure, and leases of the dead."""
LATEST_KILL_SECONDS: Final = 0.06
TRIES: Final = 30
"""How many schedules are run to find a shorter one that goes wrong."""
SHORT_PATIENCE_SECONDS: Final = 8.0

FAULTS: Final[dict[str, dict[str, JsonValue]]] = {
    "500": {"kind": "status", "status": 500, "count": 3},
    "429": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "count": 2},
    "html": {"kind": "status", "status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>", "count": 2},
    "truncated": {"kind": "status", "status": 200, "body": '{"access_token": "na1-', "count": 2},
    "dropped": {"kind": "drop", "count": 3},
    "dropped after the write": {"kind": "drop", "after_write": True, "count": 2},
}
console = Console()


@dataclass
class Sum:
    """What all batches came to."""

    runs: int = 0
    wrong: list[str] = field(default_factory=list)
    operations: int = 0
    told: int = 0
    repeated: int = 0
    kills: int = 0
    killed_runs: int = 0
    cut_off: int = 0


def main(scale: Scale) -> Report:
    """Run all schedules, those with kills last."""
    report = Report("install_interleavings", scale, seed=SEED)
    with own_system("install_interleavings", services=("oauth",)) as system:
        found = asyncio.run(Interleavings(system).all(scale))
    report.add("F7.runs", found.runs, "interleavings", f">= {RUNS[scale]}")
    report.add("F7.wrong_states", len(found.wrong), "interleavings", "== 0")
    report.add("F7.killed_runs", found.killed_runs, "interleavings", f">= {KILLED_RUNS[scale]}")
    report.add("F7.kills", found.kills, "kills", f">= {KILLS}")
    report.add("F7.cut_off", found.cut_off, "operations", ">= 1")
    report.add("F7.events", found.operations, "operations", f">= {5 * RUNS[scale]}")
    report.add("F7.effects", found.told, "events told", f">= {RUNS[scale]}")
    report.add("F7.repeated", found.repeated, "records with an id told before")
    return report


class Interleavings:
    """Runs batches of accounts on one system, and judges each."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._random = Random(SEED)  # noqa: S311 - a repeatable choice, no secret
        self._log = EventLog(system.addresses.kafka_bootstrap)
        self._stream = TenantStream(system.addresses.kafka_bootstrap)
        self._offset = 0.0
        self._trouble_until = 0.0
        self._replicas = ["oauth"]
        self._next_portal = 20_000_000
        self._sum = Sum()

    async def all(self, scale: Scale) -> Sum:
        """Every batch; what they came to."""
        self._replicas.append(await asyncio.to_thread(self._system.start_copy, "oauth"))
        kafka = self._system.addresses.kafka_bootstrap
        async with client() as http, AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer, self._stream:
            world = await self._world(http, producer)
            for _ in range((RUNS[scale] - KILLED_RUNS[scale]) // BESIDE):
                await self._batch(world, [schedule(self._random) for _ in range(BESIDE)], kills=0)
            for _ in range(KILLED_RUNS[scale] // BESIDE_KILLED):
                await self._batch(world, [schedule(self._random) for _ in range(BESIDE_KILLED)], kills=KILLS)
            left = RUNS[scale] - self._sum.runs
            if left > 0:
                await self._batch(world, [schedule(self._random) for _ in range(left)], kills=0)
            await world.hubspot.close()
        return self._sum

    async def _world(self, http: httpx2.AsyncClient, producer: AIOKafkaProducer) -> World:
        chert_url = self._system.url("chert")
        for name, project_id in PROJECTS.items():
            project = {"slug": f"tenant-{name}", "project_id": project_id, "name": name, "user": USER}
            (await http.post(f"{chert_url}/control/tenants", json=project)).raise_for_status()
        hubspot = HubSpotControl(self._system.url("hubspot"))
        await hubspot.switch(push_uninstall=False)
        return World(
            http=http,
            hubspot=hubspot,
            producer=producer,
            urls=[self._system.url(name) for name in self._replicas],
            credential=self._system.credentials.service_credentials["actions"],
            app_id=self._system.credentials.hubspot_app_id,
            projects=PROJECTS,
            admin=await Admin.sign_in(http, chert_url, USER),
        )

    async def _batch(self, world: World, schedules: Sequence[Schedule], *, kills: int) -> None:
        """Run schedules beside each other, add up what they came to, and shorten what cannot be explained."""
        longest = max(len(one.steps) for one in schedules)
        accounts, wrong = await self._run(world, schedules, weather(self._random, longest, tuple(FAULTS), kills))
        self._sum.runs += len(accounts)
        self._sum.killed_runs += len(accounts) if kills else 0
        for account in accounts:
            self._sum.operations += account.operations
            self._sum.told += len(self._stream.told(account.portal_id))
            self._sum.repeated += self._stream.count(account.portal_id) - len(self._stream.told(account.portal_id))
            self._sum.cut_off += account.unanswered
        console.print(f"{self._sum.runs} interleavings, {len(self._sum.wrong) + len(wrong)} wrong", highlight=False)
        for account in wrong:
            self._sum.wrong.append(str(account.portal_id))
            await self._tell(world, account)
            await self._shorten(world, account.schedule)

    async def _run(
        self, world: World, schedules: Sequence[Schedule], around: Sequence[Weather], patience: float = SETTLE_SECONDS
    ) -> tuple[list[Account], list[Account]]:
        """Run schedules beside each other; all accounts, and those that cannot be explained."""
        accounts = [await self._open(world, one) for one in schedules]
        for number, one in enumerate(around):
            await self._step(world, accounts, number, one)
        await self._log.wait_drained("oauth", APP_UNINSTALLED.name, seconds=SETTLE_SECONDS)
        await self._jump(world, accounts)
        world.calm = False
        await asyncio.gather(*(self._probe(account) for account in accounts if account.schedule.probed))
        return accounts, await self._judge(world, accounts, patience)

    async def _open(self, world: World, schedule: Schedule) -> Account:
        self._next_portal += 1
        opened = {"portal_id": self._next_portal, "name": f"Account {self._next_portal}"}
        (await world.http.post(f"{self._system.url('hubspot')}/control/portals", json=opened)).raise_for_status()
        return Account(self._next_portal, schedule, world)

    async def _step(self, world: World, accounts: Sequence[Account], number: int, around: Weather) -> None:
        """One step of every account that has so many, in its weather."""
        if around.jump:
            await self._jump(world, accounts)
        if around.fault is not None:
            await world.hubspot.fault(method="POST", path_prefix=TOKEN_PATH, **FAULTS[around.fault])
        if around.fault is not None or around.kill:
            self._trouble_until = time.monotonic() + TROUBLE_SECONDS
        world.calm = time.monotonic() > self._trouble_until
        moving = [account for account in accounts if number < len(account.schedule.steps)]
        doing = asyncio.gather(*(_do(account, account.schedule.steps[number]) for account in moving))
        if around.kill:
            await self._kill_within(doing)
        await doing
        await world.hubspot.call_off_faults()

    async def _kill_within(self, doing: "asyncio.Future[list[None]]") -> None:
        """Kill one process while the others' operations are under way, and start it again when they are over."""
        victim = self._random.choice(self._replicas)
        await asyncio.wait({doing}, timeout=self._random.uniform(0, LATEST_KILL_SECONDS))
        await asyncio.to_thread(self._system.kill, victim)
        self._sum.kills += 1
        await asyncio.wait({doing})
        await asyncio.to_thread(self._system.start, victim)

    async def _jump(self, world: World, accounts: Sequence[Account]) -> None:
        """Let every access token and every install under way expire."""
        self._offset += JUMP_SECONDS
        await self._system.move_clock(offset_seconds=self._offset)
        world.admin = await Admin.sign_in(world.http, self._system.url("chert"), USER)
        for account in accounts:
            account.jumped()

    async def _probe(self, account: Account) -> None:
        """Ask for a token until there is an answer that means something."""

        async def answered() -> tuple[Variant, ...] | None:
            variants = await account.ask(Op("ask"))
            return None if NOTHING in variants else variants

        account.steps.append((await eventually(answered, what="an answer for a token", seconds=SETTLE_SECONDS),))

    async def _judge(self, world: World, accounts: Sequence[Account], patience: float) -> list[Account]:
        """The accounts that no order of moves explains, however long one waits."""
        wrong = list(accounts)

        async def explained() -> bool:
            await self._stream.catch_up()
            wrong[:] = [account for account in wrong if not await self._is_right(world, account)]
            return all(account.refused for account in wrong)

        with contextlib.suppress(ConditionNotMetError):
            await eventually(explained, what="every account to be explained", seconds=patience)
        return wrong

    async def _is_right(self, world: World, account: Account) -> bool:
        if account.refused or self._stream.flaws(account.portal_id):
            return False
        told = [told_of(event) for event in self._stream.told(account.portal_id)]
        return explain(account.steps, told, await account.seen(world.urls[0]))

    async def _shorten(self, world: World, schedule: Schedule) -> None:
        """The shortest schedule found that goes wrong by itself, in fair weather."""
        tries = 0
        smallest, candidates = None, iter([schedule])
        while tries < TRIES and (one := next(candidates, None)) is not None:
            tries += 1
            _, wrong = await self._run(world, [one], [Weather()] * len(one.steps), SHORT_PATIENCE_SECONDS)
            if wrong:
                smallest, candidates = one, one.smaller()
        console.print("in fair weather it is right" if smallest is None else f"shortest: {smallest}")

    async def _tell(self, world: World, account: Account) -> None:
        """What is known of an account that cannot be explained."""
        console.print(f"[red]wrong[/red]: account {account.portal_id}", account.schedule, highlight=False)
        console.print("\n".join(history(account)), highlight=False, markup=False)
        for event in self._stream.told(account.portal_id):
            console.print(told_of(event), event.id, highlight=False)
        console.print(await account.seen(world.urls[0]), account.refused, self._stream.flaws(account.portal_id))


async def _do(account: Account, ops: Sequence[Op]) -> None:
    account.steps.append(tuple(await asyncio.gather(*(account.do(op) for op in ops))))


def told_of(event: Event[TenantSnapshot]) -> Told:
    """An event as the model knows it."""
    data = event.data
    kind: Kind = "uninstalled" if event.type == TENANT_UNINSTALLED else "installed"
    return Told(kind, data.generation, data.project_id, reason_of(event))
