"""The card while replies exhaust its account's budget at HubSpot, against the same card without replies.

One account, one rep's load on it (records opened, now and then a message), in paired windows: in one nothing else
happens; in the other the leads of the same account write faster than its timeline may call HubSpot, so that the
replies' share of the budget is spent all the time. Before each quiet window the timeline drains and the budget's window
passes. The card's service has a core of its own, load generator and broker have another, and the rest what is left.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

import httpx2
from _cores import share_out_system

from harness.admins import Admin, client
from harness.card import Card
from harness.control import ChertControl, HubSpotControl
from harness.own_systems import own_system
from harness.paired import compare, paired_ratios, percentile
from harness.reports import Report, Scale
from harness.run_file import RunFile
from harness.seeding import console_user
from harness.system import System
from harness.waiting import eventually

ROUNDS: Final = {Scale.QUICK: 9, Scale.FULL: 25}
WINDOW_SECONDS: Final = 4.0
OPENED_A_SECOND: Final = 30
SENT_EVERY: Final = 40
"""Of so many openings one is a message instead: with the contact reads of the openings that stays under the 20 calls in
ten seconds that replies leave."""
RECORDS: Final = 4
"""Records that are looked at; each costs one contact read in five seconds, however often it is opened."""
LEADS: Final = 30
WRITERS: Final = 4
"""How many of them write at the same time."""
REPLIES_A_SECOND: Final = 12
"""A little more than the nine calls a second that replies may make; each is written alone here, as batches would never
spend the budget."""
BUDGET_SECONDS: Final = 10.0
"""HubSpot's rolling window."""
SPENT: Final = 75
"""Calls in that window by which the replies' share (90 of 110) counts as spent."""
LEFT: Final = 15
"""Calls in that window at which the account counts as quiet again."""
SECONDS: Final = 60.0
OK: Final = 200
TOO_MANY: Final = 429


@dataclass
class Load:
    """The rep, and what they waited for."""

    card: Card
    records: Sequence[str]
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    sent: int = 0

    async def window(self, kept: list[float]) -> float:
        """The 99th percentile of one window, in seconds; what each took is added to those kept."""
        records, asking = cycle(self.records), []
        began = len(self.seconds)
        for number in range(int(WINDOW_SECONDS * OPENED_A_SECOND)):
            asking.append(asyncio.create_task(self._ask(next(records), send=number % SENT_EVERY == SENT_EVERY - 1)))
            await asyncio.sleep(1 / OPENED_A_SECOND)
        await asyncio.gather(*asking)
        kept += (taken := self.seconds[began:])
        return percentile(taken, 0.99)

    async def _ask(self, contact_id: str, *, send: bool) -> None:
        began = time.perf_counter()
        if send:
            self.sent += 1
            answer = await self.card.send(contact_id, f"Message {self.sent}", secrets.token_hex(8))
        else:
            answer = await self.card.context(contact_id)
        self.seconds.append(time.perf_counter() - began)
        if answer.status != OK or answer.body.get("ok") is not True:
            self.failures.append(f"{answer.status} {answer.body.get('error')}")


@dataclass
class Noise:
    """Leads who write, and what that does to the account's budget."""

    chert: ChertControl
    hubspot: HubSpotControl
    tenant: str
    phones: Sequence[str]
    replies: int = 0
    calls: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Let them write until the block ends; it begins once the budget is spent."""
        writing = asyncio.gather(*(self._write(number) for number in range(WRITERS)))
        try:
            await eventually(lambda: self._made(at_least=SPENT), what="the budget to be spent", seconds=SECONDS)
            yield
            self.calls.append(await self._calls())
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def quiet(self) -> None:
        """Return when the timeline has drained and the budget's window has passed."""
        await eventually(lambda: self._made(at_most=LEFT), what="the account to be quiet", seconds=SECONDS)

    async def throttled(self) -> int:
        """How many calls HubSpot turned away."""
        return sum(one.status == TOO_MANY for one in await self.hubspot.requests("/crm/"))

    async def _write(self, number: int) -> None:
        for phone in cycle(self.phones[number::WRITERS]):
            await self.chert.reply(self.tenant, phone, f"Reply {self.replies}")
            self.replies += 1
            await asyncio.sleep(WRITERS / REPLIES_A_SECOND)

    async def _made(self, *, at_least: int = 0, at_most: int = 1_000_000) -> bool:
        return at_least <= await self._calls() <= at_most

    async def _calls(self) -> int:
        """Calls on the account's budget within HubSpot's window."""
        since = time.time() - BUDGET_SECONDS
        return sum(one.at >= since for one in await self.hubspot.requests("/crm/"))


