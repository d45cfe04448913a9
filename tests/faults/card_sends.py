"""A rep who writes a thousand messages while HubSpot's proxy breaks: no message twice, no bubble twice.

The real card in headless Chromium. The proxy hands every call to the app twice, as after an answer that was lost, and
one call in twenty is cut off, half of them after it took effect. At every change of the thread the page looks for
two bubbles with one text; Chert's ledger says what was sent.
"""

import asyncio
import random
from collections import Counter
from typing import Final

from playwright.async_api import Page, async_playwright

from contracts.topics import TENANT_INSTALLED
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

SENDS: Final = {Scale.QUICK: 100, Scale.FULL: 1_000}
SEED: Final = 8
CUT_OFF: Final = 0.05
BATCH: Final = 10
"""Texts that are written before the card is let catch up."""
SECONDS: Final = 120.0
SERVICES: Final = ("oauth", "webhooks", "actions")
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")

WATCH: Final = """
() => {
  window.doubled = [];
  window.most = 0;
  const look = () => {
    const texts = [...document.querySelectorAll("#card .tile")].map((one) => one.textContent);
    window.most = Math.max(window.most, texts.length);
    window.doubled.push(...texts.filter((text, index) => texts.indexOf(text) !== index));
  };
  const all = {childList: true, subtree: true, characterData: true};
  new MutationObserver(look).observe(document.querySelector("#card"), all);
}
"""
CATCH_UP: Final = """
() => {
  for (const button of document.querySelectorAll("#card button")) {
    if (button.textContent === "Try again") button.click();
  }
  return !/Sending|Not sent/.test(document.querySelector("#card").textContent);
}
"""


def main(scale: Scale) -> Report:
    """Write, and count afterwards."""
    ensure_built()
    report = Report("card_sends", scale, seed=SEED)
    with own_system("card_sends", services=SERVICES) as system:
        asyncio.run(_measure(system, report, SENDS[scale]))
    return report


async def _measure(system: System, report: Report, sends: int) -> None:
    run = system.seed("acme")
    await _connect(run)
    hubspot, chert = HubSpotControl(run.hubspot_url), ChertControl(run.chert_url)
    await hubspot.switch(repeat_card_calls=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = await browser.new_page(bypass_csp=True)
        cut = await _write(page, run, hubspot, sends)
        doubled, most = await page.evaluate("[window.doubled.length, window.most]")
        await browser.close()
    bodies = Counter(sent.body for sent in await chert.sent(run.chert.tenant_slug))
    report.add("F.sends", sends, "sends")
    report.add("F.cut_off", cut, "calls", ">= 1")
    report.add("F.effects", sum(bodies.values()), "messages", f"== {sends}")
    report.add("F.lost", sum(_text(number) not in bodies for number in range(sends)), "sends", "== 0")
    report.add("F.doubled", sum(count - 1 for count in bodies.values()), "messages", "== 0")
    report.add("F.bubbles_doubled", doubled, "bubbles", "== 0")
    report.add("F.bubbles_at_once", most, "bubbles", ">= 5")
    await hubspot.close()
    await chert.close()


async def _connect(run: RunFile) -> None:
    portal = run.portals[0]
    async with client() as http:
        admin = await Admin.sign_in(http, run.chert_url, console_user(run.chert.tenant_slug))
        await admin.connect(run.gateway_url, portal.project_id, portal.portal_id)
    log = EventLog(run.kafka_bootstrap)
    installed = await log.find(TENANT_INSTALLED, lambda _: True, seconds=SECONDS)
    await log.wait_consumed("actions", installed, seconds=SECONDS)


async def _write(page: Page, run: RunFile, hubspot: HubSpotControl, sends: int) -> int:
    """Write every text; how many calls were to be cut off."""
    portal, chance, cut = run.portals[0], random.Random(SEED), 0  # noqa: S311 - a repeatable choice, no secret
    await page.goto(f"{run.hubspot_url}/contacts/{portal.portal_id}/record/0-1/{portal.contacts[0].id}")
    composer, send = page.locator("#card textarea"), page.get_by_role("button", name="Send", exact=True)
    await composer.wait_for()
    await page.evaluate(WATCH)
    for number in range(sends):
        if chance.random() < 2 * CUT_OFF:  # of a send and the load that follows it, one call suffers it
            cut += 1
            await hubspot.fault(path_prefix="/card-proxy", kind="drop", after_write=chance.random() < 0.5)
        await composer.fill(_text(number))
        await send.click()
        if number % BATCH == BATCH - 1:
            await page.wait_for_function(CATCH_UP, timeout=SECONDS * 1_000, polling=200)
    await page.wait_for_function(CATCH_UP, timeout=SECONDS * 1_000, polling=200)
    return cut


def _text(number: int) -> str:
    return f"Message {number} of the rep"
