"""The contact record: properties that can be edited, a timeline, and the card where there is one."""

import html
import json
import re
from pathlib import Path

import httpx2
import pytest

from simulators.hubspot.project import CARD_SCRIPTS, read_project
from simulators.receiver import Receiver


@pytest.fixture
def record(portal_id: int, contact_id: str) -> str:
    """The record's address."""
    return f"/contacts/{portal_id}/record/0-1/{contact_id}"


async def test_the_card_gets_hubspots_context(
    http: httpx2.AsyncClient, bearer: dict[str, str], record: str, contact_id: str
) -> None:
    """The page hands the card the record, the account, the reader and the upload's variables."""
    page = (await http.get(record)).text

    (text,) = re.findall(r'id="card-setting">(.*?)</script>', page)
    setting = json.loads(html.unescape(text))
    context = setting["context"]
    assert ("crm.record.sidebar", int(contact_id), 62515) == (
        context["location"],
        context["crm"]["objectId"],
        context["portal"]["id"],
    )
    assert "https://console.trychert.com" == context["variables"]["PUBLIC_BASE_URL"]
    for script in (setting["bundle"], setting["worker"]):
        assert 200 == (await http.get(script)).status_code


async def test_without_the_app_there_is_no_card(http: httpx2.AsyncClient, record: str) -> None:
    """An account that did not install the app has a record without its card."""
    page = (await http.get(record)).text

    assert "No app is connected" in page
    assert "card-setting" not in page


async def test_saving_changes_the_contact_and_tells_the_app(
    http: httpx2.AsyncClient, bearer: dict[str, str], record: str, receiver: Receiver
) -> None:
    """The form writes what was typed, an empty field clears, and the app hears of the properties it subscribed to."""
    form = {"firstname": "Zoë", "lastname": "Vance", "phone": "", "mobilephone": "+14155550111"}

    saved = await http.post(f"{record}/properties", data=form)

    assert (303, record) == (saved.status_code, saved.headers["location"])
    page = (await http.get(record)).text
    assert 'name="mobilephone" value="+14155550111"' in page
    assert 'name="phone" value=""' in page
    await receiver.until_called(1)
    told = {event.get("propertyName") for call in receiver.calls for event in json.loads(call.body)}
    assert {"phone", "mobilephone"} <= told
    assert "firstname" not in told


async def test_other_properties_are_not_saved(http: httpx2.AsyncClient, record: str) -> None:
    """The form has its fields and no others."""
    assert 400 == (await http.post(f"{record}/properties", data={"hs_object_id": "1"})).status_code


async def test_a_page_with_scripts_runs_only_our_own(http: httpx2.AsyncClient, record: str) -> None:
    """The record may run scripts and workers of its own server; nothing else and nowhere else."""
    policy = (await http.get(record)).headers["content-security-policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in (await http.get("/")).headers["content-security-policy"]


def test_a_card_counts_only_when_all_of_it_was_built(project: Path) -> None:
    """A build that was broken off leaves no card."""
    assert read_project(project).has_card

    (project / "built" / CARD_SCRIPTS[-1]).unlink()

    assert not read_project(project).has_card


def test_a_workflows_history_has_words_for_outputs(project: Path) -> None:
    """The first rule that matches gives the words, with outputs filled in; no match gives none."""
    action = read_project(project).action

    assert "Sent as an iMessage." == action.words_for({"ok": "true"})
    assert "daily cap" in action.words_for({"ok": "false", "error": "daily cap reached", "code": "2008"})
    assert "Not sent: odd (code 9)." == action.words_for({"ok": "false", "error": "odd", "code": "9"})
    assert "" == action.words_for({})
