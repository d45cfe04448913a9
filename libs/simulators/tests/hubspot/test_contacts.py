import json

import httpx2
import pytest
from fastapi import FastAPI

from simulators.clock import ManualClock
from simulators.hubspot.searchable import searchable_properties
from simulators.receiver import Receiver

FAMILIES = ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"]
CONTACTS = "/crm/objects/2026-09/contacts"
PHONE = "hs_searchable_calculated_phone_number"


def _filters(**one: object) -> dict[str, object]:
    return {"filterGroups": [{"filters": [one]}]}


async def _found(http: httpx2.AsyncClient, bearer: dict[str, str], body: dict[str, object]) -> list[str]:
    answer = await http.post(f"{CONTACTS}/search", json=body, headers=bearer)
    assert 200 == answer.status_code, answer.text
    return [result["id"] for result in answer.json()["results"]]


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_contact_is_read_with_its_properties(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, family: str
) -> None:
    """Known but unset properties come back null, unknown ones are left out, ids are text."""
    asked = {"properties": "phone,mobilephone,nonsense"}

    answer = await http.get(f"{family}/contacts/{contact_id}", params=asked, headers=bearer)

    contact = answer.json()
    assert (contact_id, False) == (contact["id"], contact["archived"])
    assert ("+1 (555) 123-0000", None) == (contact["properties"]["phone"], contact["properties"]["mobilephone"])
    assert "nonsense" not in contact["properties"]
    assert contact["createdAt"].endswith("Z")
    assert "x-hubspot-ratelimit-max" in answer.headers


async def test_a_contact_of_another_account_is_not_there(
    http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int
) -> None:
    """A record id of another account is a 404 like any unknown one, with rate-limit headers."""
    await http.post("/control/portals", json={"portal_id": 2, "name": "Other"})
    other = (await http.post("/control/portals/2/contacts", json={"properties": {}})).json()["id"]

    answer = await http.get(f"{CONTACTS}/{other}", headers=bearer)

    assert (404, "OBJECT_NOT_FOUND") == (answer.status_code, answer.json()["category"])
    assert "x-hubspot-ratelimit-remaining" in answer.headers


async def test_a_contact_is_found_by_email(http: httpx2.AsyncClient, bearer: dict[str, str]) -> None:
    """`idProperty=email` reads by address; another property is no id."""
    created = await http.post(CONTACTS, json={"properties": {"email": "jo@example.com"}}, headers=bearer)

    by_email = await http.get(f"{CONTACTS}/jo@example.com", params={"idProperty": "email"}, headers=bearer)
    by_city = await http.get(f"{CONTACTS}/Rome", params={"idProperty": "city"}, headers=bearer)

    assert created.json()["id"] == by_email.json()["id"]
    assert 400 == by_city.status_code


async def test_a_contact_is_created_and_changed(http: httpx2.AsyncClient, bearer: dict[str, str]) -> None:
    """Values are kept as text and an empty one clears."""
    created = await http.post(CONTACTS, json={"properties": {"firstname": "Jo", "zip": 101}}, headers=bearer)
    url = f"{CONTACTS}/{created.json()['id']}"

    changed = await http.patch(url, json={"properties": {"zip": "", "city": "Rome"}}, headers=bearer)

    assert (201, "101") == (created.status_code, created.json()["properties"]["zip"])
    assert (None, "Rome") == (changed.json()["properties"]["zip"], changed.json()["properties"]["city"])


@pytest.mark.parametrize(
    "properties", [{}, {"phone": "+15551230000"}, {"firstname": "Jo", "nonsense": "1"}, {"hs_object_id": "1"}]
)
async def test_a_wrong_contact_is_refused(
    http: httpx2.AsyncClient, bearer: dict[str, str], properties: dict[str, str]
) -> None:
    """A contact without a name or address, or with a property that cannot be written, is a validation error."""
    answer = await http.post(CONTACTS, json={"properties": properties}, headers=bearer)

    assert (400, "VALIDATION_ERROR") == (answer.status_code, answer.json()["category"])


@pytest.mark.parametrize("body", ["", "{", "[]", '{"properties": 1}', '{"properties": {"email": {}}}'])
async def test_a_body_out_of_shape_is_refused(http: httpx2.AsyncClient, bearer: dict[str, str], body: str) -> None:
    """Broken JSON and wrong types are answered with the standard error body."""
    answer = await http.post(CONTACTS, content=body, headers=bearer | {"Content-Type": "application/json"})

    assert (400, "VALIDATION_ERROR") == (answer.status_code, answer.json()["category"])
    assert answer.json()["correlationId"]


