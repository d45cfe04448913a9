"""The whole system under everything at once: what people do goes on while a seeded schedule does harm to all of it.

Two processes of each service, a real Kafka and a real database server. Accounts are connected, send from workflows,
from the card and when a contact is created, get replies, opt out, change their settings, leave and come back; meanwhile
processes and servers are killed and frozen, answers are spoiled, clocks jump, versions are mixed, keys rotate, the
topic is replayed and strangers knock. In the end the books are balanced.

`SEED=` plays another schedule; `FROM=` and `TO=` play only what is due between two moments of it, in seconds.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import httpx2
from _whole_audit import audit
from _whole_canaries import leaks
from _whole_collecting import collect
from _whole_crossing import cross
from _whole_erasing import erase
from _whole_people import People
from _whole_report import Outcome
from _whole_requests import ours
from _whole_schedule import EXTENTS, Act, Schedule, schedule
from _whole_trouble import Trouble
from _whole_watching import Watch
from rich.console import Console

from contracts.envelope import EventData, EventType
from contracts.topics import MESSAGE_RECEIVED, MESSAGE_SENT, REPLY_RECORDED
from harness.collector import receiving
from harness.event_log import EventLog
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import ConditionNotMetError, eventually, pace

SEED: Final = 11
SPEED: Final = 10.0
"""How fast the wall clock runs while HubSpot's retries, a minute and more apart, are waited for."""
DRAIN_SECONDS: Final = {Scale.QUICK: 240.0, Scale.FULL: 900.0}
LOOK_SECONDS: Final = 3.0
CALL_SECONDS: Final = 120.0
READERS: Final = ("actions", "timeline")
"""Groups that read what people say."""
LEAVING: Final = 5
"""Accounts that leave for good at the end."""
console = Console()
D = TypeVar("D", bound=EventData)


def main(scale: Scale, *, seed: float = SEED, begin: float | None = None, end: float | None = None) -> Report:
    """Play the schedule, and audit."""
    drawn = schedule(int(seed), scale)
    if begin is not None or end is not None:
        drawn = drawn.between(begin or 0.0, EXTENTS[scale].seconds if end is None else end)
    report = Report("whole", scale, seed=int(seed), variant=_variant(int(seed), begin, end))
    with own_system("whole") as system:
        path = system.files.folder / "schedule.json"
        drawn.write(path)
        asyncio.run(measure(system, report, drawn, path))
    return report


def _variant(seed: int, begin: float | None, end: float | None) -> str:
    """How this play differs from the usual one, as `make` is told so."""
    choices = (("SEED", None if seed == SEED else seed), ("FROM", begin), ("TO", end))
    return " ".join(f"{name}={value:g}" for name, value in choices if value is not None)


async def measure(system: System, report: Report, drawn: Schedule, path: Path) -> None:
    """Play a schedule on a system, whose file is at a path, and report."""
    limits, traces = httpx2.Limits(max_connections=200, keepalive_expiry=2.0), list[bytes]()
    with receiving(traces.append) as address:
        async with httpx2.AsyncClient(timeout=CALL_SECONDS, trust_env=False, limits=limits) as http:
            people = People(system, http, system.seed("spare"))
            trouble = await Trouble.of(
                system, people.hubspot, people.chert, traces_url=address, witnesses=drawn.extent.witnesses
            )
            _say(_plan(drawn, len(trouble.names)))
            seen = await _live(system, http, drawn, people, trouble, traces)
            await people.close()
    seen.keep(path.parent)
    seen.add_to(report)
    if not report.ok:
        seen.tell(path.parent, _say)


async def _live(
    system: System, http: httpx2.AsyncClient, drawn: Schedule, people: People, trouble: Trouble, traces: list[bytes]
) -> Outcome:
    """Everything that happens, and all that is looked for when it is over."""
    watch = Watch(system, people.hubspot, people.text)
    watch.begin()
    await people.settle_in(drawn.extent.accounts, drawn.extent.leads)
    watch.begin_timing()
    _say(f"{drawn.extent.accounts} accounts are connected; work and trouble begin")
    failures = await _play(drawn, people.do, trouble.befall)
    drained = await _calm_down(people, trouble, DRAIN_SECONDS[drawn.scale])
    await watch.end()
    crossings = await cross(http, people.run, people.accounts, system.now())
    books = await collect(system, people)
    await watch.look()
    erased = await erase(system, people)
    return Outcome(
        drawn=drawn,
        people=people,
        trouble=trouble,
        watch=watch,
        failures=[*failures, *trouble.failed],
        drained=drained,
        most_drained=DRAIN_SECONDS[drawn.scale],
        crossings=crossings,
        books=books,
        found=audit(books),
        erased=erased,
        traces=len(traces),
        leaked=await leaks(system, people, ours(watch.seen), trouble.stranger.bodies, traces),
        stalls=[*watch.stillness.stalls, *await watch.late([one.text for one in people.steady_replies])],
    )


