"""An account's whole life on the console, in a real browser."""

import re

import pytest
from playwright.async_api import expect
from tests.e2e.browser.admin import Admin

from harness.system import System

pytestmark = pytest.mark.e2e


async def test_an_account_is_connected_configured_disconnected_and_connected_again(admin: Admin) -> None:
    """Connect, badge, settings, disconnect after a question, reconnect: each step leads to the next, settings stay."""
    page = admin.page
    await admin.see("projects-empty")
    await admin.connect()
    await admin.see("projects-connected")
    await page.get_by_role("link", name="See what to do next").click()
    await expect(page).to_have_url(admin.account)
    await expect(page.get_by_text("Connected", exact=True).first).to_be_visible()
    await admin.see("account-connected")

    await page.get_by_label("Label").fill("Head office")
    await page.get_by_label("Phone line").select_option(index=1)
    line = await page.get_by_label("Phone line").input_value()
    await page.get_by_label("Keep message content for").fill("30")
    await page.get_by_label("Create leads when a workflow sends").uncheck()
    await page.get_by_role("button", name="Save settings").click()
    await expect(page.get_by_role("status")).to_contain_text("saved")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Head office")
    await expect(page.get_by_role("region", name="History")).to_contain_text("Keep message content for: from")
    await admin.see("account-saved")

    await page.get_by_role("link", name="Disconnect this account").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Disconnect Head office?")
    await admin.see("disconnect-question")
    await page.get_by_role("button", name="Disconnect").click()
    await expect(page.get_by_role("status")).to_contain_text("disconnected")
    await expect(page.locator(".badge")).to_have_text("Disconnected")
    await admin.see("account-disconnected")

    await page.get_by_role("link", name="Connect HubSpot again").click()
    await admin.approve(page)
    await expect(page.get_by_role("status")).to_contain_text("Head office is connected")
    await admin.open_account()
    await expect(page.locator(".badge")).to_have_text("Connected")
    await expect(page.get_by_label("Phone line")).to_have_value(line)
    await expect(page.get_by_label("Keep message content for")).to_have_value("30")
    await expect(page.get_by_label("Create leads when a workflow sends")).not_to_be_checked()


async def test_keeping_an_account_changes_nothing(admin: Admin) -> None:
    """Whoever does not answer the question with Disconnect keeps the account connected."""
    await admin.connect()
    await admin.page.goto(f"{admin.account}/disconnect")

    await admin.page.get_by_role("link", name="Keep it connected").click()

    await expect(admin.page.locator(".badge")).to_have_text("Connected")


async def test_refused_settings_say_why_and_keep_what_was_typed(admin: Admin) -> None:
    """Settings that cannot be are refused with words at each field, a summary that leads there, and nothing lost."""
    page = admin.page
    await admin.connect()
    await admin.open_account()
    await page.get_by_label("Label").fill("Head office")
    await page.get_by_label("Default region").fill("xx")
    await page.get_by_label("Template for new contacts").fill("Hi {{ contact.nickname }}")
    await page.get_by_label("Keep message content for").fill("0")

    await page.get_by_role("button", name="Save settings").click()

    summary = page.get_by_role("alert")
    await expect(summary).to_be_focused()
    await expect(summary.get_by_role("link")).to_have_count(3)
    await expect(page.get_by_label("Label")).to_have_value("Head office")
    await expect(page.get_by_label("Template for new contacts")).to_have_value("Hi {{ contact.nickname }}")
    for label in ("Default region", "Template for new contacts", "Keep message content for"):
        field = page.get_by_label(label)
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_accessible_description(re.compile("Not saved"))
    await admin.see("settings-refused")
    await summary.get_by_role("link", name="Default region").click()
    await expect(page.get_by_label("Default region")).to_be_focused()
    await admin.open_account()
    await expect(page.get_by_label("Label")).to_have_value("")


async def test_an_account_without_workflows_is_told_so(admin: Admin) -> None:
    """An account that cannot grant `automation` is connected; consequence and remedy are on its page."""
    await admin.account_cannot_grant("automation")
    await admin.connect()

    await admin.open_account()

    await expect(admin.page.locator(".badge")).to_have_text("Connected")
    permissions = admin.page.get_by_role("region", name="Permissions")
    await expect(permissions).to_contain_text("Not granted")
    await expect(permissions).to_contain_text("The workflow action does not appear")
    await expect(admin.page.get_by_role("region", name="Checklist")).to_contain_text("connect HubSpot again and accept")
    await admin.see("account-without-automation")