async def test_a_missing_scope_is_named(
    http: httpx2.AsyncClient, simulator: FastAPI, tokens: dict[str, object], bearer: dict[str, str]
) -> None:
    """A token without the scope is refused with what it lacks."""
    state = simulator.state.simulator
    grant = state.grants.access_token(tokens["access_token"]).grant
    grant.scopes = ("oauth",)

    answer = await http.get(f"{CONTACTS}/1", headers=bearer)

    assert (403, "MISSING_SCOPES") == (answer.status_code, answer.json()["category"])
    (error,) = answer.json()["errors"]
    assert ["crm.objects.contacts.read"] == error["context"]["requiredGranularScopes"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("+15551230000", "5551230000"),
        ("(555) 123-0000", "5551230000"),
        ("+44 20 7946 0018", "2079460018"),
        ("+49 30 901820", "30901820"),
        ("+390612345678", "0612345678"),
        ("12", "12"),
        ("ext. 7", "7"),
    ],
)
def test_searchable_numbers_have_no_country_code(given: str, kept: str) -> None:
    """The calculated properties hold area code and local number, for both sources and their international twins."""
    calculated = searchable_properties({"phone": given, "mobilephone": given})

    assert {kept} == set(calculated.values())
    assert 4 == len(calculated)


async def test_search_finds_by_the_calculated_number(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str
) -> None:
    """A number is found without its country code and not with it."""
    national = _filters(propertyName=PHONE, operator="EQ", value="5551230000")
    full = _filters(propertyName=PHONE, operator="EQ", value="+15551230000")

    assert [contact_id] == await _found(http, bearer, national)
    assert [] == await _found(http, bearer, full)


@pytest.mark.parametrize(
    ("one", "found"),
    [
        ({"propertyName": "lastname", "operator": "EQ", "value": "VANCE"}, True),
        ({"propertyName": "lastname", "operator": "NEQ", "value": "vance"}, False),
        ({"propertyName": "lastname", "operator": "IN", "values": ["vance", "x"]}, True),
        ({"propertyName": "lastname", "operator": "IN", "values": ["Vance"]}, False),
        ({"propertyName": "lastname", "operator": "NOT_IN", "values": ["x"]}, True),
        ({"propertyName": "phone", "operator": "CONTAINS_TOKEN", "value": "*123*"}, True),
        ({"propertyName": "phone", "operator": "CONTAINS_TOKEN", "value": "23"}, False),
        ({"propertyName": "phone", "operator": "NOT_CONTAINS_TOKEN", "value": "23"}, True),
        ({"propertyName": "mobilephone", "operator": "HAS_PROPERTY"}, False),
        ({"propertyName": "mobilephone", "operator": "NOT_HAS_PROPERTY"}, True),
        ({"propertyName": "hs_object_id", "operator": "GT", "value": "1"}, True),
        ({"propertyName": "createdate", "operator": "LT", "value": "2020-01-01T00:00:00Z"}, False),
        ({"propertyName": "createdate", "operator": "BETWEEN", "value": "0", "highValue": "9999999999999"}, True),
        ({"propertyName": "lastname", "operator": "LTE", "value": "5"}, False),
        ({"propertyName": "hs_object_id", "operator": "GTE", "value": "x"}, False),
    ],
)
async def test_operators(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, one: dict[str, object], *, found: bool
) -> None:
    """Each operator finds what it says, text without regard to case, IN only with lower-case values."""
    assert ([contact_id] if found else []) == await _found(http, bearer, _filters(**one))


async def test_groups_are_alternatives_and_filters_conditions(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str
) -> None:
    """One group that holds is enough; within a group every filter must hold."""
    right = {"propertyName": "lastname", "operator": "EQ", "value": "Vance"}
    wrong = {"propertyName": "firstname", "operator": "EQ", "value": "Max"}

    assert [contact_id] == await _found(http, bearer, {"filterGroups": [{"filters": [wrong]}, {"filters": [right]}]})
    assert [] == await _found(http, bearer, {"filterGroups": [{"filters": [wrong, right]}]})


