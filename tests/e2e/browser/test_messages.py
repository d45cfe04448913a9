"""From a reply in HubSpot to the message's page on our console, and what came with it."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect
from tests.e2e.browser.admin import Admin
from tests.e2e.browser.pictures import WIDTH, picture

from harness.system import System

pytestmark = pytest.mark.e2e

PICTURE = ("beach.png", "image/png", picture())
PAGE = ("note.html", "text/html", b"<script>document.title = 'taken'</script>")


async def with_a_reply(admin: Admin) -> str:
    """The admin is connected, has written to the contact and got a picture and a web page back; the message's id."""
    await admin.connect()
    await admin.send("Send me a picture")
    message_id = await admin.lead_sends("Here it is <3", PICTURE, PAGE)
    await admin.open_contact_with_replies(1)
    return message_id


async def test_a_rep_follows_the_link_signs_in_and_sees_the_picture(admin: Admin) -> None:
    """From the communication in HubSpot, signed out, through the login to the page; the picture is there, whole."""
    message_id = await with_a_reply(admin)
    await admin.page.context.clear_cookies()

    page = await admin.open_in_chert()
    await admin.say_who()

    await expect(page.get_by_role("heading", level=1)).to_have_text(f"iMessage from {admin.portal.contacts[0].phone}")
    assert message_id in page.url
    await expect(page.get_by_text("Here it is <3")).to_be_visible()
    image = page.get_by_role("img", name="Attachment 1: beach.png")
    await image.scroll_into_view_if_needed()
    await expect(image).to_have_js_property("naturalWidth", WIDTH)
    await expect(page.get_by_text("PNG image")).to_be_visible()
    await expect(page.get_by_text("On the timeline")).to_be_visible()
    await admin.see("message")
    await admin.is_accessible()

    await page.get_by_role("link", name="contact", exact=False).first.click()
    await expect(page.get_by_role("link", name="Open in Chert")).to_be_visible()


async def test_a_file_that_could_run_is_saved_not_opened(admin: Admin) -> None:
    """A web page that a lead sent never becomes a page of ours: the browser saves it, by link and by address."""
    await with_a_reply(admin)
    page = await admin.open_in_chert()
    link = page.get_by_role("link", name="Download note.html")

    async with page.expect_download() as downloading:
        await link.click()
    download = await downloading.value
    answer = await page.context.request.get(admin.run.gateway_url + (await link.get_attribute("href") or ""))

    assert "note.html" == download.suggested_filename
    assert "application/octet-stream" == answer.headers["content-type"]
    assert answer.headers["content-disposition"].startswith("attachment")
    await expect(page).not_to_have_title("taken")


async def test_a_file_that_chert_deleted_is_said_to_be_gone(admin: Admin) -> None:
    """Months later the text is still there, and the page says which file is not kept any more."""
    message_id = await with_a_reply(admin)
    await admin.chert_deletes_files(message_id)

    await admin.open_in_chert()

    await expect(admin.page.get_by_text("Here it is <3")).to_be_visible()
    await expect(admin.page.get_by_text("Chert does not keep this file any more")).to_have_count(2)
    await admin.see("message-files-gone")
    await admin.is_accessible()


async def test_a_message_of_others_is_not_there(new_admin: Callable[[], Awaitable[Admin]]) -> None:
    """Whoever has no rights on the project gets the same page as for a message that never was."""
    owner, other = await new_admin(), await new_admin()
    for one in (owner, other):
        await one.sign_in()
    await with_a_reply(owner)
    link = await owner.page.get_by_role("link", name="Open in Chert").get_attribute("href")
    assert link is not None

    answers = [await other.page.goto(link), await other.page.goto(link + "0")]

    assert [404, 404] == [answer.status for answer in answers if answer is not None]
    await expect(other.page.get_by_role("heading", level=1)).to_have_text("There is nothing here")


async def test_a_timeline_that_is_away_is_said(admin: Admin, system: System) -> None:
    """While `timeline` is stopped the page says so; afterwards the message is there again."""
    await with_a_reply(admin)
    system.kill("timeline")
    try:
        await admin.open_in_chert()
        await expect(admin.page.get_by_role("heading", level=1)).to_have_text("This message cannot be shown right now")
        await admin.see("message-timeline-away")
    finally:
        system.start("timeline")
    await admin.page.reload()
    await expect(admin.page.get_by_text("Here it is <3")).to_be_visible()
