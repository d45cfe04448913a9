"""A message's page and its files: who may see them, what they show, and what a browser is told about them."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import get_args

import httpx2
import pytest
from fastapi import FastAPI

from contracts.internal import InboundMessage, MessageAtAccount, ReplyStatus
from contracts.messages import MessagePart
from oauth.adapters.in_memory import InMemoryChertFiles, InMemoryConsole, InMemoryHubSpot, InMemoryMessages
from oauth.api.console_activity import STATUSES
from oauth.api.files import UNKNOWN_TYPE, size_words
from oauth.api.message_views import GONE, UNKNOWN
from oauth.api.pages import file_url, message_url
from oauth.api.sessions import SESSION_COOKIE
from oauth.errors import ChertAwayError, HubSpotAwayError, MessagesAwayError
from oauth.models import FileFacts, Installation, Project

PORTAL = 62515
URL = message_url("acme", "m1")
FILE = file_url("acme", "m1", 1)
JSON = {"Accept": "application/json"}
PHOTO = FileFacts("image/jpeg", 3, "beach.jpg")

Connect = Callable[..., Awaitable[Installation]]


def at_account(portal_id: int = PORTAL, project_id: str = "p-acme", **changed: object) -> MessageAtAccount:
    """How the message stands at an account: it is on the timeline."""
    told = {"contact_id": "904", "status": "written", "trace_id": "a" * 32, **changed}
    return MessageAtAccount.model_validate({"portal_id": portal_id, "project_id": project_id, **told})


def message(*accounts: MessageAtAccount, **changed: object) -> InboundMessage:
    """A text and a photo from a lead."""
    usual = {
        "received_at": datetime(2026, 11, 22, 12, 5, tzinfo=UTC),
        "content_kept": True,
        "sender": "+14155551234",
        "parts": (MessagePart(type="text", value="Look <b>here</b>"), MessagePart(type="media", attachment_id="in_1")),
        "accounts": accounts or (at_account(),),
    }
    return InboundMessage.model_validate({**usual, **changed})


@pytest.fixture(autouse=True)
def known(messages: InMemoryMessages, files: InMemoryChertFiles) -> None:
    """The message is known, and Chert has the photo."""
    messages.messages["acme", "m1"] = message()
    files.files["acme", "in_1"] = (PHOTO, b"jpg")


@pytest.fixture
def bob(app: FastAPI, console: InMemoryConsole, globex: Project) -> httpx2.AsyncClient:
    """A browser in which Bob is signed in, who has rights on the other project alone."""
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="https://chert.test", headers={"Accept": "text/html"}
    )
    client.cookies.set(SESSION_COOKIE, console.session("bob", globex))
    return client


async def test_a_message_is_shown_whole(browser: httpx2.AsyncClient, connect: Connect, acme: Project) -> None:
    """Who, when, the text escaped, the photo with type, name and size, account and contact, and how it stands."""
    await connect(acme, PORTAL)

    page = await browser.get(URL)

    assert 200 == page.status_code
    for words in (
        "iMessage from +14155551234", "22 November 2026, 12:05 UTC", "project Acme", "Look &lt;b&gt;here&lt;/b&gt;",
        f'src="{FILE}"', "Attachment 1: beach.jpg", "JPEG image, 3 bytes", f"HubSpot account {PORTAL}",
        "/record/0-1/904", STATUSES["written"], "a" * 32, "<code>m1</code>",
    ):  # fmt: skip
        assert words in page.text
    assert "in_1" not in page.text
    assert "<script" not in page.text
    assert "no-store" == page.headers["cache-control"]


async def test_the_link_in_hubspot_is_this_page(browser: httpx2.AsyncClient, messages: InMemoryMessages) -> None:
    """Whatever signs an id has, the page of its message is found, and its file."""
    messages.messages["acme", "chert:m/1 ?%"] = message()

    page = await browser.get("/console/messages/acme/chert%3Am%2F1%20%3F%25", headers=JSON)

    assert 200 == page.status_code
    assert b"jpg" == (await browser.get(page.json()["parts"][1]["file"]["url"])).content


async def test_the_page_is_the_same_data_as_json(browser: httpx2.AsyncClient) -> None:
    """An API client gets parts in order, and what is known of the file."""
    page = (await browser.get(URL, headers=JSON)).json()

    assert ["text", "file"] == [part["kind"] for part in page["parts"]]
    assert ("beach.jpg", "image/jpeg", 3, True) == tuple(
        page["parts"][1]["file"][name] for name in ("name", "content_type", "size_bytes", "shown")
    )


async def test_every_kind_of_part_is_shown(browser: httpx2.AsyncClient, messages: InMemoryMessages) -> None:
    """Links lead to the web alone; what nobody knows is named; several bubbles and a group are told as such."""
    parts = (
        MessagePart(type="text", value="One"),
        MessagePart(type="text", value="Two"),
        MessagePart(type="rich_link", url="https://example.com/a?b&c"),
        MessagePart(type="rich_link", url="javascript:alert(1)"),
        MessagePart(type="digital_touch"),
        MessagePart(type="media"),
    )
    messages.messages["acme", "m1"] = message(parts=parts, is_group=True)

    page = (await browser.get(URL)).text

    assert 2 == page.count('<p class="bubble" dir="auto">')
    assert 'href="https://example.com/a?b&amp;c" rel="noreferrer noopener nofollow"' in page
    assert "javascript:" not in page
    assert ["[rich_link]", "[digital_touch]", "[media]"] == re.findall(r"\[\w+\]", page)
    assert "in a group" in page


@pytest.mark.parametrize("status", get_args(ReplyStatus))
async def test_every_state_has_words(browser: httpx2.AsyncClient, messages: InMemoryMessages, status: str) -> None:
    """Where a message is not on the timeline, the page says how it stands and why."""
    messages.messages["acme", "m1"] = message(at_account(status=status, contact_id=None))

    (account,) = (await browser.get(URL, headers=JSON)).json()["accounts"]

    assert STATUSES[status] == account["status"]
    assert ("", None) == (account["contact_id"], account["contact_url"])


async def test_an_account_that_left_the_project_is_named_by_its_id_alone(
    browser: httpx2.AsyncClient, connect: Connect, globex: Project
) -> None:
    """What an account is called elsewhere, and where its contacts are, is nobody's business here any more."""
    await connect(globex, PORTAL)

    (account,) = (await browser.get(URL, headers=JSON)).json()["accounts"]

    assert (f"HubSpot account {PORTAL}", None, None) == (account["name"], account["url"], account["contact_url"])


