"""`python -m pages.pictures`: the documentation's pictures, from a running system; `make pictures` makes them small.

One account is connected, a workflow sends, the lead answers. The trace of that is drawn from what a collector got, and
the pages are shown as a browser shows them.
"""

import asyncio
from pathlib import Path
from typing import Final

from playwright.async_api import Page, ViewportSize, async_playwright

from harness.collector import Collector, export, receiving
from harness.own_systems import own_system
from harness.prerequisites import chromium
from harness.run_file import RunFile
from harness.seeding import console_user
from pages.following import follow
from pages.trace_picture import picture

DOCS: Final = Path(__file__).parents[1] / "docs"
SCREENS: Final = DOCS / "screens"
TRACE: Final = DOCS / "pictures" / "trace.svg"

_DESK: Final[ViewportSize] = {"width": 1120, "height": 760}
_LONGEST_MILLISECONDS: Final = 30_000


def main() -> None:
    """Draw and photograph."""
    collector = Collector()
    with receiving(collector.take) as address, own_system("pictures") as system:
        export(system, address)
        asyncio.run(_take(system.seed("acme"), collector))


async def _take(run: RunFile, collector: Collector) -> None:
    followed = await follow(run, collector)
    TRACE.parent.mkdir(exist_ok=True)
    TRACE.write_text(picture(followed.spans))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page(viewport=_DESK)
        page.set_default_timeout(_LONGEST_MILLISECONDS)
        await _console(page, run)
        await _record(page, run)
        await _refusal(page, run)
        await browser.close()


async def _console(page: Page, run: RunFile) -> None:
    """The console: signing in, the accounts of a project, one account."""
    portal, console = run.portals[0], f"{run.gateway_url}/console"
    await page.goto(console)
    await page.get_by_label(console_user(run.chert.tenant_slug)).check()
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("heading", name="HubSpot accounts").wait_for()
    await _photograph(page, "console")
    account = f"{console}/projects/{portal.project_id}/accounts/{portal.portal_id}"
    await page.goto(account)
    await _photograph(page, "account")
    for section in ("settings", "activity"):
        await page.locator(f"#{section}").screenshot(path=_screen(section), animations="disabled")
    await page.goto(f"{account}/disconnect")
    await _photograph(page, "disconnect")


async def _record(page: Page, run: RunFile) -> None:
    """A contact's record in the simulated HubSpot, with the card, and the reply on the timeline; the reply's page."""
    portal = run.portals[0]
    await page.goto(f"{run.hubspot_url}/contacts/{portal.portal_id}/record/0-1/{portal.contacts[0].id}")
    await page.locator("#card").get_by_label("iMessage to").wait_for()
    await _photograph(page, "record", whole=True)
    link = page.locator(f'a[href^="{run.gateway_url}/console/messages/"]').first
    await page.goto(await link.evaluate("link => link.href"))
    await page.get_by_role("heading", name="iMessage from").wait_for()
    await _photograph(page, "message")


async def _refusal(page: Page, run: RunFile) -> None:
    """What an install says that did not come from HubSpot."""
    await page.goto(f"{run.gateway_url}/api/hubspot/oauth/callback")
    await _photograph(page, "refusal")


async def _photograph(page: Page, name: str, *, whole: bool = False) -> None:
    await page.screenshot(path=_screen(name), full_page=whole, animations="disabled")


def _screen(name: str) -> Path:
    return SCREENS / f"{name}.png"


if __name__ == "__main__":
    main()