async def test_results_come_in_pages(http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int) -> None:
    """The cursor leads through every result once, in the order asked for."""
    for number in range(5):
        await http.post(f"/control/portals/{portal_id}/contacts", json={"properties": {"lastname": f"L{number}"}})
    sort = {"propertyName": "lastname", "direction": "DESCENDING"}
    names: list[str] = []
    after = "0"
    while after:
        body = {"limit": 2, "after": after, "sorts": [sort], "query": "l", "properties": ["lastname"]}
        page = (await http.post(f"{CONTACTS}/search", json=body, headers=bearer)).json()
        names += [result["properties"]["lastname"] for result in page["results"]]
        after = page.get("paging", {}).get("next", {}).get("after", "")

    assert ["L4", "L3", "L2", "L1", "L0"] == names


async def test_search_is_limited_apart_from_the_burst(
    http: httpx2.AsyncClient, bearer: dict[str, str], clock: ManualClock
) -> None:
    """Five searches a second pass; the sixth is refused without rate-limit headers and costs no burst."""
    answers = [await http.post(f"{CONTACTS}/search", json={}, headers=bearer) for _ in range(6)]
    clock.advance(1)
    later = await http.post(f"{CONTACTS}/search", json={}, headers=bearer)

    assert [200] * 5 + [429] == [answer.status_code for answer in answers]
    assert "SECONDLY" == answers[5].json()["policyName"]
    assert not [name for name in later.headers if "ratelimit" in name]
    assert 200 == later.status_code


@pytest.mark.parametrize(
    "body",
    [
        _filters(propertyName="nonsense", operator="EQ", value="1"),
        _filters(propertyName="phone", operator="LIKE", value="1"),
        {"filterGroups": [{"filters": []}]},
        {"filterGroups": [{"filters": [{"propertyName": "phone", "operator": "HAS_PROPERTY"}]}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "phone", "operator": "HAS_PROPERTY"}] * 6}] * 4},
        {"limit": 201},
        {"limit": 200, "after": 9_801},
        {"query": "x" * 3_000},
    ],
)
async def test_a_search_beyond_the_limits_is_refused(
    http: httpx2.AsyncClient, bearer: dict[str, str], body: dict[str, object]
) -> None:
    """Unknown names, too many groups or filters, too large pages, too much text: 400."""
    assert 400 == (await http.post(f"{CONTACTS}/search", json=body, headers=bearer)).status_code


async def test_the_index_lags(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, portal_id: int, clock: ManualClock
) -> None:
    """With a lag the search shows the old number and a new contact not at all, until the lag is over."""
    await http.patch("/control/switches", json={"search_lag_seconds": 30})
    change = {"properties": {"phone": "+1 555 999 0000"}}
    await http.patch(f"/control/portals/{portal_id}/contacts/{contact_id}", json=change)
    new = (await http.post(f"/control/portals/{portal_id}/contacts", json=change)).json()["id"]
    by_new_number = _filters(propertyName=PHONE, operator="EQ", value="5559990000")

    early = await _found(http, bearer, by_new_number)
    old = await _found(http, bearer, _filters(propertyName=PHONE, operator="EQ", value="5551230000"))
    clock.advance(30)

    assert ([], [contact_id]) == (early, old)
    assert [contact_id, new] == await _found(http, bearer, by_new_number)


async def test_events_tell_of_contacts(
    http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int, receiver: Receiver
) -> None:
    """An installed app hears of a new contact and of a changed number, not of what it did not subscribe to."""
    new = await http.post(f"/control/portals/{portal_id}/contacts", json={"properties": {"firstname": "Jo"}})
    url = f"{CONTACTS}/{new.json()['id']}"
    await http.patch(url, json={"properties": {"city": "Rome"}}, headers=bearer)
    await http.patch(url, json={"properties": {"phone": "+15550001111", "firstname": "Jo"}}, headers=bearer)
    await receiver.until_called(2)

    created, changed = (json.loads(call.body)[0] for call in receiver.calls)
    assert ("object.creation", "0-1", "NEW", "CRM_UI", int(new.json()["id"])) == (
        created["subscriptionType"],
        created["objectTypeId"],
        created["changeFlag"],
        created["changeSource"],
        created["objectId"],
    )
    assert ("object.propertyChange", "phone", "+15550001111", "INTEGRATION") == (
        changed["subscriptionType"],
        changed["propertyName"],
        changed["propertyValue"],
        changed["changeSource"],
    )
    assert 2 == len((await http.get("/control/deliveries")).json()["deliveries"])


async def test_no_events_without_an_install(http: httpx2.AsyncClient, contact_id: str) -> None:
    """Where the app is not installed nobody is told anything."""
    assert [] == (await http.get("/control/deliveries")).json()["deliveries"]