async def test_a_hubspot_that_is_away_leaves_the_contact_without_a_link(
    browser: httpx2.AsyncClient, connect: Connect, acme: Project, hubspot: InMemoryHubSpot
) -> None:
    """The page is shown all the same, with the contact's id."""
    await connect(acme, PORTAL)
    hubspot.troubles.append(HubSpotAwayError("no_answer"))

    (account,) = (await browser.get(URL, headers=JSON)).json()["accounts"]

    assert ("904", None) == (account["contact_id"], account["contact_url"])


@pytest.mark.parametrize("path", ["/console/messages/acme/{id}", "/console/files/acme/1/{id}"])
async def test_a_message_of_others_is_as_if_there_were_none(
    bob: httpx2.AsyncClient, messages: InMemoryMessages, path: str
) -> None:
    """Another project's message, one that never was, and one that only another project's accounts have: one answer."""
    messages.messages["globex", "m1"] = message()
    addresses = [path.format(id="m1"), path.format(id="m2"), path.format(id="m1").replace("acme", "globex")]

    answers = [await bob.get(address) for address in addresses]

    trace = re.compile(r"[0-9a-f]{32}")
    assert {404} == {answer.status_code for answer in answers}
    assert 1 == len({trace.sub("", answer.text) for answer in answers})
    assert "There is nothing here" in answers[0].text


@pytest.mark.parametrize("number", [2, 100])
async def test_a_message_has_no_more_files_than_came(browser: httpx2.AsyncClient, number: int) -> None:
    """A number that no file of the message has is 404."""
    assert 404 == (await browser.get(file_url("acme", "m1", number))).status_code


async def test_accounts_of_others_are_not_shown(browser: httpx2.AsyncClient, messages: InMemoryMessages) -> None:
    """Of a message that accounts of several projects were given, only the session's are told."""
    messages.messages["acme", "m1"] = message(at_account(), at_account(7, "p-other"))

    accounts = (await browser.get(URL, headers=JSON)).json()["accounts"]

    assert [PORTAL] == [account["portal_id"] for account in accounts]


async def test_whoever_is_not_signed_in_comes_back_after(app: FastAPI) -> None:
    """A browser is sent to sign in and from there to the very message; a file without a session is 401."""
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://chert.test") as nobody:
        answer = await nobody.get(message_url("acme", "m 1"), headers={"Accept": "text/html"})
        image = await nobody.get(FILE, headers={"Accept": "image/avif,image/*,*/*;q=0.8"})

    assert 302 == answer.status_code
    assert "/console/messages/acme/m%201" == httpx2.URL(answer.headers["location"]).params["return_to"]
    assert 401 == image.status_code


async def test_an_erased_message_says_so(browser: httpx2.AsyncClient, messages: InMemoryMessages) -> None:
    """Of a message whose content is not kept, the page says that it came, when, and why there is no more."""
    messages.messages["acme", "m1"] = message(content_kept=False, sender="", parts=())

    page = (await browser.get(URL)).text

    assert "is not kept any more" in page
    assert "22 November 2026" in page
    assert 404 == (await browser.get(FILE)).status_code


