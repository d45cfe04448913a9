import re

import httpx2
import pytest

from simulators.hubspot.richtext import rendered

COMMUNICATIONS = "/crm/objects/2026-09/communications"


def _message(contact_id: str, body: str, timestamp: str) -> dict[str, object]:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 81}]
    return {
        "properties": {
            "hs_communication_channel_type": "SMS",
            "hs_communication_logged_from": "CRM",
            "hs_communication_body": body,
            "hs_timestamp": timestamp,
        },
        "associations": [{"to": {"id": contact_id}, "types": types}],
    }


async def test_pages_lead_from_account_to_contact(http: httpx2.AsyncClient, contact_id: str, portal_id: int) -> None:
    """Accounts link to their contacts, these to the record."""
    accounts = await http.get("/")
    contacts = await http.get(f"/contacts/{portal_id}/objects/0-1")

    assert f"/contacts/{portal_id}/objects/0-1" in accounts.text
    assert f"/contacts/{portal_id}/record/0-1/{contact_id}" in contacts.text
    assert "Zoë Vance" in contacts.text


async def test_the_timeline_shows_the_newest_first(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, portal_id: int
) -> None:
    """The messages' own timestamps decide, and markup from outside does no harm."""
    for body, at in [("older", "2026-11-22T10:00:00Z"), ("<script>x()</script>newer", "2026-11-22T11:00:00Z")]:
        await http.post(COMMUNICATIONS, json=_message(contact_id, body, at), headers=bearer)

    page = (await http.get(f"/contacts/{portal_id}/record/0-1/{contact_id}")).text

    assert page.index("newer") < page.index("older")
    assert "<script>x()" not in page
    assert "22 Nov 2026, 11:00:00 UTC" in page


async def test_a_contact_is_created_by_hand(http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int) -> None:
    """What was typed is a new record, which the page leads to, and the app hears of it."""
    created = await http.post(f"/contacts/{portal_id}/objects/0-1", data={"firstname": "Ada", "phone": "+14155550177"})

    record = (await http.get(created.headers["location"])).text
    (delivery,) = (await http.get("/control/deliveries")).json()["deliveries"]

    assert (303, True) == (created.status_code, 'value="+14155550177"' in record)
    assert ["object.creation"] == [event["subscriptionType"] for event in delivery["events"]]
    assert "Ada" in (await http.get(f"/contacts/{portal_id}/objects/0-1")).text


async def test_the_button_uninstalls(http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int) -> None:
    """The button removes the app, also when pressed twice."""
    before = await http.get(f"/connected-apps/{portal_id}")
    pressed = [await http.post(f"/connected-apps/{portal_id}/uninstall") for _ in range(2)]
    after = await http.get(f"/connected-apps/{portal_id}")

    assert "Uninstall" in before.text
    assert [303, 303] == [answer.status_code for answer in pressed]
    assert "No app is connected" in after.text
    assert 1 == len((await http.get("/control/deliveries")).json()["deliveries"])


async def test_connected_apps_shows_since_when(
    http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int
) -> None:
    """The install's moment, by the simulator's clock, stands beside the app."""
    page = await http.get(f"/connected-apps/{portal_id}")

    assert "installed 21 Sep 2026, 14:13:20 UTC" in page.text


@pytest.mark.parametrize("path", ["/contacts/1/objects/0-1", "/contacts/62515/record/0-1/1", "/connected-apps/1"])
async def test_what_is_not_there_has_a_page(http: httpx2.AsyncClient, portal_id: int, path: str) -> None:
    """An unknown account or contact is told in words."""
    page = await http.get(path)

    assert (404, True) == (page.status_code, "There is no such account or contact." in page.text)


async def test_pages_load_nothing_from_elsewhere(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, portal_id: int
) -> None:
    """Every address a page loads is on this server and exists."""
    paths = ["/", f"/contacts/{portal_id}/record/0-1/{contact_id}", f"/connected-apps/{portal_id}"]
    loaded = set()
    for path in paths:
        loaded |= set(re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="([^"]+)"', (await http.get(path)).text))

    styles = {"/static/pico.classless.min.css", "/static/pages.css", "/static/card.css"}
    assert {"data:,", "/static/fresh.js", "/card/host/page.js"} | styles == loaded
    for path in loaded - {"data:,"}:
        assert 200 == (await http.get(path)).status_code


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("a &lt; b &amp; c", "a &lt; b &amp; c"),
        ("<p>one<br>two</p>", "<p>one<br>two</p>"),
        ("<p>open <b>bold", "<p>open <b>bold</b></p>"),
        ("</p></b>", ""),
        ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
        ('<a href="javascript:x()">x</a>', "x"),
        ('<a href="https://h/?a=1&b=2" onclick="x()">x</a>', 'href="https://h/?a=1&amp;b=2" rel="noopener noreferrer"'),
        ('<img src=x onerror="x()"><style>p{}</style>y', "y"),
    ],
)
def test_rich_text_is_made_harmless(body: str, shown: str) -> None:
    """Only harmless markup is let through, always closed; links lead to the web alone."""
    assert shown in rendered(body)
    assert "onclick" not in rendered(body)
    assert "javascript" not in rendered(body)
