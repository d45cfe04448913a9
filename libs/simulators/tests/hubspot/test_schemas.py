"""The contact schema."""

import httpx2
import pytest


@pytest.mark.parametrize("prefix", ["/crm/v3/properties", "/crm/properties/2026-03", "/crm/properties/2026-09"])
async def test_properties_are_read_by_name(
    http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int, prefix: str
) -> None:
    """Those that the account has are described; of the others it says that they are not there."""
    await http.patch(f"/control/portals/{portal_id}", json={"missing_properties": ["mobilephone"]})
    body = {"archived": False, "inputs": [{"name": "phone"}, {"name": "mobilephone"}]}

    answer = await http.post(f"{prefix}/contacts/batch/read", json=body, headers=bearer)

    assert 207 == answer.status_code
    assert ["phone"] == [found["name"] for found in answer.json()["results"]]
    assert 1 == answer.json()["numErrors"]


async def test_a_missing_property_is_left_out_of_a_contact(
    http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int, contact_id: str
) -> None:
    """A contact has no value, not even null, for a property that the account lacks."""
    await http.patch(f"/control/portals/{portal_id}", json={"missing_properties": ["phone"]})

    answer = await http.get(f"/crm/objects/2026-09/contacts/{contact_id}?properties=phone,mobilephone", headers=bearer)

    assert {"mobilephone"} == {"phone", "mobilephone"} & answer.json()["properties"].keys()


async def test_the_schema_needs_its_scope(http: httpx2.AsyncClient) -> None:
    """Without a token nothing is told."""
    answer = await http.post("/crm/properties/2026-09/contacts/batch/read", json={"inputs": []})

    assert 401 == answer.status_code
