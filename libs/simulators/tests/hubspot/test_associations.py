import httpx2
import pytest

PROPERTIES = {
    "hs_communication_channel_type": "SMS",
    "hs_communication_logged_from": "CRM",
    "hs_timestamp": "2026-11-22T12:00:00Z",
}
CREATE_BATCH = "/crm/objects/2026-09/communications/batch/create"


@pytest.fixture
async def message_id(http: httpx2.AsyncClient, bearer: dict[str, str]) -> str:
    """A message that stands on no timeline."""
    body = {"properties": PROPERTIES, "associations": []}
    return str((await http.post("/crm/objects/2026-09/communications", json=body, headers=bearer)).json()["id"])


@pytest.mark.parametrize("family", ["/crm/v4/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"])
async def test_a_pair_is_associated_once(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, message_id: str, portal_id: int, family: str
) -> None:
    """The default association answers 200 each time and the message is on the timeline once."""
    url = f"{family}/communications/{message_id}/associations/default/contacts/{contact_id}"

    first = await http.put(url, headers=bearer)
    again = await http.put(url, headers=bearer)
    timeline = (await http.get(f"/control/portals/{portal_id}/contacts/{contact_id}/timeline")).json()

    assert [200, 200] == [first.status_code, again.status_code]
    assert 81 == first.json()["results"][0]["associationSpec"]["associationTypeId"]
    assert [message_id] == [message["id"] for message in timeline["communications"]]


async def test_a_pair_can_be_named_from_either_side(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, message_id: str
) -> None:
    """From the contact the same association has its reverse type, by any name of the record types."""
    url = f"/crm/v4/objects/0-1/{contact_id}/associations/default/communication/{message_id}"

    answer = await http.put(url, headers=bearer)

    assert (200, 82) == (answer.status_code, answer.json()["results"][0]["associationSpec"]["associationTypeId"])


@pytest.mark.parametrize(
    ("pair", "status"),
    [
        ("communications/1/associations/default/contacts/{contact}", 404),
        ("communications/{message}/associations/default/contacts/1", 404),
        ("communications/{message}/associations/default/tickets/1", 400),
    ],
)
async def test_a_pair_that_does_not_exist_is_refused(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, message_id: str, pair: str, status: int
) -> None:
    """Both records must exist and their types be associable."""
    path = pair.format(contact=contact_id, message=message_id)

    assert status == (await http.put(f"/crm/v4/objects/{path}", headers=bearer)).status_code


async def _log(http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, count: int) -> None:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 81}]
    message = {"properties": PROPERTIES, "associations": [{"to": {"id": contact_id}, "types": types}]}
    await http.post(CREATE_BATCH, json={"inputs": [message] * count}, headers=bearer)


@pytest.mark.parametrize(("family", "kind"), [("/crm/v4/objects", int), ("/crm/objects/2026-03", str)])
async def test_a_record_lists_its_associations(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, family: str, kind: type
) -> None:
    """The list comes in pages, oldest first; v4 writes ids as numbers."""
    await _log(http, bearer, contact_id, 3)
    url = f"{family}/contacts/{contact_id}/associations/communications"

    first = (await http.get(url, params={"limit": 2}, headers=bearer)).json()
    rest = (await http.get(url, params={"after": first["paging"]["next"]["after"]}, headers=bearer)).json()

    ids = [one["toObjectId"] for one in (*first["results"], *rest["results"])]
    assert (3, {kind}) == (len(ids), {type(one) for one in ids})
    assert sorted(ids) == ids
    assert "paging" not in rest
    assert 82 == first["results"][0]["associationTypes"][0]["typeId"]


async def test_a_message_lists_its_contacts(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, message_id: str
) -> None:
    """From the message the list is of contacts, and a record that does not exist is a 404."""
    url = f"/crm/objects/2026-03/communications/{message_id}/associations/contacts"

    assert [] == (await http.get(url, headers=bearer)).json()["results"]
    missing = await http.get("/crm/v4/objects/contacts/1/associations/communications", headers=bearer)
    assert 404 == missing.status_code


async def test_the_newest_version_has_no_list(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str
) -> None:
    """2026-09 serves the batch alone; its list route does not exist."""
    url = f"/crm/objects/2026-09/contacts/{contact_id}/associations/communications"

    answer = await http.get(url, headers=bearer)

    assert (404, "OBJECT_NOT_FOUND") == (answer.status_code, answer.json()["category"])


@pytest.mark.parametrize("family", ["/crm/v4/associations", "/crm/associations/2026-03", "/crm/associations/2026-09"])
async def test_a_batch_of_lists_is_read(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, portal_id: int, family: str
) -> None:
    """Each record comes with its own pages; one with nothing is an error beside the results."""
    bare = (await http.post(f"/control/portals/{portal_id}/contacts", json={"properties": {}})).json()["id"]
    await _log(http, bearer, contact_id, 100)
    await _log(http, bearer, contact_id, 1)
    url = f"{family}/contacts/communications/batch/read"

    first = await http.post(url, json={"inputs": [{"id": contact_id}, {"id": bare}]}, headers=bearer)
    (result,) = first.json()["results"]
    following = {"id": contact_id, "after": result["paging"]["next"]["after"]}
    rest = await http.post(url, json={"inputs": [following]}, headers=bearer)

    assert (207, 100, {"id": contact_id}) == (first.status_code, len(result["to"]), result["from"])
    (error,) = first.json()["errors"]
    assert "crm.associations.NO_ASSOCIATIONS_FOUND" == error["subCategory"]
    assert [bare] == error["context"]["fromObjectId"]
    assert (200, 1) == (rest.status_code, len(rest.json()["results"][0]["to"]))
