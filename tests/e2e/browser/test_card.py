"""The real card in a real browser, on a contact record, with the lead's phone beside it."""

import re
from itertools import pairwise

import pytest
from playwright.async_api import expect
from tests.e2e.browser.admin import SCREENSHOTS
from tests.e2e.browser.pictures import picture
from tests.e2e.browser.rep import NEWS_MILLISECONDS, Rep

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("card")]

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
HELLO = "\u05e9\u05dc\u05d5\u05dd"
"""Right to left."""


async def test_a_rep_and_a_lead_talk(rep: Rep) -> None:
    """A text from the card is on the lead's phone; the answer is in the card and on the timeline, each once."""
    await rep.open_record()
    await rep.open_phone()
    await rep.keep("card-empty")

    await rep.composer.fill(f"Hi Grace, this is <b>Ada</b>. {LONG_WORD}\n\n{HELLO}, shall we talk?")
    await rep.keep("card-preview")
    await rep.card.get_by_role("button", name="Send", exact=True).click()
    await expect(rep.composer).to_have_value("")
    last = rep.card.locator(".tile").filter(has_text="shall we talk?")
    await expect(last).to_have_count(1)
    await expect(rep.phone.get_by_text("shall we talk?")).to_be_visible(timeout=NEWS_MILLISECONDS)
    await rep.lead_replies("Yes, tomorrow at ten")
    await rep.sees("Yes, tomorrow at ten")
    await expect(rep.card.get_by_role("tab", name="Conversation (1)")).to_be_visible()
    await expect(rep.timeline.get_by_text("Yes, tomorrow at ten")).to_have_count(1, timeout=NEWS_MILLISECONDS)
    await expect(last).to_have_text(f"{HELLO}, shall we talk?")
    await rep.keep("card-talk")
    await rep.phone.screenshot(path=SCREENSHOTS / "phone-talk.png")

    await rep.composer.focus()
    await expect(rep.card.get_by_role("tab", name="Conversation", exact=True)).to_be_visible()
    await rep.admin.is_accessible(rep.page)


async def test_a_picture_is_opened_from_the_card(rep: Rep) -> None:
    """What the lead's phone sent along is a link in the card, to the message's page, where the picture is."""
    await rep.open_record()
    await rep.open_phone()
    await rep.phone.get_by_label("Pictures and files").set_input_files(
        [{"name": "beach.png", "mimeType": "image/png", "buffer": picture()}]
    )
    await rep.lead_replies("Here it is")
    link = rep.card.get_by_role("link", name="Attachment")
    await expect(link).to_be_visible(timeout=NEWS_MILLISECONDS)
    await expect(rep.timeline.get_by_text("Here it is")).to_be_visible(timeout=NEWS_MILLISECONDS)
    await rep.keep("card-picture")

    async with rep.page.expect_popup() as opening:
        await link.click()
    console = await opening.value

    await expect(console.get_by_text("Here it is")).to_be_visible()
    await expect(console.get_by_role("img", name="Attachment 1: beach.png")).to_be_visible()


async def test_the_card_is_worked_by_keyboard_alone(rep: Rep) -> None:
    """Tab leads from the views to the composer and to Send, in that order; a sent text leaves focus in the card."""
    await rep.open_record()
    stops = [
        *(rep.card.get_by_role("tab", name=name) for name in ("Conversation", "Status", "Campaign")),
        rep.composer,
        rep.card.get_by_role("button", name="Send", exact=True),
    ]
    await stops[0].focus()
    await rep.composer.fill("Hi Grace")
    await stops[0].focus()

    for stop, following in pairwise(stops):
        await expect(stop).to_be_focused()
        await rep.page.keyboard.press("Tab")
        await expect(following).to_be_focused()
    await rep.page.keyboard.press("Enter")

    await rep.sees("Hi Grace")
    await expect(rep.composer).to_have_value("")


async def test_what_is_typed_is_kept_while_the_card_catches_up(rep: Rep) -> None:
    """Keys typed one by one, fast, arrive all and in their order, also when the card answers late."""
    await rep.open_record()

    await rep.composer.press_sequentially("The quick brown fox jumps over the lazy dog", delay=5)

    await expect(rep.composer).to_have_value("The quick brown fox jumps over the lazy dog")
    await expect(rep.card.get_by_text("43 of 10000 characters")).to_be_visible()


async def test_a_first_message_with_a_link_is_warned_of_and_refused(rep: Rep) -> None:
    """The card warns before a link is sent in a first message; sent all the same, it says why it was refused."""
    await rep.open_record()

    await rep.composer.fill("Look at https://chert.example")
    await expect(rep.card.get_by_text("A first message must not hold a link")).to_be_visible()
    await rep.card.get_by_role("button", name="Send", exact=True).click()

    await expect(rep.card.get_by_role("alert")).to_contain_text("link", timeout=NEWS_MILLISECONDS)
    await rep.keep("card-link-refused")
    await rep.card.get_by_role("button", name="Dismiss").click()
    await expect(rep.card.get_by_role("alert")).to_have_count(0)


