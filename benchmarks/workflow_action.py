"""What a workflow's call costs: the real service against a bare handler, and a repeat against a first call.

Both are driven over one connection that sends one call after the other, in turn, in paired windows. What the service
does after its answer, which is to tell of the send, delays the calls that follow; the bare handler does that before its
answer. Every call is another enrolment of another contact, so both databases grow. The two servers take turns on a core
of their own, load generator and broker have another, and the rest what is left. The simulators add nothing. For
comparison both are also driven over four connections at once, where each has as much to do as it can.
"""

import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from _cores import share_out_system
from _workflow_calls import WorkflowCalls

from contracts.topics import MESSAGE_SENT
from harness import ports
from harness.admins import Admin, client
from harness.connections import Connection, WireError
from harness.control import ChertControl
from harness.event_log import EventLog
from harness.own_systems import own_system
from harness.paired import compare, paired_ratios, percentile
from harness.reports import Report, Scale
from harness.seeding import console_user
from harness.system import System
from harness.topics import create_topic

ROUNDS: Final = {Scale.QUICK: 9, Scale.FULL: 21}
WINDOW_SECONDS: Final = 2.0
WARM_UP_SECONDS: Final = 2.0
CONNECTIONS: Final = 1
BUSY_CONNECTIONS: Final = 4
SECONDS: Final = 60.0
OK: Final = 200
BASELINE: Final = Path(__file__).parent / "baselines" / "bare_action.py"


@dataclass
class Side:
    """One of the two: where it is, how much processor it has used, and what was measured of it."""

    url: str
    numbers: "itertools.count[int]"
    cpu_seconds: Callable[[], float]
    seconds: list[float] = field(default_factory=list)
    cpu: float = 0.0
    sent: list[int] = field(default_factory=list)


class Driver:
    """Drives calls of one account."""

    def __init__(self, calls: WorkflowCalls) -> None:
        self._calls = calls

    async def first_calls(self, side: Side, seconds: float, connections: int = CONNECTIONS) -> Sequence[float]:
        """New enrolments for a window; how long each took, in seconds."""
        ends, before, cpu = time.perf_counter() + seconds, len(side.sent), side.cpu_seconds()

        async def one() -> list[float]:
            taken = []
            async with await Connection.open(side.url) as connection:
                while time.perf_counter() < ends:
                    number = next(side.numbers)
                    taken.append(await self._timed(connection, number))
                    side.sent.append(number)
            return taken

        taken = await asyncio.gather(*(one() for _ in range(connections)))
        side.seconds += (found := list(itertools.chain.from_iterable(taken)))
        side.cpu += side.cpu_seconds() - cpu
        if not side.sent[before:]:
            raise WireError("nothing was sent in a window")
        return found

    async def repeats(self, side: Side, seconds: float) -> Sequence[float]:
        """Earlier calls again, freshly signed, for a window; how long each took, in seconds."""
        ends, numbers = time.perf_counter() + seconds, itertools.cycle(side.sent[-500:])

        async def one() -> list[float]:
            taken = []
            async with await Connection.open(side.url) as connection:
                while time.perf_counter() < ends:
                    taken.append(await self._timed(connection, next(numbers), duplicate=True))
            return taken

        return list(itertools.chain.from_iterable(await asyncio.gather(*(one() for _ in range(CONNECTIONS)))))

    async def _timed(self, connection: Connection, number: int, *, duplicate: bool = False) -> float:
        """The seconds that one call takes.

        Raises:
            WireError: it was not answered as a call that succeeded is.
        """
        wire = self._calls.wire(number)
        began = time.perf_counter()
        answer = await connection.exchange(wire)
        taken = time.perf_counter() - began
        if (
            answer.status != OK
            or b'"ok":"true"' not in answer.body
            or (b'"duplicate":"true"' in answer.body) != duplicate
        ):
            raise WireError(f"a call was answered {answer.status}: {answer.body[:300]!r}")
        return taken


def main(scale: Scale) -> Report:
    """Compare first calls, and repeats with first calls."""
    report = Report("workflow_action", scale)
    with own_system("workflow_action", services=("oauth", "actions")) as system:
        asyncio.run(_measure(system, report, ROUNDS[scale]))
    return report


