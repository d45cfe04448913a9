import json

import httpx2
import pytest

from hubspot_client import Contact, HubSpotClient, MalformedAnswerError, NotFoundError
from hubspot_client.testing import ScriptedTransport

PORTAL = 62515
FIVE = ["phone", "mobilephone", "firstname", "lastname", "company"]
RECORD = {
    "id": "904",
    "properties": {"phone": "+1 415 555 0100", "mobilephone": None, "firstname": "Sam", "hs_object_id": "904"},
    "createdAt": "2026-11-22T12:00:00Z",
    "archived": False,
}


async def test_a_contact_is_read_with_five_properties_and_no_more(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """chert-contract.md section 2.2: these five are all that the app may look at."""
    transport.steps = [httpx2.Response(200, json=RECORD)]

    contact = await client.contacts.read(PORTAL, "904")

    assert Contact(id="904", phone="+1 415 555 0100", firstname="Sam") == contact
    assert "/crm/objects/2026-09/contacts/904" == transport.requests[0].url.path
    assert {"properties": ",".join(FIVE)} == dict(transport.requests[0].url.params)


async def test_a_contact_s_text_shows_no_person(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """A contact that slips into a log shows its id alone."""
    transport.steps = [httpx2.Response(200, json=RECORD)]

    assert "Contact(id='904')" == repr(await client.contacts.read(PORTAL, "904"))


@pytest.mark.parametrize("contact_id", ["", "..", "904/..", "abc", "٣", "1?x=1", "-1"])
async def test_an_id_that_is_no_number_is_never_sent(
    client: HubSpotClient, transport: ScriptedTransport, contact_id: str
) -> None:
    """A card's word cannot reach another path: such a contact does not exist."""
    with pytest.raises(NotFoundError):
        await client.contacts.read(PORTAL, contact_id)

    assert [] == transport.requests


async def test_a_contact_without_its_properties_is_malformed(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """Absent properties must not pass for a contact without a phone."""
    transport.steps = [httpx2.Response(200, json={"id": "904"}) for _ in range(3)]

    with pytest.raises(MalformedAnswerError):
        await client.contacts.read(PORTAL, "904")


async def test_contacts_are_searched_by_both_searchable_phones(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """hubspot-contract.md section 5.1: one group per property, groups are joined by OR."""
    transport.steps = [httpx2.Response(200, json={"total": 1, "results": [RECORD]})]

    found = await client.contacts.search_by_phones(PORTAL, ["4155550100", "2125550199"])

    body = json.loads(transport.requests[0].content)
    numbers = ["2125550199", "4155550100"]
    filters = [group["filters"] for group in body["filterGroups"]]
    assert (["904"], True) == ([contact.id for contact in found.contacts], found.whole)
    assert "/crm/objects/2026-09/contacts/search" == transport.requests[0].url.path
    assert FIVE == body["properties"]
    assert [
        [{"propertyName": "hs_searchable_calculated_phone_number", "operator": "IN", "values": numbers}],
        [{"propertyName": "hs_searchable_calculated_mobile_number", "operator": "IN", "values": numbers}],
    ] == filters


@pytest.mark.parametrize("total", [2, None])
async def test_a_search_says_when_it_is_not_the_whole(
    client: HubSpotClient, transport: ScriptedTransport, total: int | None
) -> None:
    """More than one answer carries, or no word of it, must not pass for all that there is."""
    transport.steps = [httpx2.Response(200, json={"total": total, "results": [RECORD]})]

    assert not (await client.contacts.search_by_phones(PORTAL, ["4155550100"])).whole


@pytest.mark.parametrize("count", [0, 61])
async def test_a_search_stays_below_hubspots_limit(
    client: HubSpotClient, transport: ScriptedTransport, count: int
) -> None:
    """hubspot-contract.md section 5.1: a search has at most 3,000 characters, so the numbers in it are counted."""
    with pytest.raises(ValueError, match="1 to 60"):
        await client.contacts.search_by_phones(PORTAL, [f"{number:018}" for number in range(count)])

    assert [] == transport.requests


async def test_the_largest_search_fits(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """hubspot-contract.md section 5.1: sixty of the longest numbers there are stay below 3,000 characters."""
    transport.steps = [httpx2.Response(200, json={"total": 0, "results": []})]

    await client.contacts.search_by_phones(PORTAL, [f"{number:014}" for number in range(60)])

    assert 3_000 >= len(transport.requests[0].content)