async def test_stop_ends_the_conversation(rep: Rep) -> None:
    """When the lead answers STOP the card says since when, and nothing more can be sent until START."""
    await rep.open_record()
    await rep.open_phone()
    await rep.send("Hi Grace")
    await expect(rep.phone.get_by_text("Hi Grace", exact=True)).to_be_visible(timeout=NEWS_MILLISECONDS)

    await rep.lead_replies("STOP")
    await expect(rep.card.get_by_text("Contact opted out")).to_be_visible(timeout=NEWS_MILLISECONDS)
    await expect(rep.card.get_by_text(re.compile("Since "))).to_be_visible()
    await expect(rep.card.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    await rep.keep("card-opted-out")
    await rep.lead_replies("START")

    await expect(rep.card.get_by_text("Contact opted out")).to_have_count(0, timeout=NEWS_MILLISECONDS)


async def test_a_number_that_goes_and_comes_changes_the_card_at_once(rep: Rep) -> None:
    """A record edited under the open card: without a number the card says what was looked at, with one it can send."""
    await rep.open_record()
    about = rep.page.get_by_role("region", name="About this contact")

    await about.get_by_label("Phone number", exact=True).fill("")
    await about.get_by_role("button", name="Save").click()
    await expect(rep.card.get_by_text("No usable phone number")).to_be_visible(timeout=NEWS_MILLISECONDS)
    await rep.keep("card-no-phone")
    await about.get_by_label("Mobile phone number").fill("+14155550177")
    await about.get_by_role("button", name="Save").click()

    await expect(rep.card.get_by_text("to +14155550177")).to_be_visible(timeout=NEWS_MILLISECONDS)


async def test_the_card_says_status_and_campaign(rep: Rep) -> None:
    """The other two tabs tell connection, line and what is known of the campaign, and are reached by keyboard."""
    await rep.open_record()
    await rep.card.get_by_role("tab", name="Status").focus()
    await rep.page.keyboard.press("Enter")
    await expect(rep.card.get_by_text("Connected", exact=True)).to_be_visible()
    await rep.keep("card-status")

    await rep.page.keyboard.press("Tab")
    await rep.page.keyboard.press("Enter")

    await expect(rep.card.get_by_role("heading", name="Not available")).to_be_visible()
    await rep.keep("card-campaign")


async def test_disconnecting_in_the_console_turns_the_open_card(rep: Rep) -> None:
    """A card that is open when the account is disconnected says so as Chert names it."""
    await rep.open_record()
    console = await rep.page.context.new_page()
    await console.goto(f"{rep.admin.account}/disconnect")
    await console.get_by_role("button", name="Disconnect").click()
    await expect(console.get_by_role("status")).to_contain_text("disconnected")

    await rep.card.get_by_role("tab", name="Status").click()
    await rep.card.get_by_role("button", name="Check again").click()
    await expect(rep.card.get_by_text("Not connected", exact=True)).to_be_visible(timeout=NEWS_MILLISECONDS)
    await rep.card.get_by_role("tab", name="Conversation").click()

    await expect(rep.card.get_by_role("heading", name="unknown or inactive tenant")).to_be_visible()
    await rep.keep("card-disconnected")


async def test_a_workflow_waits_for_the_reply(rep: Rep) -> None:
    """A workflow built with the real action, its lines fetched, sends, waits, and ends with what the lead answers."""
    page = rep.page
    await rep.open_phone()
    await page.bring_to_front()
    await page.goto(f"{rep.workflows}/new")
    await page.get_by_label("Workflow name").fill("Ask")
    await page.get_by_label("Message", exact=True).fill("Hi {{ contact.firstname }}, do you want details?")
    await expect(page.get_by_label("Phone line").get_by_role("option")).not_to_have_count(1)
    await expect(page.get_by_label("Wait for a reply up to (days)")).to_be_hidden()
    await page.get_by_label("After sending").select_option("Wait for a reply")
    await page.get_by_label("Wait for a reply up to (days)").fill("2")
    await page.screenshot(path=SCREENSHOTS / "workflow-new.png")
    await page.get_by_role("button", name="Create").click()
    await page.get_by_label("Grace Hopper").check()
    await page.get_by_role("button", name="Enroll").click()
    history = page.get_by_role("region", name="History")
    await expect(history.locator(".badge")).to_have_text("Waiting", timeout=NEWS_MILLISECONDS)
    await page.screenshot(path=SCREENSHOTS / "workflow-waits.png")

    await expect(rep.phone.get_by_text("Hi Grace, do you want details?")).to_be_visible(timeout=NEWS_MILLISECONDS)
    await rep.lead_replies("Yes please")

    await expect(history.get_by_text("Sent, and the contact replied: Yes please")).to_be_visible(
        timeout=NEWS_MILLISECONDS
    )
    await history.locator("summary").click()
    await expect(history.get_by_text("completed by the app")).to_be_visible()
    await page.screenshot(path=SCREENSHOTS / "workflow-replied.png")
    await rep.admin.is_accessible(page)