async def test_a_file_that_chert_has_deleted_is_said_to_be_gone(
    browser: httpx2.AsyncClient, files: InMemoryChertFiles
) -> None:
    """The page says so and offers no link; whoever kept the link reads the same."""
    files.files.clear()

    page = await browser.get(URL)
    answer = await browser.get(FILE)

    assert GONE in page.text
    assert FILE not in page.text
    assert (404, True) == (answer.status_code, "This file is not kept any more" in answer.text)


async def test_a_chert_that_is_away_leaves_the_message_readable(
    browser: httpx2.AsyncClient, files: InMemoryChertFiles
) -> None:
    """The text is shown, the file is said not to be known now; the file itself is a 503."""
    files.trouble = ChertAwayError()

    page = await browser.get(URL)

    assert (200, True, True) == (page.status_code, UNKNOWN in page.text, "Look" in page.text)
    assert 503 == (await browser.get(FILE)).status_code


async def test_a_timeline_that_is_away_is_said(browser: httpx2.AsyncClient, messages: InMemoryMessages) -> None:
    """A person reads that the message cannot be shown now and that nothing is lost; an API client may retry."""
    messages.trouble = MessagesAwayError()

    page = await browser.get(URL)
    answer = await browser.get(URL, headers=JSON)

    assert (503, True) == (page.status_code, "This message cannot be shown right now" in page.text)
    assert (True, "messages_away") == (answer.json()["retryable"], answer.json()["reason"])
    assert "retry-after" in answer.headers


async def test_a_photo_is_shown_and_nothing_more(browser: httpx2.AsyncClient, files: InMemoryChertFiles) -> None:
    """Content, type and size as they are; no guessing, no rights, no copy kept, no other site; then it is closed."""
    answer = await browser.get(FILE)

    assert (200, b"jpg") == (answer.status_code, answer.content)
    assert {
        "content-type": "image/jpeg",
        "content-length": "3",
        "content-disposition": "inline; filename*=UTF-8''beach.jpg",
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "cross-origin-resource-policy": "same-origin",
    }.items() <= dict(answer.headers).items()
    assert 0 == files.opened


@pytest.mark.parametrize(
    ("content_type", "answered"),
    [
        ("video/quicktime", "video/quicktime"),
        ("image/heic", "image/heic"),
        ("text/html", UNKNOWN_TYPE),
        ("image/svg+xml", UNKNOWN_TYPE),
        ("application/javascript", UNKNOWN_TYPE),
        ("application/octet-stream", UNKNOWN_TYPE),
    ],
)
async def test_what_browsers_cannot_show_safely_is_saved(
    browser: httpx2.AsyncClient, files: InMemoryChertFiles, content_type: str, answered: str
) -> None:
    """Only photos are shown; a type that could run is not even named."""
    files.files["acme", "in_1"] = (FileFacts(content_type, None, "a.bin"), b"x")

    page = await browser.get(URL)
    answer = await browser.get(FILE)

    assert ("<img" in page.text, "Download a.bin" in page.text) == (False, True)
    assert answered == answer.headers["content-type"]
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("Strand ä.jpg", "image/jpeg", "Strand%20%C3%A4.jpg"),
        ("../../etc/passwd", "text/plain", "etc%20passwd"),
        ('a"\r\nSet-Cookie: x=1.jpg', "image/jpeg", "a%20Set-Cookie%20%20x%3D1.jpg"),
        ("photo\u202egpj.exe", "image/jpeg", "photo%20gpj.exe"),
        (None, "image/png", "attachment-1.png"),
        (" . ", UNKNOWN_TYPE, "attachment-1.bin"),
        ("x" * 500 + ".pdf", "application/pdf", "x" * 120 + ".pdf"),
    ],
)
async def test_names_of_files_are_harmless(
    browser: httpx2.AsyncClient, files: InMemoryChertFiles, name: str | None, content_type: str, expected: str
) -> None:
    """No path, no header, no hidden ending comes out of a name; a file without one gets one."""
    files.files["acme", "in_1"] = (FileFacts(content_type, 1, name), b"x")

    answer = await browser.get(FILE)

    assert expected == answer.headers["content-disposition"].partition("UTF-8''")[2]


async def test_a_file_that_breaks_off_is_not_taken_for_whole(
    browser: httpx2.AsyncClient, files: InMemoryChertFiles
) -> None:
    """When Chert breaks off amid the content, so does the answer; the file is closed."""
    files.breaks = ChertAwayError()

    with pytest.raises(AssertionError):  # the transport's own: the answer never ended
        await browser.get(FILE)

    assert 0 == files.opened


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (48_200, "48 kB"), (2_340_000, "2.3 MB"), (10**8, "100 MB")],
)
def test_sizes_are_words(size: int, words: str) -> None:
    """Sizes are told in decimal units."""
    assert words == size_words(size)