async def test_two_tabs_do_not_overwrite_each_other(admin: Admin) -> None:
    """A form that was opened before another was saved is not saved blindly; its user sees both and decides."""
    page = admin.page
    await admin.connect()
    await admin.open_account()
    other = await page.context.new_page()
    await other.goto(admin.account)
    await other.get_by_label("Label").fill("Theirs")
    await other.get_by_role("button", name="Save settings").click()
    await expect(other.get_by_role("status")).to_contain_text("saved")

    await page.get_by_label("Label").fill("Mine")
    await page.get_by_role("button", name="Save settings").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Someone else was faster")
    await expect(page.get_by_role("main")).to_contain_text("Theirs")
    await admin.see("settings-conflict")
    await page.get_by_role("button", name="Save mine instead").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Mine")


async def test_the_keyboard_alone_is_enough(admin: Admin) -> None:
    """From the top of the page, Tab reaches every field of the form in its order, visibly, and Enter saves."""
    page = admin.page
    await admin.connect()
    await admin.open_account()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    reached: list[str] = []
    while "retention_days" not in reached:
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        name = await focused.get_attribute("name")
        if name is not None and name not in reached:
            style = await focused.evaluate("it => getComputedStyle(it).boxShadow + getComputedStyle(it).outlineStyle")
            assert style != "nonenone", f"focus cannot be seen on {name}"
            reached.append(name)
        assert len(reached) < 20

    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.type("45")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("status")).to_contain_text("saved")
    await expect(page.get_by_label("Keep message content for")).to_have_value("45")
    form = [
        "label",
        "phone_line_id",
        "default_region",
        "auto_create_leads",
        "auto_send_on_create",
        "auto_send_imported",
        "auto_send_template",
        "log_sent_messages",
        "retention_days",
    ]
    assert form == reached


async def test_a_send_is_shown(admin: Admin) -> None:
    """A send is listed with its status and trace id, and can be filtered; no text, no number in full is there."""
    page = admin.page
    await admin.connect()
    await admin.send("Hello from the browser test")

    await admin.open_account()

    activity = page.get_by_role("region", name="Activity")
    await expect(activity).to_contain_text("From a workflow")
    await expect(activity.locator(".state").first).to_have_text("Sent")
    await expect(activity).to_contain_text("trace id")
    assert "Hello from the browser test" not in await page.content()
    assert admin.portal.contacts[0].phone not in await page.content()
    await admin.see("account-activity")
    await activity.get_by_label("Status").select_option("Not sent")
    await activity.get_by_role("button", name="Show").click()
    await expect(activity).to_contain_text("nothing that fits the filter")


async def test_sisters_that_are_away_are_said_to_be(admin: Admin, system: System) -> None:
    """While `actions` and `timeline` are down the page is there, and says of each what cannot be shown."""
    await admin.connect()
    for sister in ("actions", "timeline"):
        system.kill(sister)
    try:
        await admin.open_account()

        activity = admin.page.get_by_role("region", name="Activity")
        await expect(activity.get_by_text("What was sent cannot be shown right now")).to_be_visible()
        await expect(activity.get_by_text("Replies cannot be shown right now")).to_be_visible()
        await expect(admin.page.locator(".badge")).to_have_text("Connected")
        await admin.see("account-sisters-away")
    finally:
        for sister in ("actions", "timeline"):
            system.start(sister)


async def test_every_page_is_accessible(admin: Admin) -> None:
    """No page breaks a rule of axe (labels, contrast, landmarks, names), in light and in dark."""
    await admin.is_accessible()
    await admin.connect()
    await admin.is_accessible()
    for address in (admin.account, f"{admin.account}/disconnect", f"{admin.console}/help/app-not-found"):
        await admin.page.goto(address)
        await admin.is_accessible()
    await admin.see("help")
    await admin.open_account()
    await admin.page.get_by_label("Default region").fill("xx")
    await admin.page.get_by_role("button", name="Save settings").click()
    await expect(admin.page.get_by_role("alert")).to_be_visible()
    await admin.is_accessible()
    await admin.page.get_by_text("What works in which HubSpot edition").click()
    await admin.is_accessible()
