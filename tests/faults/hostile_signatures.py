"""A million forged requests, most of them against the verifiers and the rest over HTTP against the service.

One in a hundred is valid and has to be taken, so that a service that refuses everything proves nothing. What was taken
over HTTP is looked for in Kafka: every valid event has to be there, and not one forged. Weaker verifiers, each with a
mistake that people make, have to be caught by the same forger.

While a broker keeps it waiting the service says 503 and when to come again, before it looks at a signature. That judges
nothing, so the request comes again, as senders' do, until it is judged; without a judgement in time it is an error.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

import _forgeries_chert
import _forgeries_hubspot
from _forgeries import Forger, Request, Tools
from _ingress_deliveries import CHERT, Fact, Signer, raw_request
from _ingress_load import OK
from _ingress_log import read
from _weak_verifiers import ChertVerifier, HubSpotVerifier, Pair, planted
from rich.console import Console

import chert_client
import hubspot_client
from harness.connections import Connection, WireError
from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System
from harness.waiting import elapse

SEED: Final = 5_008
FORGERIES: Final = {Scale.QUICK: 100_000, Scale.FULL: 1_000_000}
OVER_HTTP: Final = {Scale.QUICK: 20_000, Scale.FULL: 120_000}
"""How many of them are sent to the service; the others are shown to its verifiers."""
VALID: Final = 0.01
PLANTED: Final = 10
EACH_PLANTED: Final = 10_000
"""How many forgeries each weaker verifier is shown."""
CONNECTIONS: Final = 32
PATIENCE_SECONDS: Final = 10.0
JUDGED_SECONDS: Final = 5.0
"""For a request that is put off; half of what the forger keeps away from the edges of the window."""
PAUSE_SECONDS: Final = 0.1
"""Before a request that was put off comes again."""
SERVER_ERROR: Final = 500
PUT_OFF: Final = 503
CLOSED: Final = 0
"""The status of a request that was answered by closing the connection."""
console = Console()


class Judge(Protocol):
    """Whatever believes requests or does not."""

    def accepts(self, request: Request, now: float) -> bool:
        """Whether the request is believed."""
        ...


class OurVerifiers:
    """The verifiers that the service uses, asked as it asks them."""

    def __init__(self, signer: Signer) -> None:
        self._base = signer.base_url.encode()
        self._hubspot = hubspot_client.SignatureVerifier([signer.hubspot_secret])
        self._chert = chert_client.WebhookVerifier([signer.chert_secret])

    def accepts(self, request: Request, now: float) -> bool:
        """Whether the request is believed; anything but a refusal or a belief is an error of ours and escapes."""
        try:
            if request.target.startswith(CHERT.encode()):
                self._verify_chert(request, now)
            else:
                self._verify_hubspot(request, now)
        except (hubspot_client.SignatureRejectedError, chert_client.SignatureRejectedError):
            return False
        return True

    def _verify_hubspot(self, request: Request, now: float) -> None:
        signature = request.header(b"x-hubspot-signature-v3")
        timestamp = request.header(b"x-hubspot-request-timestamp")
        url = self._base + request.target
        self._hubspot.verify_v3(request.method, url, request.body, signature, timestamp, int(now * 1000))

    def _verify_chert(self, request: Request, now: float) -> None:
        signature = request.header(b"x-webhook-signature") or request.header(b"x-chert-signature")
        self._chert.verify(request.body, signature, int(now))


@dataclass
class Tally:
    """What became of requests.

    Attributes:
        tried: how many forgeries, by kind.
        accepted: forgeries that were believed, by kind.
        valid: how many valid ones.
        valid_refused: how many of them were not believed, by status.
        errors: answers that say that the server failed, by kind.
        put_off: answers that judge nothing and ask to come again.
        facts: what the valid ones have to be in Kafka as.
        forged: what the forgeries must not be there as.
    """

    tried: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    valid: int = 0
    valid_refused: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    put_off: int = 0
    facts: list[Fact] = field(default_factory=list)
    forged: set[Fact] = field(default_factory=set)

    def note(self, request: Request, status: int) -> None:
        """Add what a request was answered with."""
        if status >= SERVER_ERROR:
            self.errors[request.kind] += 1
        if request.kind == "valid":
            self.valid += 1
            self.facts += request.facts
            if status not in OK:
                self.valid_refused[status] += 1
            return
        self.tried[request.kind] += 1
        self.forged.update(request.facts)
        if status in OK:
            self.accepted[request.kind] += 1


def main(scale: Scale) -> Report:
    """Forge against the weaker verifiers, against ours, and against the service."""
    report = Report("hostile_signatures", scale, seed=SEED)
    with own_system("hostile_signatures", services=("webhooks",)) as system:
        asyncio.run(_measure(system, report, scale))
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    signer = Signer.of(system)
    over_http = Tally()
    began = time.monotonic()
    await _over_http(system, forger(signer, SEED, time.time).all(_requests(OVER_HTTP[scale]), VALID), over_http)
    console.print(f"{OVER_HTTP[scale]} over HTTP in {time.monotonic() - began:.0f} s", highlight=False)
    told = await read(system.addresses.kafka_bootstrap)
    inside = _inside(signer, _requests(FORGERIES[scale] - OVER_HTTP[scale]))
    missed = [name for name, judge in planted(sound(signer)).items() if not _is_caught(judge, signer)]
    for what, tally in (("over HTTP", over_http), ("inside", inside)):
        _tell(what, tally)
    console.print(*(f"not caught: {name}" for name in missed), sep="\n", highlight=False)
    tallies = (over_http, inside)
    report.add("H.tried", sum(tally.tried.total() for tally in tallies), "forgeries", f">= {FORGERIES[scale]}")
    report.add("H.tried_over_http", over_http.tried.total(), "forgeries", f">= {OVER_HTTP[scale]}")
    report.add("H.kinds", len(over_http.tried), "kinds of forgery", f">= {len(inside.tried)}")
    report.add("H.accepted", sum(tally.accepted.total() for tally in tallies), "forgeries", "== 0")
    report.add("H.valid", sum(tally.valid for tally in tallies), "valid requests", f">= {FORGERIES[scale] // 200}")
    report.add("H.valid_refused", sum(tally.valid_refused.total() for tally in tallies), "valid requests", "== 0")
    report.add("H.put_off", over_http.put_off, "answers that asked to come again")
    report.add("H.server_errors", over_http.errors.total(), "answers", "== 0")
    report.add("H.effects", len(told.records), "events in Kafka", f"== {len(over_http.facts)}")
    report.add("H.lost", len(told.lost(over_http.facts)), "valid events not in Kafka", "== 0")
    report.add("H.forged_in_kafka", len(over_http.forged & told.records.keys()), "events", "== 0")
    report.add("H.planted_caught", len(planted(sound(signer))) - len(missed), "weaker verifiers", f">= {PLANTED}")
    report.add("H.planted_missed", len(missed), "weaker verifiers", "== 0")


def _requests(forgeries: int) -> int:
    """How many requests hold so many forgeries, with those that are valid and some to spare."""
    return int(forgeries * (1 + 2 * VALID))


def forger(signer: Signer, seed: int, now: Callable[[], float]) -> Forger:
    """A forger of every kind there is."""
    tools = Tools(signer, Random(seed), now)  # noqa: S311 - a repeatable choice, no secret
    return Forger(tools, (_forgeries_hubspot.kinds, _forgeries_chert.kinds))


def sound(signer: Signer) -> Pair:
    """The verifiers without a mistake."""
    return Pair(HubSpotVerifier(signer.hubspot_secret, signer.base_url.encode()), ChertVerifier(signer.chert_secret))


def _inside(signer: Signer, count: int) -> Tally:
    """Ask the verifiers themselves, at a moment that stands still."""
    now, judge, tally = time.time(), OurVerifiers(signer), Tally()
    for request in forger(signer, SEED + 1, lambda: now).all(count, VALID):
        tally.note(request, 200 if judge.accepts(request, now) else 401)
    return tally


def _is_caught(judge: Judge, signer: Signer) -> bool:
    """Whether a verifier is wrong about any request."""
    now = time.time()
    requests = forger(signer, SEED + 2, lambda: now).all(EACH_PLANTED, VALID)
    return any(judge.accepts(request, now) != (request.kind == "valid") for request in requests)


async def _over_http(system: System, requests: Iterator[Request], tally: Tally) -> None:
    url = system.url("webhooks")

    async def send_rest() -> None:
        connection: Connection | None = None
        for request in requests:
            connection, status = await _send_until_judged(request, url, connection, tally)
            tally.note(request, status)
        if connection is not None:
            connection.close()

    await asyncio.gather(*(send_rest() for _ in range(CONNECTIONS)))


async def _send_until_judged(
    request: Request, url: str, connection: Connection | None, tally: Tally
) -> tuple[Connection | None, int]:
    """Send one request, again while it is put off; the last status if it always is."""
    until = time.monotonic() + JUDGED_SECONDS
    while True:
        connection, status = await _send(request, url, connection)
        if status != PUT_OFF or time.monotonic() > until:
            return connection, status
        tally.put_off += 1
        await elapse(PAUSE_SECONDS)


async def _send(request: Request, url: str, connection: Connection | None) -> tuple[Connection | None, int]:
    """Send one request; the connection if it can be used again, and the status."""
    wire = raw_request(request.method, request.target, request.headers, request.body)
    async with asyncio.timeout(PATIENCE_SECONDS):
        connection = connection or await Connection.open(url)
        try:
            answer = await connection.exchange(wire)
        except WireError:
            connection.close()
            return None, CLOSED
    if answer.headers.get("connection") == "close":
        connection.close()
        return None, answer.status
    return connection, answer.status


def _tell(what: str, tally: Tally) -> None:
    """What went wrong, by kind."""
    for kind, count in tally.accepted.items():
        console.print(f"[red]{what}: {count} accepted[/red] of {tally.tried[kind]}: {kind}", highlight=False)
    for status, count in tally.valid_refused.items():
        console.print(f"[red]{what}: {count} valid refused[/red] with {status}", highlight=False)
    for kind, count in tally.errors.items():
        console.print(f"[red]{what}: {count} server errors[/red]: {kind}", highlight=False)