async def _measure(system: System, report: Report, rounds: int) -> None:
    run = system.seed("acme")
    portal = run.portals[0]
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user("acme"))
        await admin.connect(system.url("oauth"), portal.project_id, portal.portal_id)
    calls = WorkflowCalls(portal.portal_id, system.credentials.hubspot_client_secret, system.addresses.gateway_url)
    driver = Driver(calls)
    bare_url = await _start_baseline(system, portal.portal_id)
    bare = Side(bare_url, itertools.count(5_000_000), system.processes["bare_action"].cpu_seconds)
    service = Side(system.url("actions"), itertools.count(), system.processes["actions"].cpu_seconds)
    share_out_system(system, servers=("actions", "bare_action"))
    for side in (bare, service):
        await driver.first_calls(side, WARM_UP_SECONDS)
    warm = len(service.seconds)
    await _compare_firsts(driver, bare, service, report, rounds)
    report.add("S3.events", len(service.seconds) - warm, "calls", f">= {50 * rounds}")
    await _compare_repeats(driver, service, report, rounds)
    await _compare_busy(driver, bare, service, report, rounds)
    await _check_effects(system, service, report)


async def _compare_firsts(driver: Driver, bare: Side, service: Side, report: Report, rounds: int) -> None:
    ratios = await paired_ratios(rounds, baseline=_p99(driver, bare), candidate=_p99(driver, service))
    found = compare(ratios)
    report.add("S3.p99_ratio", found.median, "", "<= 1.2")
    report.add("S3.p99_ratio_low", found.low, "")
    report.add("S3.p99_ratio_high", found.high, "")
    report.add("S3.simulator_ms", 0, "ms")
    report.add("S3.rounds", found.rounds, "", ">= 9")
    for name, side in (("bare", bare), ("service", service)):
        report.add(f"S3.{name}_p50_ms", statistics.median(side.seconds) * 1000, "ms")
        report.add(f"S3.{name}_p99_ms", percentile(side.seconds, 0.99) * 1000, "ms")
        report.add(f"S3.{name}_cpu_ms", side.cpu / len(side.sent) * 1000, "ms of processor a call")


async def _compare_busy(driver: Driver, bare: Side, service: Side, report: Report, rounds: int) -> None:
    """Informs only: four at once measure how much processor a call takes, not how long it does."""
    busy = [_p99(driver, side, BUSY_CONNECTIONS) for side in (bare, service)]
    found = compare(await paired_ratios(rounds, baseline=busy[0], candidate=busy[1]))
    report.add("S3.busy_p99_ratio", found.median, "")


async def _compare_repeats(driver: Driver, service: Side, report: Report, rounds: int) -> None:
    """Medians: a repeat is told from a first call by what it does, not by what disturbs it."""

    async def first() -> float:
        return statistics.median(await driver.first_calls(service, WINDOW_SECONDS / 2))

    async def again() -> float:
        return statistics.median(await driver.repeats(service, WINDOW_SECONDS / 2))

    found = compare(await paired_ratios(rounds, baseline=first, candidate=again))
    report.add("S3.duplicate_ratio", found.median, "", "<= 0.5")
    report.add("S3.duplicate_ratio_low", found.low, "")
    report.add("S3.duplicate_ratio_high", found.high, "")


async def _check_effects(system: System, service: Side, report: Report) -> None:
    """Every call was sent once, whatever was repeated, and every send was told."""
    chert = ChertControl(system.url("chert"))
    texts = [one.body for one in await chert.sent("acme") if one.body.startswith("Hi Grace, this")]
    await chert.close()
    log = EventLog(system.addresses.kafka_bootstrap)
    told = await log.wait_count(MESSAGE_SENT, lambda _: True, len(service.sent), seconds=SECONDS)
    report.add("S3.effects", len(set(texts)), "messages", f"== {len(service.sent)}")
    report.add("S3.doubled", len(texts) - len(set(texts)), "messages", "== 0")
    report.add("S3.told", len({one.event.id for one in told}), "events", f"== {len(service.sent)}")


def _p99(driver: Driver, side: Side, connections: int = CONNECTIONS) -> Callable[[], Awaitable[float]]:
    async def drive() -> float:
        return percentile(await driver.first_calls(side, WINDOW_SECONDS, connections), 0.99)

    return drive


async def _start_baseline(system: System, portal_id: int) -> str:
    """The bare handler beside the service, on the same servers; where it is."""
    await create_topic(system.addresses.kafka_bootstrap, "bare.sent", 3)
    port = ports.free_port()
    arguments = {
        "port": str(port),
        "portal-id": str(portal_id),
        "chert-url": system.url("chert"),
        "chert-tenant": "acme",
        "signing-secret": system.credentials.chert_signing_secret,
        "mongo-url": system.addresses.mongo_url,
        "kafka": system.addresses.kafka_bootstrap,
    }
    words = [word for name, value in arguments.items() for word in (f"--{name}", value)]
    system.start_beside("bare_action", (sys.executable, str(BASELINE), *words), ready=lambda: ports.answers(port))
    return f"http://localhost:{port}"
