"""The whole system under everything at once: what people do goes on while a seeded schedule does harm to all of it.

Two processes of each service, a real Kafka and a real database server. Accounts are connected, send from workflows,
from the card and when a contact is created, get replies, opt out, change their settings, leave and come back; meanwhile
processes and servers are killed and frozen, answers are spoiled, clocks jump, versions are mixed, keys rotate, the
topic is replayed and strangers knock. In the end the books are balanced.

`SEED=` plays another schedule; `FROM=` and `TO=` play only what is due between two moments of it, in seconds.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, TypeVar

import httpx2
from _whole_books import Books, Findings, audit
from _whole_canaries import leaks
from _whole_collecting import collect
from _whole_crossing import cross
from _whole_erasing import erase
from _whole_people import People
from _whole_requests import FIVE, ours, properties_read, unknown_paths, unused_scopes
from _whole_schedule import EXTENTS, Act, Extent, Schedule, schedule
from _whole_soak import hourly
from _whole_stalls import STALL_SECONDS, Stall, Window, keep_stalls, without_excuse
from _whole_trouble import Trouble
from _whole_watching import Watch
from rich.console import Console

from contracts.envelope import EventData, EventType
from contracts.topics import MESSAGE_RECEIVED, MESSAGE_SENT, REPLY_RECORDED
from harness.addresses import SERVICES
from harness.collecting import receiving
from harness.control import Received
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
STEADY: Final = {"memory": 16.0, "files": 10.0, "connections": 10.0}
"""What a process that lived through an hour may have grown by in it: MiB, and numbers."""
LAG: Final = 100.0
"""By how many records a group may have fallen behind in an hour."""
PACE: Final = 1.5
"""How much more of the database an act may take in the second half than in the first."""
CALL_SECONDS: Final = 120.0
READERS: Final = ("actions", "timeline")
"""Groups that read what people say."""
LEAVING: Final = 5
"""Accounts that leave for good at the end."""
WINDOW_SECONDS: Final = 40.0
"""How far around the first miss the command for it reaches."""
TOLD: Final = 20
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
    extent, run = drawn.extent, system.seed("spare")
    limits = httpx2.Limits(max_connections=200, keepalive_expiry=2.0)
    traces: list[bytes] = []
    with receiving(traces.append) as address:
        async with httpx2.AsyncClient(timeout=CALL_SECONDS, trust_env=False, limits=limits) as http:
            people = People(system, http, run)
            trouble = await Trouble.of(
                system, people.hubspot, people.chert, traces_url=address, witnesses=extent.witnesses
            )
            _say(_plan(drawn, len(trouble.names)))
            watch = Watch(system, people.hubspot, people.text)
            watch.begin()
            await people.settle_in(extent.accounts, extent.leads)
            watch.begin_timing()
            _say(f"{extent.accounts} accounts are connected; work and trouble begin")
            failures = await _play(drawn, people.do, trouble.befall)
            drained = await _calm_down(people, trouble, DRAIN_SECONDS[drawn.scale])
            await watch.end()
            crossings = await cross(http, run, people.accounts, system.now())
            books = await collect(system, people)
            await watch.look()
            found = audit(books)
            erased = await erase(system, people)
            leaked = await leaks(system, people, ours(watch.seen), trouble.stranger.bodies, traces)
            stalls = [*watch.stillness.stalls, *await watch.late([one.text for one in people.steady_replies])]
            await people.close()
    _keep(path.parent / "books.json", books, found, [*failures, *trouble.failed], leaked)
    keep_stalls(path.parent / "stalls.json", stalls, trouble.windows, watch.began)
    _report(report, drawn, found, people, trouble)
    report.add("W.doors_tried", crossings.tried, "doors of other accounts", ">= 1")
    report.add("W.doors_opened", len(crossings.opened), _words(crossings.opened), "== 0")
    report.add("W.doors_shut", len(crossings.shut), f"for their owners {_words(crossings.shut)}", "== 0")
    report.add("W.erased", erased.people, f"people, {erased.texts_before} places with their texts", ">= 1")
    report.add("W.content_left", len(erased.left), _words(erased.left), "== 0")
    report.add("W.traces", len(traces), "calls with spans", ">= 1")
    report.add("W.secrets_found", len(leaked), _words(leaked), "== 0")
    report.add("W.acts_failed", len(failures) + len(trouble.failed), _words([*failures, *trouble.failed]), "== 0")
    report.add("W.drained_s", drained, "s until nothing was open", f"<= {DRAIN_SECONDS[drawn.scale]:g}")
    _report_requests(report, watch.seen)
    _report_stalls(report, stalls, trouble.windows, watch)
    _report_growth(report, watch, extent, found.effects)
    if not report.ok:
        _tell(drawn, path, found, leaked)


async def _play(
    drawn: Schedule, work: Callable[[Act], Awaitable[None]], trouble: Callable[[Act], Awaitable[None]]
) -> list[str]:
    """Everything when it is due, each in a task of its own; what failed, in words."""
    began = time.monotonic()
    first = min((act.at for act in (*drawn.work, *drawn.trouble)), default=0.0)
    acts = sorted([*((act, work) for act in drawn.work), *((act, trouble) for act in drawn.trouble)], key=_due)
    tasks = []
    for act, do in acts:
        await pace(max(0.0, act.at - first - (time.monotonic() - began)))
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


def _report(report: Report, drawn: Schedule, found: Findings, people: People, trouble: Trouble) -> None:
    asked, said = len(people.wanted), len(people.said)
    report.add("W.accounts", len(people.accounts), "accounts", f">= {drawn.extent.accounts}")
    report.add("W.events", asked + said, "sends and replies", f">= {max(1, len(drawn.work) // 2)}")
    report.add(
        "W.effects", found.effects, "sends, replies and installs that stand", f">= {max(1, len(drawn.work) // 2)}"
    )
    for kind, count in sorted(people.done.items()):
        report.add(f"W.done.{kind}", count, "acts")
    for kind, count in sorted(drawn.counts().items()):
        report.add(f"W.befell.{kind}", trouble.befell.get(kind, 0), "times", f">= {count}")
    report.add("W.lost", len(found.lost), _words([words for _, words in found.lost]), "== 0")
    report.add("W.doubled", len(found.doubled), _words([words for _, words in found.doubled]), "== 0")
    report.add("W.crossings", len(found.crossed), _words([words for _, words in found.crossed]), "== 0")
    report.add("W.disordered", len(found.disordered), _words([words for _, words in found.disordered]), "== 0")
    stranger = trouble.stranger
    report.add("W.hostile", stranger.answers.total(), "knocks of a stranger")
    report.add("W.hostile_accepted", len(stranger.accepted), _words(stranger.accepted), "== 0")
    report.add("W.hostile_errors", stranger.server_errors, "answers that are bugs", "== 0")


def _report_requests(report: Report, requests: Sequence[Received]) -> None:
    sixth, unused, unknown = properties_read(requests) - FIVE, unused_scopes(requests), unknown_paths(requests)
    report.add("W.requests", len(requests), "calls that HubSpot got", ">= 1")
    report.add("W.other_properties", len(sixth), _words(sorted(sixth)), "== 0")
    report.add("W.unused_scopes", len(unused), _words(unused), "== 0")
    report.add("W.unknown_paths", len(unknown), _words(unknown), "== 0")


def _report_stalls(report: Report, stalls: Sequence[Stall], windows: Sequence[Window], watch: Watch) -> None:
    """What stood still, and what of it nothing explains."""
    strange = without_excuse(stalls, windows)
    report.add("W.glances", watch.stillness.looks, "looks at how far a group is", ">= 1")
    for kind, chosen in (
        ("stalls", [one for one in stalls if not one.asks]),
        ("late", [one for one in stalls if one.asks]),
    ):
        longest = max((one.seconds for one in chosen), default=0.0)
        report.add(f"W.{kind}", len(chosen), f"longer than {STALL_SECONDS:g} s, the longest {longest:.1f} s")
    first = "; ".join(f"{one.what} at {one.begin - watch.began:.0f} s for {one.seconds:.0f} s" for one in strange[:2])
    report.add("W.unexplained", len(strange), f"stalls without a cause {first}"[:200], "== 0")


def _report_growth(report: Report, watch: Watch, extent: Extent, effects: int) -> None:
    """By how much everything grew in an hour; what was there all the time is held to be flat."""
    for growth in watch.soak.growth():
        steady = extent.witnesses and growth.seconds >= extent.seconds / 2 and growth.name.startswith(SERVICES)
        for what, most in STEADY.items():
            told = f"an hour, by {growth.seconds:.0f} s"
            report.add(f"W.{what}.{growth.name}", getattr(growth, what), told, f"<= {most:g}" if steady else None)
    for group, seen in sorted(watch.stillness.lags.items()):
        told = f"records an hour, {max((count for _, count in seen), default=0)} at the most"
        report.add(f"W.lag.{group}", hourly(seen), told, f"<= {LAG:g}" if extent.witnesses else None)
    report.add("W.database_kib", watch.weight.gained / max(1, effects), "KiB that each effect leaves behind")
    reach = f"<= {PACE:g}" if extent.witnesses else None
    report.add("W.database_pace", watch.weight.pace, "of the second half to the first", reach)


def _keep(path: Path, books: Books, found: Findings, failures: Sequence[str], leaked: Sequence[str]) -> None:
    """The books and what was found in them, beside the schedule, for whoever looks for a cause."""
    content = {"found": asdict(found), "failures": failures, "leaked": leaked, "books": asdict(books)}
    path.write_text(json.dumps(content, indent=1) + "\n")


def _tell(drawn: Schedule, path: Path, found: Findings, leaked: Sequence[str]) -> None:
    """The misses, and how to play the time around the first again."""
    for at, words in found.all[:TOLD]:
        console.print(f"{at:8.1f} s  {words}", highlight=False, markup=False)
    for words in leaked[:TOLD]:
        console.print(words, highlight=False, markup=False)
    at = next((at for at, _ in found.all if at), 0.0)
    command = f"make faults NAME=whole SCALE={drawn.scale} SEED={drawn.seed}"
    window = f"FROM={max(0.0, at - WINDOW_SECONDS):.0f} TO={at + WINDOW_SECONDS:.0f}"
    console.print(f"\nSeed {drawn.seed}, schedule and books in {path.parent}", highlight=False)
    console.print(f"Around the first miss: {command} {window}", highlight=False)


def _words(what: Sequence[str]) -> str:
    return "; ".join(what[:2])[:200]


def _say(words: str) -> None:
    console.print(words, highlight=False, markup=False)