async def _play(
    drawn: Schedule, work: Callable[[Act], Awaitable[None]], trouble: Callable[[Act], Awaitable[None]]
) -> list[str]:
    """Everything when it is due, each in a task of its own; what failed, in words."""
    began = time.monotonic()
    acts = sorted([*((act, work) for act in drawn.work), *((act, trouble) for act in drawn.trouble)], key=_due)
    tasks = []
    for act, do in acts:
        await pace(max(0.0, act.at - drawn.first - (time.monotonic() - began)))
        tasks.append(asyncio.create_task(_carry_out(act, do)))
        if do is trouble:
            _say(f"{act.at:7.1f} s  {act.kind} {act.target} {act.seconds:.1f}")
    return [failure for failure in await asyncio.gather(*tasks) if failure]


def _plan(drawn: Schedule, processes: int) -> str:
    """What is about to happen, and how long it takes."""
    minutes, drain = drawn.extent.seconds / 60, DRAIN_SECONDS[drawn.scale] / 60
    return (
        f"{drawn.extent.accounts} accounts on {processes} processes of four services: {len(drawn.work)} acts and "
        f"{len(drawn.trouble)} troubles in {minutes:.0f} minutes, then {drain:.0f} minutes at the most to drain and "
        f"some for the books"
    )


def _due(pair: tuple[Act, Callable[[Act], Awaitable[None]]]) -> float:
    return pair[0].at


async def _carry_out(act: Act, do: Callable[[Act], Awaitable[None]]) -> str:
    try:
        await do(act)
    except Exception as error:  # noqa: BLE001 - a run goes on and says in the end what it could not do
        return f"{act.kind} {act.target} at {act.at:.1f} s: {type(error).__name__} {str(error)[:300]}"
    return ""


async def _calm_down(people: People, trouble: Trouble, seconds: float) -> float:
    """End all trouble, connect everybody, and wait until nothing is open; how long that took."""
    began = time.monotonic()
    await trouble.end()
    await people.come_back()
    await people.open_a_card_without_a_number()
    await trouble.move_clocks(SPEED)
    _say("nothing befalls anybody any more; waiting until nothing is open")
    await _drain(people, seconds)
    drained = time.monotonic() - began
    await people.write_to_the_opted_out()  # now that every wish to opt out has come in
    await _drain(people, seconds)
    await people.leave([account for account in people.accounts if account.moving][:LEAVING])
    await pace(LOOK_SECONDS * 2)
    return drained


async def _drain(people: People, seconds: float) -> None:
    """Wait until nothing is open, and every group has worked through what people said."""
    try:
        await eventually(lambda: _nothing_open(people), what="everything to end", seconds=seconds)
        for group in READERS:
            await people.log.wait_drained(group, MESSAGE_RECEIVED.name, seconds=seconds)
    except ConditionNotMetError as error:
        _say(f"something is still open: {error}")


async def _nothing_open(people: People) -> bool:
    await pace(LOOK_SECONDS)
    return await people.settled() and await _all_written(people) and await _all_told(people)


async def _all_written(people: People) -> bool:
    """Whether each reply is on some timeline."""
    written = {one.write_trace_id for one in await people.hubspot.logged()}
    return all(one.key in written for one in people.said)


async def _all_told(people: People) -> bool:
    """Whether each created contact that is to be written to was, and the topics say so of it and of each reply."""
    log = people.log
    recorded = {f"{one.portal_id}:{one.chert_tenant}:{one.message_id}" for one in await _data(log, REPLY_RECORDED)}
    sent = {one.phone for one in await _data(log, MESSAGE_SENT)}
    created = {one.phone for one in people.wanted if one.source == "creation"}
    return {one.key for one in people.said} <= recorded and created <= sent


async def _data(log: EventLog, kind: EventType[D]) -> list[D]:
    return [one.event.data for one in await log.all(kind)]


def _say(words: str) -> None:
    console.print(words, highlight=False, markup=False)
