"""What a callback costs: the real service against a bare handler, and a hundred parallel callbacks of one code.

Both are driven by one client that sends one callback after the other, in turn, in paired windows; so what the service
does after its answer, which is to tell of the install, delays the callback that follows. That is done twice: with
accounts that connect for the first time, and with such that are connected already and connect again and again. The
former are forgotten between windows, so that neither side's database grows. For comparison, as accounts really connect,
both are also driven at a pace that leaves time for what comes after an answer. Consent is given beforehand; the
simulators add nothing. The side that is measured has a core to itself, load generator and broker share another.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx2
from _cores import Cores, keep
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

from contracts.topics import TENANT_INSTALLED
from harness import ports
from harness.admins import SESSION_COOKIE, Admin, Begun, Consent, client
from harness.connections import Answer, Connection, WireError, request
from harness.control import HubSpotControl
from harness.event_log import EventLog
from harness.own_systems import own_system
from harness.paired import compare, paired_ratios, percentile
from harness.reports import Report, Scale
from harness.seeding import console_user
from harness.system import System
from harness.topics import create_topic
from harness.waiting import eventually

ROUNDS: Final = {Scale.QUICK: 9, Scale.FULL: 21}
WINDOW_SECONDS: Final = 2.0
WARM_UP_SECONDS: Final = 1.0
CONSENTS: Final = 800
"""At most so many are given before a window, and so many accounts there are."""
CONNECTED: Final = 100
"""So many of them connect again and again."""
PACED_CONSENTS: Final = 60
PACE_SECONDS: Final = 0.04
"""Between a callback's answer and the next one, where they come at a pace."""
AT_ONCE: Final = 8
PARALLEL: Final = 100
SECONDS: Final = 30.0
FOUND: Final = 302
SERVER_ERROR: Final = 500
BARE: Final = "bare_callback"
BASELINE: Final = Path(__file__).parent / "baselines" / "bare_callback.py"


@dataclass(frozen=True)
class Way:
    """How the two are driven: whether accounts are forgotten before a window, how many there are, at which pace."""

    figure: str
    reach: str | None
    forget: bool = True
    accounts: int = CONSENTS
    pace: float = 0.0


WAYS: Final = (
    Way("S2.p50_ratio", "<= 1.3"),
    Way("S2.paced_p50_ratio", None, pace=PACE_SECONDS),
    Way("S2.again_p50_ratio", "<= 1.3", forget=False, accounts=CONNECTED),
)


