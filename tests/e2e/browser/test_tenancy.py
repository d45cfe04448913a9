"""Whose account it is: other projects, forged and ended sessions, forms that are not ours."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect
from tests.e2e.browser.admin import Admin

from harness.system import System

pytestmark = pytest.mark.e2e

SESSION_COOKIE = "__Host-chert_session"
NINE_HOURS = 9 * 3600.0
"""A session of Chert's console ends after eight."""

Form = dict[str, str | float | bool]
"""As Playwright sends one."""

NewAdmin = Callable[[], Awaitable[Admin]]


async def status_of(admin: Admin, method: str, url: str) -> int:
    """How a request of this browser is answered, without following redirects."""
    answer = await admin.page.context.request.fetch(
        url,
        method=method,
        headers={"Accept": "text/html"},
        form={"revision": "1", "form_token": "x"} if method == "POST" else None,
        max_redirects=0,
    )
    return answer.status


async def test_accounts_of_others_are_not_there(new_admin: NewAdmin) -> None:
    """For every address of an account, a session of another project gets 404; the right owner gets an answer."""
    owner, other = await new_admin(), await new_admin()
    for one in (owner, other):
        await one.sign_in()
        await one.connect()
    crossed = f"{other.console}/projects/{other.portal.project_id}/accounts/{owner.portal.portal_id}"
    for path, method, rightly in (("", "GET", 200), ("/disconnect", "GET", 200)):
        assert rightly == await status_of(owner, method, owner.account + path)
        assert 404 == await status_of(other, method, owner.account + path)
        assert 404 == await status_of(other, method, crossed + path)

    await other.page.goto(owner.account)

    await expect(other.page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    assert str(owner.portal.portal_id) not in await other.page.content()
    await other.see("not-found")


async def test_forms_of_others_change_nothing(new_admin: NewAdmin) -> None:
    """A form with a good token of one's own session, sent to another's account, is answered 404 and changes nothing."""
    owner, other = await new_admin(), await new_admin()
    for one in (owner, other):
        await one.sign_in()
        await one.connect()
    await owner.open_account()
    revision = await owner.page.locator("#settings input[name=revision]").input_value()
    await other.open_account()
    token = await other.page.locator("#settings input[name=form_token]").input_value()
    form: Form = {
        "form_token": token,
        "revision": revision,
        "label": "Taken",
        "default_region": "US",
        "retention_days": "90",
    }

    for path in ("/settings", "/disconnect"):
        answer = await other.page.context.request.post(owner.account + path, form=form, max_redirects=0)
        assert 404 == answer.status

    await owner.open_account()
    await expect(owner.page.locator(".badge")).to_have_text("Connected")
    await expect(owner.page.get_by_label("Label")).to_have_value("")
    form = {**form, "form_token": await owner.page.locator("#settings input[name=form_token]").input_value()}
    saved = await owner.page.context.request.post(owner.account + "/settings", form=form, max_redirects=0)
    assert 303 == saved.status


async def test_a_form_without_our_token_is_refused(admin: Admin) -> None:
    """A form that another site makes the browser send is refused in words, and changes nothing."""
    await admin.connect()
    await admin.open_account()
    await admin.page.locator("#settings input[name=form_token]").evaluate("it => it.value = 'planted'")

    await admin.page.get_by_role("button", name="Save settings").click()

    await expect(admin.page.get_by_role("heading", level=1)).to_have_text("This form has expired")
    await admin.see("form-expired")


async def test_a_forged_session_signs_in_again(admin: Admin) -> None:
    """A session that the console did not sign is none: the browser is sent to sign in."""
    await admin.connect()
    cookie = next(one for one in await admin.page.context.cookies() if one["name"] == SESSION_COOKIE)
    header, claims, signature = cookie["value"].split(".")
    forged = f"{header}.{claims}.{signature[::-1]}"
    await admin.page.context.clear_cookies(name=SESSION_COOKIE)
    await admin.page.evaluate(f"document.cookie = '{SESSION_COOKIE}={forged}; Secure; Path=/'")

    await admin.page.goto(admin.account)

    await expect(admin.page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_an_ended_session_signs_in_again(admin: Admin, system: System) -> None:
    """A session whose time is over is none, for pages as for forms; afterwards the console is there again."""
    await admin.connect()
    await admin.open_account()
    system.set_clock(offset_seconds=NINE_HOURS)
    try:
        await admin.page.get_by_role("button", name="Save settings").click()
        await expect(admin.page.get_by_role("button", name="Sign in")).to_be_visible()
        await admin.page.goto(admin.console)
        await admin.say_who()
        await expect(admin.page.get_by_role("heading", name="HubSpot accounts")).to_be_visible()
    finally:
        system.set_clock()


async def test_whoever_installs_anothers_account_is_told(new_admin: NewAdmin) -> None:
    """An account that is connected to another project stays there; its name is not told to who may not see it."""
    owner, other = await new_admin(), await new_admin()
    for one in (owner, other):
        await one.sign_in()
    await owner.connect()

    page = await other.begin()
    await page.get_by_label(f"account {owner.portal.portal_id}").check()
    await page.get_by_role("button", name="Approve").click()

    await expect(page.get_by_role("status")).to_contain_text("already connected to another project")
    assert owner.run.chert.tenant_slug.capitalize() not in await page.content()
    await other.see("stays-elsewhere")
    await owner.open_account()
    await expect(owner.page.locator(".badge")).to_have_text("Connected")