def main(scale: Scale) -> Report:
    """Compare noisy windows with quiet ones."""
    report = Report("card_under_load", scale)
    with own_system("card_under_load") as system:
        system.set_environment("timeline", TIMELINE_BATCH="1")
        system.restart("timeline")
        asyncio.run(_measure(system, report, ROUNDS[scale]))
    return report


async def _measure(system: System, report: Report, rounds: int) -> None:
    run = system.seed("acme")
    await _connect(run, system.url("oauth"))
    hubspot, chert = HubSpotControl(run.hubspot_url), ChertControl(run.chert_url)
    async with Card(run, run.portals[0].portal_id) as card:
        records = [await _contact(run, card, f"+1415555{number:04}") for number in range(RECORDS)]
        phones = [f"+1415556{number:04}" for number in range(LEADS)]
        for phone in phones:
            await _contact(run, card, phone)
        load, noise = Load(card, records), Noise(chert, hubspot, run.chert.tenant_slug, phones)
        share_out_system(system, servers=("actions",))
        await load.window([])
        load.seconds.clear()
        taken: dict[str, list[float]] = {"quiet": [], "noisy": []}

        async def with_replies() -> float:
            async with noise.writing():
                return await load.window(taken["noisy"])

        async def without() -> float:
            await noise.quiet()
            return await load.window(taken["quiet"])

        ratios = await paired_ratios(rounds, baseline=without, candidate=with_replies)
    throttled = await noise.throttled()
    await hubspot.close()
    await chert.close()
    _report(report, ratios, load, noise, throttled)
    for name, seconds in taken.items():
        report.add(f"S9.{name}_p50_ms", percentile(seconds, 0.5) * 1000, "ms")
        report.add(f"S9.{name}_p99_ms", percentile(seconds, 0.99) * 1000, "ms")


def _report(report: Report, ratios: Sequence[float], load: Load, noise: Noise, throttled: int) -> None:
    found = compare(ratios)
    report.add("S9.p99_ratio", found.median, "", "<= 1.2")
    report.add("S9.p99_ratio_low", found.low, "")
    report.add("S9.p99_ratio_high", found.high, "")
    report.add("S9.rounds", found.rounds, "", ">= 9")
    report.add("S9.simulator_ms", 0, "ms")
    report.add("S9.events", len(load.seconds), "card requests", f">= {found.rounds * 100}")
    report.add("S9.effects", len(load.seconds) - len(load.failures), "answers", f">= {len(load.seconds)}")
    report.add("S9.replies", noise.replies, "replies", ">= 100")
    report.add("S9.calls_in_10s_min", min(noise.calls), "calls", f">= {SPENT}")
    report.add("S9.throttled", throttled, "calls")


async def _connect(run: RunFile, oauth_url: str) -> None:
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user(run.chert.tenant_slug))
        portal = run.portals[0]
        await admin.connect(oauth_url, portal.project_id, portal.portal_id)


async def _contact(run: RunFile, card: Card, phone: str) -> str:
    """A contact who was written to, so that replies find them; its id."""
    portal_id = run.portals[0].portal_id
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        order = {"properties": {"firstname": "Ada", "phone": phone}}
        made = await http.post(f"{run.hubspot_url}/control/portals/{portal_id}/contacts", json=order)
    contact_id, key = str(made.json()["id"]), secrets.token_hex(8)

    async def sent() -> bool:
        return (await card.send(contact_id, "Hello", key)).body.get("ok") is True

    await eventually(sent, what="the first message to go out", seconds=SECONDS)
    return contact_id
