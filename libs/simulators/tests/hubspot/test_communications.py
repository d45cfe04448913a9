import httpx2
import pytest

FAMILIES = ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"]
COMMUNICATIONS = "/crm/objects/2026-09/communications"
PROPERTIES = {
    "hs_communication_channel_type": "SMS",
    "hs_communication_logged_from": "CRM",
    "hs_communication_body": "Hi",
    "hs_timestamp": "2026-11-22T12:00:00Z",
}


def _message(contact_id: str | None = None, trace_id: str | None = None, **changed: object) -> dict[str, object]:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 81}]
    message: dict[str, object] = {
        "properties": PROPERTIES | changed,
        "associations": [{"to": {"id": contact_id}, "types": types}] if contact_id else [],
    }
    return message | ({"objectWriteTraceId": trace_id} if trace_id else {})


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_message_is_logged_with_its_association(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str, portal_id: int, family: str
) -> None:
    """One call logs the message and puts it on the contact's timeline; it reads back as written."""
    created = await http.post(f"{family}/communications", json=_message(contact_id), headers=bearer)
    read = await http.get(
        f"{family}/communications/{created.json()['id']}",
        params={"properties": "hs_communication_body,hs_timestamp"},
        headers=bearer,
    )
    timeline = (await http.get(f"/control/portals/{portal_id}/contacts/{contact_id}/timeline")).json()

    assert 201 == created.status_code
    assert ("Hi", "2026-11-22T12:00:00.000Z") == (
        read.json()["properties"]["hs_communication_body"],
        read.json()["properties"]["hs_timestamp"],
    )
    assert [created.json()["id"]] == [message["id"] for message in timeline["communications"]]


@pytest.mark.parametrize("timestamp", [1_795_348_800_000, "1795348800000", "2026-11-22T14:00:00+02:00"])
async def test_timestamps_are_normalised(http: httpx2.AsyncClient, bearer: dict[str, str], timestamp: object) -> None:
    """Milliseconds and ISO 8601 with an offset both read back in UTC."""
    answer = await http.post(COMMUNICATIONS, json=_message(hs_timestamp=timestamp), headers=bearer)

    assert "2026-11-22T12:00:00.000Z" == answer.json()["properties"]["hs_timestamp"]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"hs_communication_channel_type": "IMESSAGE"}, "hs_communication_channel_type"),
        ({"hs_communication_logged_from": "API"}, "hs_communication_logged_from"),
        ({"hs_timestamp": "yesterday"}, "hs_timestamp"),
        ({"hs_timestamp": "2026-11-22T12:00:00"}, "hs_timestamp"),
        ({"hs_timestamp": "9" * 30}, "hs_timestamp"),
        ({"hs_timestamp": None}, "hs_timestamp"),
        ({"direction": "INBOUND"}, "direction"),
        ({"hs_object_id": "1"}, "hs_object_id"),
    ],
)
async def test_a_wrong_property_is_named(
    http: httpx2.AsyncClient, bearer: dict[str, str], change: dict[str, object], wrong: str
) -> None:
    """A value that HubSpot does not take is a validation error that names the property; nothing is logged."""
    answer = await http.post(COMMUNICATIONS, json=_message(**change), headers=bearer)

    assert (400, "VALIDATION_ERROR") == (answer.status_code, answer.json()["category"])
    assert [[wrong]] == [error["context"]["propertyName"] for error in answer.json()["errors"]]
    assert [] == (await http.get("/control/ledger")).json()["communications"]


@pytest.mark.parametrize(
    "body",
    [
        {"properties": PROPERTIES},
        {"properties": PROPERTIES, "associations": [{"to": {"id": "1"}, "types": []}]},
        {
            "properties": PROPERTIES,
            "associations": [
                {"to": {"id": "1"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 9}]}
            ],
        },
        _message("424242"),
    ],
    ids=["no associations member", "no type", "wrong type", "no such contact"],
)
async def test_a_wrong_association_is_refused(
    http: httpx2.AsyncClient, bearer: dict[str, str], body: dict[str, object]
) -> None:
    """The associations member is required, its type is 81, and the contact must exist in the account."""
    answer = await http.post(COMMUNICATIONS, json=body, headers=bearer)

    assert (400, "VALIDATION_ERROR") == (answer.status_code, answer.json()["category"])


async def test_a_batch_is_logged(http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str) -> None:
    """A hundred messages in one call, each result told by its trace id."""
    inputs = [_message(contact_id, f"t-{number}") for number in range(100)]

    answer = await http.post(f"{COMMUNICATIONS}/batch/create", json={"inputs": inputs}, headers=bearer)
    ledger = (await http.get("/control/ledger")).json()["communications"]

    assert (201, "COMPLETE") == (answer.status_code, answer.json()["status"])
    assert {f"t-{number}" for number in range(100)} == {
        result["objectWriteTraceId"] for result in answer.json()["results"]
    }
    assert [(f"t-{number}", [contact_id]) for number in range(100)] == [
        (one["write_trace_id"], one["contact_ids"]) for one in ledger
    ]


async def test_a_mixed_batch_names_what_failed(
    http: httpx2.AsyncClient, bearer: dict[str, str], contact_id: str
) -> None:
    """A wrong input is one error with its trace id; the others are logged and the answer is 207."""
    inputs = [_message(contact_id, "good"), _message(contact_id, "bad", hs_timestamp="x"), _message("9", "lost")]

    answer = await http.post(f"{COMMUNICATIONS}/batch/create", json={"inputs": inputs}, headers=bearer)

    assert (207, 2) == (answer.status_code, answer.json()["numErrors"])
    assert ["good"] == [result["objectWriteTraceId"] for result in answer.json()["results"]]
    assert ["bad", "lost"] == [error["context"]["objectWriteTraceId"][0] for error in answer.json()["errors"]]
    assert 1 == len((await http.get("/control/ledger")).json()["communications"])


async def test_a_batch_has_at_most_a_hundred_inputs(http: httpx2.AsyncClient, bearer: dict[str, str]) -> None:
    """One input more and nothing is done."""
    create = await http.post(f"{COMMUNICATIONS}/batch/create", json={"inputs": [_message()] * 101}, headers=bearer)
    read = await http.post(f"{COMMUNICATIONS}/batch/read", json={"inputs": [{"id": "1"}] * 101}, headers=bearer)

    assert [400, 400] == [create.status_code, read.status_code]
    assert [] == (await http.get("/control/ledger")).json()["communications"]


async def test_a_batch_is_read(http: httpx2.AsyncClient, bearer: dict[str, str]) -> None:
    """Existing messages come with the properties asked for; missing ones make it a 207 that names them."""
    known = (await http.post(COMMUNICATIONS, json=_message(), headers=bearer)).json()["id"]
    body = {"inputs": [{"id": known}], "properties": ["hs_communication_body"]}

    whole = await http.post(f"{COMMUNICATIONS}/batch/read", json=body, headers=bearer)
    mixed = await http.post(
        f"{COMMUNICATIONS}/batch/read", json={"inputs": [{"id": known}, {"id": "7"}]}, headers=bearer
    )

    assert (200, "Hi") == (whole.status_code, whole.json()["results"][0]["properties"]["hs_communication_body"])
    assert (207, ["7"]) == (mixed.status_code, mixed.json()["errors"][0]["context"]["ids"])


async def test_a_message_of_another_account_is_not_there(http: httpx2.AsyncClient, bearer: dict[str, str]) -> None:
    """An unknown id is a 404."""
    assert 404 == (await http.get(f"{COMMUNICATIONS}/1", headers=bearer)).status_code