@dataclass
class Side:
    """One of the two: where it is, its installations, and what was measured of it.

    Attributes:
        pkce: whether it has a verifier for PKCE to show.
        enough: consents for a window; those that a window leaves over stay with the service as states.
    """

    url: str
    installations: AsyncCollection[dict[str, object]]
    pkce: bool = True
    seconds: dict[Way, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    callbacks: int = 0
    enough: int = 200

    async def forget(self) -> None:
        """Let every account be new to it; only once all that it decided is told."""
        await eventually(self._all_told, what="everything to be told", seconds=SECONDS)
        await self.installations.delete_many({})

    async def _all_told(self) -> bool:
        return await self.installations.find_one({"outbox_since": {"$exists": True}}, {"_id": 1}) is None


class Callbacks:
    """Makes consents, and drives callbacks."""

    def __init__(self, system: System, admin: Admin, project_id: str, portals: Sequence[int]) -> None:
        self._oauth, self._admin, self._project_id, self.portals = system.url("oauth"), admin, project_id, portals

    async def consents(self, count: int, accounts: int | None = None, *, pkce: bool = True) -> list[Consent]:
        """So many installs that only lack their last step; without PKCE, for a handler that keeps no states either."""
        gate, shared = asyncio.Semaphore(AT_ONCE), None if pkce else _without_challenge(await self._begun())
        portals = self.portals[:accounts]

        async def one(portal_id: int) -> Consent:
            async with gate:
                return await self._admin.approve(shared or await self._begun(), portal_id)

        return await asyncio.gather(*(one(portals[number % len(portals)]) for number in range(count)))

    async def _begun(self) -> Begun:
        return await self._admin.begin(self._oauth, self._project_id)

    def bytes_of(self, consent: Consent) -> bytes:
        """The callback as a browser sends it."""
        cookies = f"{SESSION_COOKIE}={self._admin.session}; {consent.cookies}"
        return request("GET", consent.target, {"Cookie": cookies, "Accept": "text/html"})

    async def drive(self, side: Side, way: Way, seconds: float) -> float:
        """Send one callback after the other for a window; the median of its seconds."""
        consents = await self.consents(PACED_CONSENTS if way.pace else side.enough, way.accounts, pkce=side.pkce)
        waiting = [self.bytes_of(consent) for consent in consents]
        taken: list[float] = []
        if way.forget:
            await side.forget()
        async with await Connection.open(side.url) as connection:
            ends = time.perf_counter() + seconds
            while waiting and time.perf_counter() < ends:
                taken.append(await _timed(connection, waiting.pop()))
                await asyncio.sleep(way.pace)
        side.callbacks += len(taken)
        if not way.pace:
            side.seconds[way] += taken
            side.enough = min(CONSENTS, int(1.3 * len(taken) * WINDOW_SECONDS / seconds) + 20)
        return statistics.median(taken)


def main(scale: Scale) -> Report:
    """Compare, then let a hundred callbacks of one code come at once."""
    report = Report("oauth_callback", scale)
    with own_system("oauth_callback", services=("oauth",)) as system:
        asyncio.run(_measure(system, report, ROUNDS[scale]))
    return report


async def _measure(system: System, report: Report, rounds: int) -> None:
    run = system.seed("acme")
    project_id, first = run.portals[0].project_id, run.portals[0].portal_id + 1
    async with client() as http, AsyncMongoClient[dict[str, object]](system.addresses.mongo_url) as databases:
        admin = await Admin.sign_in(http, run.chert_url, console_user("acme"))
        portals = await _open_accounts(http, run.hubspot_url, first, CONSENTS)
        callbacks = Callbacks(system, admin, project_id, portals)
        bare = Side(await _start_baseline(system), databases[BARE]["installations"], pkce=False)
        service = Side(system.url("oauth"), databases["oauth"]["installations"])
        _share_cores(system)
        await _compare(callbacks, bare, service, report, rounds)
        await _told(system, service.callbacks, report)
        two = await _open_accounts(http, run.hubspot_url, first + CONSENTS, 2)
        await _one_code(system, Callbacks(system, admin, project_id, two), report)


async def _compare(callbacks: Callbacks, bare: Side, service: Side, report: Report, rounds: int) -> None:
    report.add("S2.simulator_ms", 0, "ms")
    report.add("S2.rounds", rounds, "", ">= 9")
    for way in WAYS:
        for side in (bare, service):
            await callbacks.drive(side, way, WARM_UP_SECONDS)
            side.seconds[way].clear()
        ratios = await paired_ratios(
            rounds, baseline=_window(callbacks, bare, way), candidate=_window(callbacks, service, way)
        )
        found = compare(ratios)
        report.add(way.figure, found.median, "", way.reach)
        report.add(f"{way.figure}_low", found.low, "")
        report.add(f"{way.figure}_high", found.high, "")
    for name, side in (("bare", bare), ("service", service)):
        report.add(f"S2.{name}_p50_ms", statistics.median(side.seconds[WAYS[0]]) * 1000, "ms")
        report.add(f"S2.{name}_p99_ms", percentile(side.seconds[WAYS[0]], 0.99) * 1000, "ms")
    report.add("S2.events", len(service.seconds[WAYS[0]]), "callbacks", f">= {50 * rounds}")


def _share_cores(system: System) -> None:
    """Bare handler and service take turns on one core."""
    cores = Cores.share_out()
    for name, process in system.processes.items():
        keep(process.pid, _CORES_OF.get(name, lambda cores: cores.rest)(cores))
    keep(os.getpid(), {cores.load})


_CORES_OF: Final[Mapping[str, Callable[[Cores], Iterable[int]]]] = {
    "oauth": lambda cores: {cores.server},
    BARE: lambda cores: {cores.server},
    "kafka": lambda cores: {cores.load},
}
"""Where who is; the rest is on what is left."""


def _window(callbacks: Callbacks, side: Side, way: Way) -> Callable[[], Awaitable[float]]:
    async def drive() -> float:
        return await callbacks.drive(side, way, WINDOW_SECONDS)

    return drive


async def _told(system: System, callbacks: int, report: Report) -> None:
    """Every callback that was answered is told in Kafka: its work is not left for later, let alone undone."""
    log = EventLog(system.addresses.kafka_bootstrap)
    events = await log.wait_count(TENANT_INSTALLED, lambda _: True, callbacks, seconds=SECONDS)
    told = {position.event.id for position in events}
    report.add("S2.effects", len(told), "installs told", f"== {callbacks}")


async def _one_code(system: System, callbacks: Callbacks, report: Report) -> None:
    """A hundred copies of one callback at once; a later install is the yardstick that all of it was told."""
    hubspot = HubSpotControl(system.url("hubspot"))
    consent, later = await callbacks.consents(2)
    before = await hubspot.last_request()
    answers = await _at_once(system.url("oauth"), callbacks.bytes_of(consent))
    exchanges = [one for one in await hubspot.requests("/oauth/", since=before) if one.path.endswith("/token")]
    await hubspot.close()
    await _at_once(system.url("oauth"), callbacks.bytes_of(later), 1)
    first, second = callbacks.portals[:2]
    log = EventLog(system.addresses.kafka_bootstrap)
    await log.wait_count(TENANT_INSTALLED, lambda data: data.portal_id == second, 1, seconds=SECONDS)
    events = await log.wait_count(TENANT_INSTALLED, lambda data: data.portal_id == first, 1, seconds=SECONDS)
    report.add("S2.parallel", len(answers), "callbacks", f"== {PARALLEL}")
    report.add("S2.server_errors", sum(answer.status >= SERVER_ERROR for answer in answers), "answers", "== 0")
    report.add("S2.exchanges", len(exchanges), "calls", "== 1")
    report.add("S2.installs", len({position.event.data.revision for position in events}), "installs", "== 1")
    report.add("S2.install_events", len(events), "events", "== 1")


def _without_challenge(begun: Begun) -> Begun:
    """The same install for a handler that keeps no verifier."""
    place = urlsplit(begun.authorize_url)
    kept = [(name, value) for name, value in parse_qsl(place.query) if not name.startswith("code_challenge")]
    return replace(begun, authorize_url=urlunsplit(place._replace(query=urlencode(kept))))


async def _at_once(url: str, wire: bytes, times: int = PARALLEL) -> list[Answer]:
    """The same request over so many connections, which are open before the first byte goes out."""
    connections = [await Connection.open(url) for _ in range(times)]
    answers = await asyncio.gather(*(connection.exchange(wire) for connection in connections))
    for connection in connections:
        connection.close()
    return answers


async def _timed(connection: Connection, wire: bytes) -> float:
    """The seconds that one callback takes.

    Raises:
        WireError: it was not answered as a callback that succeeded is.
    """
    began = time.perf_counter()
    answer = await connection.exchange(wire)
    taken = time.perf_counter() - began
    if answer.status != FOUND:
        raise WireError(f"a callback was answered {answer.status}: {answer.body[:300]!r}")
    return taken


async def _open_accounts(http: httpx2.AsyncClient, hubspot_url: str, first: int, count: int) -> list[int]:
    portals = [first + number for number in range(count)]
    for portal_id in portals:
        opened = {"portal_id": portal_id, "name": f"Account {portal_id}"}
        (await http.post(f"{hubspot_url}/control/portals", json=opened)).raise_for_status()
    return portals


async def _start_baseline(system: System) -> str:
    """The bare handler beside the service, on the same servers; where it is."""
    await create_topic(system.addresses.kafka_bootstrap, "bare.installed", 3)
    port = ports.free_port()
    arguments = {
        "port": str(port),
        "hubspot-url": system.url("hubspot"),
        "mongo-url": system.addresses.mongo_url,
        "kafka": system.addresses.kafka_bootstrap,
        "client-id": system.credentials.hubspot_client_id,
        "client-secret": system.credentials.hubspot_client_secret,
        "redirect-uri": f"{system.addresses.gateway_url}/api/hubspot/oauth/callback",
    }
    words = [word for name, value in arguments.items() for word in (f"--{name}", value)]
    system.start_beside(BARE, (sys.executable, str(BASELINE), *words), ready=lambda: ports.answers(port))
    return f"http://localhost:{port}"
