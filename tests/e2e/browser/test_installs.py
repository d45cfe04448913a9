"""Installs that end well and installs that do not, as a person at a real browser meets them."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect
from tests.e2e.browser.admin import Admin

pytestmark = pytest.mark.e2e

CALLBACK = "/api/hubspot/oauth/callback"
STATE_COOKIE = "__Host-chert_hubspot_state_0000000000000000"


async def refused(admin: Admin, page: Page, title: str, name: str) -> None:
    """The page says what happened, what to do and which trace it was; it is kept as a picture."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    await expect(page.get_by_role("link", name="Connect HubSpot again")).to_be_visible()
    await expect(page.get_by_text("trace id")).to_be_visible()
    await admin.see(name, page)
    await admin.is_accessible(page)


async def test_an_install_without_code_or_state_is_refused(admin: Admin) -> None:
    """`missing_code_or_state`: a bare callback address says that the link is not complete."""
    await admin.page.goto(f"{admin.run.gateway_url}{CALLBACK}?code=only")

    await refused(admin, admin.page, "This install link is not complete", "refused-missing-code-or-state")


async def test_an_install_without_a_state_cookie_is_refused(admin: Admin) -> None:
    """`missing_state_cookie`: a browser that began no install cannot finish one."""
    await admin.page.goto(f"{admin.run.gateway_url}{CALLBACK}?code=c&state=s")

    await refused(admin, admin.page, "This install has expired", "refused-missing-state-cookie")


async def test_an_install_with_a_forged_state_cookie_is_refused(admin: Admin) -> None:
    """`invalid_state_cookie`: a cookie that we did not sign is worth nothing."""
    await admin.page.evaluate(f"document.cookie = '{STATE_COOKIE}=forged; Secure; Path=/'")

    await admin.page.goto(f"{admin.run.gateway_url}{CALLBACK}?code=c&state=s")

    await refused(admin, admin.page, "This install has expired", "refused-invalid-state-cookie")


async def test_an_install_with_another_state_is_refused(admin: Admin) -> None:
    """`state_mismatch`: a state that this browser was not given finishes nothing, and is not shown."""
    await admin.begin()

    await admin.page.goto(f"{admin.run.gateway_url}{CALLBACK}?code=c&state=planted-by-another")

    await refused(admin, admin.page, "This install cannot be finished here", "refused-state-mismatch")
    assert "planted-by-another" not in await admin.page.content()


async def test_hubspots_denial_is_explained(admin: Admin) -> None:
    """Whoever presses Cancel at HubSpot reads that nothing was connected and who may connect, and can try again."""
    page = await admin.begin()

    await page.get_by_role("button", name="Cancel").click()

    await refused(admin, page, "HubSpot was not connected", "refused-access-denied")
    await page.get_by_role("link", name="Connect HubSpot again").click()
    await admin.approve(page)
    await expect(page.get_by_role("status")).to_contain_text("is connected")


async def test_two_tabs_finish_each_its_own_install(admin: Admin) -> None:
    """Two installs begun in two tabs of one browser both end connected, whichever ends first."""
    first = await admin.begin()
    second = await admin.begin(await first.context.new_page())

    await admin.approve(first)
    await expect(first.get_by_role("status")).to_contain_text("is connected")
    await admin.approve(second)

    await expect(second.get_by_role("status")).to_contain_text("is connected")


async def test_the_same_callback_twice_is_refused_once(admin: Admin) -> None:
    """A callback that is opened again says so, and the account stays connected."""
    page = await admin.begin()
    callbacks: list[str] = []
    page.on("request", lambda request: callbacks.append(request.url) if CALLBACK in request.url else None)
    await admin.approve(page)
    await expect(page.get_by_role("status")).to_contain_text("is connected")

    await page.goto(callbacks[0])

    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_role("link", name="Connect HubSpot again")).to_be_visible()
    await admin.open_account()
    await expect(page.locator(".badge")).to_have_text("Connected")


async def test_an_install_begins_at_the_marketplace(admin: Admin) -> None:
    """From HubSpot's listing through consent and back: the account is connected, and HubSpot says it is installed."""
    page, app_id = admin.page, admin.run.hubspot_app.app_id
    await page.goto(f"{admin.run.hubspot_url}/marketplace/apps/{app_id}/install?portal={admin.portal.portal_id}")
    await page.get_by_role("link", name="Install Chert").click()

    await page.get_by_role("button", name="Approve").click()

    await expect(page.get_by_role("heading", name="Installed")).to_be_visible()
    assert page.url.startswith(admin.run.hubspot_url)
    await admin.open_account()
    await expect(page.locator(".badge")).to_have_text("Connected")


async def test_a_marketplace_install_signs_in_first(new_admin: Callable[[], Awaitable[Admin]]) -> None:
    """Whoever comes from the marketplace without a session signs in and goes on with the very same install."""
    admin = await new_admin()
    page, app_id = admin.page, admin.run.hubspot_app.app_id
    await page.goto(f"{admin.run.hubspot_url}/marketplace/apps/{app_id}/install?portal={admin.portal.portal_id}")
    await page.get_by_role("link", name="Install Chert").click()

    await admin.say_who()

    await expect(page.get_by_role("button", name="Approve")).to_be_visible()
    assert page.url.startswith(admin.run.hubspot_url)


async def test_a_marketplace_install_asks_for_the_project(admin: Admin) -> None:
    """Whoever has several projects chooses one on a page of ours, and the account is connected to that one."""
    page, app_id = admin.page, admin.run.hubspot_app.app_id
    second = await admin.gets_a_second_project()
    await page.goto(f"{admin.run.hubspot_url}/marketplace/apps/{app_id}/install?portal={admin.portal.portal_id}")
    await page.get_by_role("link", name="Install Chert").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Which project is this HubSpot account for?")
    await admin.see("choose-project")
    await admin.is_accessible()

    await page.get_by_role("link", name="Second").click()
    await page.get_by_role("button", name="Approve").click()

    await expect(page.get_by_role("heading", name="Installed")).to_be_visible()
    await page.goto(f"{admin.console}/projects/{second}/accounts/{admin.portal.portal_id}")
    await expect(page.locator(".badge")).to_have_text("Connected")
    await page.goto(admin.console)
    await admin.see("projects-several")


@pytest.mark.parametrize("return_url", ["https://evil.test/", "https://hubspot.com.evil.test/", "javascript:alert(1)"])
async def test_a_marketplace_install_returns_to_hubspot_alone(admin: Admin, return_url: str) -> None:
    """An address to return to that is not HubSpot's is refused with a page; the browser stays with us."""
    install = f"{admin.run.gateway_url}/api/hubspot/oauth/install?step=authorize&returnUrl={return_url}"
    answer = await admin.page.goto(install)

    assert answer is not None
    assert answer.status == 400
    assert admin.page.url.startswith(admin.run.gateway_url)
    assert "evil" not in await admin.page.content()
