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

    found = await client.contacts.search_by_phone(PORTAL, "4155550100")

    body = json.loads(transport.requests[0].content)
    filters = [group["filters"] for group in body["filterGroups"]]
    assert ["904"] == [contact.id for contact in found]
    assert "/crm/objects/2026-09/contacts/search" == transport.requests[0].url.path
    assert FIVE == body["properties"]
    assert [
        [{"propertyName": "hs_searchable_calculated_phone_number", "operator": "EQ", "value": "4155550100"}],
        [{"propertyName": "hs_searchable_calculated_mobile_number", "operator": "EQ", "value": "4155550100"}],
    ] == filters


async def test_properties_are_looked_up_by_name(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """Only the named properties are asked about; one that is archived or missing does not exist."""
    found = [{"name": "phone", "type": "string"}, {"name": "mobilephone", "archived": True}]
    transport.steps = [httpx2.Response(207, json={"status": "COMPLETE", "results": found, "numErrors": 1})]

    assert {"phone"} == await client.contacts.existing_properties(PORTAL, ["phone", "mobilephone", "company"])

    assert "/crm/properties/2026-09/contacts/batch/read" == transport.requests[0].url.path
    assert [{"name": "phone"}, {"name": "mobilephone"}, {"name": "company"}] == json.loads(
        transport.requests[0].content
    )["inputs"]
