"""The sidebar card: how large it is, how soon it shows something, and what that costs the server.

The real bundle in headless Chromium, on the simulated contact record, through the proxy and the real services; the
simulators add nothing. Paint is from the start of the navigation until what a rep came for stands on the screen: the
composer of an empty conversation, the newest bubble of one with 200 messages. The median of the openings counts, after
one that warms up. There is no baseline to compare with: the bounds are what a rep does not notice.
"""

import asyncio
import gzip
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Page, async_playwright

from contracts.topics import TENANT_INSTALLED
from harness import paths
from harness.admins import Admin, client
from harness.card_build import ensure_built
from harness.control import ChertControl, HubSpotControl
from harness.event_log import EventLog
from harness.own_systems import own_system
from harness.prerequisites import chromium
from harness.reports import Report, Scale
from harness.run_file import RunFile
from harness.seeding import console_user
from harness.system import System
from harness.waiting import eventually

OPENINGS: Final = {Scale.QUICK: 5, Scale.FULL: 20}
MESSAGES: Final = 200
SECONDS: Final = 60.0
SERVICES: Final = ("oauth", "webhooks", "actions")
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
COMPOSER: Final = "#card textarea"
BUBBLE: Final = "#card .tile"


def main(scale: Scale) -> Report:
    """Measure the bundle, an empty conversation and a long one."""
    ensure_built()
    report = Report("card", scale)
    bundle = (paths.developer_project() / "built" / "card" / "card.js").read_bytes()
    report.add("C.bundle_kb", len(bundle) / 1_000, "kB", "<= 60")
    report.add("C.bundle_gzip_kb", len(gzip.compress(bundle)) / 1_000, "kB", "<= 20")
    with own_system("card", services=SERVICES) as system:
        asyncio.run(_measure(system, report, OPENINGS[scale]))
    return report


async def _measure(system: System, report: Report, openings: int) -> None:
    run = system.seed("acme")
    await _connect(run)
    async with _browser_page() as page:
        await _add_paint(report, "C.first_paint", page, run, COMPOSER, openings)
        report.add("C.requests_before_useful", await _requests_to_open(page, run), "requests", "== 1")
        await _fill(run)
        await _add_paint(report, "C.thread_200_paint", page, run, BUBBLE, openings)
        report.add("C.thread_200_whole", await _show_all(page), "ms", "<= 3000")


async def _connect(run: RunFile) -> None:
    portal = run.portals[0]
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user(run.chert.tenant_slug))
        await admin.connect(run.gateway_url, portal.project_id, portal.portal_id)
    log = EventLog(run.kafka_bootstrap)
    installed = await log.find(TENANT_INSTALLED, lambda _: True, seconds=SECONDS)
    await log.wait_consumed("actions", installed, seconds=SECONDS)


@asynccontextmanager
async def _browser_page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield await browser.new_page(bypass_csp=True)
        await browser.close()


async def _add_paint(report: Report, figure: str, page: Page, run: RunFile, what: str, openings: int) -> None:
    await _open(page, run, what)
    times = [await _open(page, run, what) for _ in range(openings)]
    report.add(f"{figure}_p50", statistics.median(times), "ms", "<= 1000")
    report.add(f"{figure}_max", max(times), "ms")


async def _open(page: Page, run: RunFile, what: str) -> float:
    """Open the record; milliseconds from the navigation's start until it shows that."""
    portal = run.portals[0]
    await page.goto(f"{run.hubspot_url}/contacts/{portal.portal_id}/record/0-1/{portal.contacts[0].id}")
    shown = await page.wait_for_function(f"document.querySelector('{what}') && performance.now()", polling="raf")
    return float(await shown.json_value())


async def _requests_to_open(page: Page, run: RunFile) -> int:
    hubspot = HubSpotControl(run.hubspot_url)
    before = await hubspot.last_request()
    await _open(page, run, COMPOSER)
    made = await hubspot.requests("/card-proxy", since=before)
    await hubspot.close()
    return len(made)


async def _fill(run: RunFile) -> None:
    """A conversation of 200 messages, which the card can be told of."""
    chert, phone = ChertControl(run.chert_url), run.portals[0].contacts[0].phone
    hubspot = HubSpotControl(run.hubspot_url)
    portal = run.portals[0]
    await hubspot.run_workflow(portal.portal_id, portal.contacts[0].id, "Hi")
    replies = [await chert.reply(run.chert.tenant_slug, phone, f"Reply {number}") for number in range(MESSAGES - 1)]

    async def delivered() -> bool:
        return bool(await chert.deliveries(replies[-1].event_id))

    await eventually(delivered, what="the last reply to be delivered", seconds=SECONDS)
    await hubspot.close()
    await chert.close()


async def _show_all(page: Page) -> float:
    """Milliseconds to bring the whole thread on the screen, by its button."""
    return float(
        await page.evaluate(
            """async () => {
              const began = performance.now();
              const more = () => [...document.querySelectorAll("#card button")].find(
                (one) => one.textContent.startsWith("Show earlier"));
              while (more()) {
                const shown = document.querySelectorAll("#card .tile").length;
                more().click();
                while (document.querySelectorAll("#card .tile").length === shown) {
                  await new Promise(requestAnimationFrame);
                }
              }
              return performance.now() - began;
            }"""
        )
    )
