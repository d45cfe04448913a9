"""The simulated HubSpot's own pages, as somebody who looks at the product clicks through them."""

import re

import pytest
from playwright.async_api import Page, expect
from tests.e2e.browser.admin import Admin
from tests.e2e.browser.rep import NEWS_MILLISECONDS, Rep

pytestmark = pytest.mark.e2e


async def looked_at(admin: Admin, page: Page, name: str) -> None:
    """A page that is kept as a picture, fits a phone and breaks no rule of axe."""
    await admin.see(name, page)
    await admin.is_accessible(page)


async def test_every_page_is_reached_by_clicking(rep: Rep) -> None:
    """From the accounts to contacts, a new contact's record, workflows, apps and faults, each fit to be seen."""
    page, admin = rep.page, rep.admin
    await page.goto(admin.run.hubspot_url)
    await looked_at(admin, page, "hubspot-accounts")
    await page.get_by_role("row", name=str(admin.portal.portal_id)).get_by_role("link", name="contact").click()
    await looked_at(admin, page, "hubspot-contacts")

    await page.get_by_text("Create a contact").click()
    await page.get_by_label("First name").fill("Ada")
    await page.get_by_label("Mobile phone number").fill("+14155550199")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", level=1, name="Ada")).to_be_visible()

    for link, name in (("Workflows", "workflows"), ("Create a workflow", "workflow-new"), ("Connected apps", "apps")):
        await page.get_by_role("link", name=link).or_(page.get_by_role("button", name=link)).first.click()
        await looked_at(admin, page, f"hubspot-{name}")
    await page.get_by_role("link", name="Faults").click()
    await looked_at(admin, page, "hubspot-faults")


async def test_the_leads_phone_is_fit_to_be_seen(rep: Rep) -> None:
    """The phone fits a phone, and breaks no rule of axe."""
    await rep.open_phone()
    await rep.lead_replies("Hello?")

    await looked_at(rep.admin, rep.phone, "phone")


async def test_a_timeline_write_that_happens_late_is_there_once(rep: Rep) -> None:
    """Ordered on the panel, a write to the timeline is answered 504 and happens seconds later: one reply, once."""
    page = rep.page
    await page.goto(f"{rep.admin.run.hubspot_url}/faults")
    await page.get_by_label(re.compile("^Of records")).select_option("the timeline alone")
    await page.get_by_label("Are").select_option("answered 504, but they happen")
    await page.get_by_label("Happens after").fill("2")
    await page.get_by_label("How many").fill("1")
    await page.get_by_role("button", name="Order").click()
    await expect(
        page.get_by_text("1 call of the timeline alone: answered 504, but they happen, 2 s later")
    ).to_be_visible()

    await rep.open_phone()
    await rep.lead_replies("Are you there?")
    await page.goto(rep.record)

    await expect(rep.timeline.get_by_text("Are you there?")).to_have_count(1, timeout=2 * NEWS_MILLISECONDS)
    await page.goto(f"{rep.admin.run.hubspot_url}/faults")
    await expect(page.get_by_text("Nothing.")).to_be_visible()
