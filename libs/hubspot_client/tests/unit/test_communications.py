import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta, timezone

import httpx2
import pytest

from hubspot_client import (
    ConflictError,
    HubSpotClient,
    MalformedAnswerError,
    NewCommunication,
    NotFoundError,
    RateLimitedError,
    ServerFaultError,
    ValidationFailedError,
)
from hubspot_client.testing import ScriptedTransport

PORTAL = 62515
ARRIVED = datetime(2026, 11, 22, 13, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=1)))
REPLY = NewCommunication("904", "Yes, please", ARRIVED)


def item_error(category: str, *write_trace_ids: str) -> dict[str, object]:
    """One entry of a batch's errors."""
    return {
        "status": "error",
        "category": category,
        "message": "no",
        "context": {"objectWriteTraceId": list(write_trace_ids)},
    }


def associations(*ids: int | str, after: str | None = None) -> httpx2.Response:
    """A page of a contact's associations."""
    result: dict[str, object] = {"from": {"id": "904"}, "to": [{"toObjectId": one} for one in ids]}
    if after is not None:
        result["paging"] = {"next": {"after": after, "link": "ignored"}}
    return httpx2.Response(200, json={"status": "COMPLETE", "results": [result]})


def records(*ids: str) -> httpx2.Response:
    """What a batch read answers."""
    results = [
        {
            "id": one,
            "properties": {"hs_communication_body": f"<p>{one}</p>", "hs_timestamp": "2026-11-22T12:00:00.250Z"},
            "createdAt": "2026-11-22T12:00:01Z",
        }
        for one in ids
    ]
    return httpx2.Response(200, json={"status": "COMPLETE", "results": results})


async def test_a_reply_is_one_call_with_its_association(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """hubspot-contract.md section 5.2: channel, origin, place on the timeline and association type 81."""
    transport.steps = [httpx2.Response(201, json={"id": 4711, "properties": {}})]

    communication_id = await client.communications.create(PORTAL, REPLY, write_trace_id="t-1")

    request = transport.requests[0]
    assert "4711" == communication_id
    assert ("POST", "/crm/objects/2026-09/communications") == (request.method, request.url.path)
    assert {
        "properties": {
            "hs_communication_channel_type": "SMS",
            "hs_communication_logged_from": "CRM",
            "hs_communication_body": "Yes, please",
            "hs_timestamp": "2026-11-22T12:00:00.250Z",
        },
        "associations": [
            {
                "to": {"id": "904"},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 81}],
            }
        ],
        "objectWriteTraceId": "t-1",
    } == json.loads(request.content)


async def test_a_created_communication_that_cannot_be_read_may_have_happened(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """201 with a truncated body is reconciled, not repeated."""
    transport.steps = [httpx2.Response(201, text='{"id": "47')]

    with pytest.raises(MalformedAnswerError) as caught:
        await client.communications.create(PORTAL, REPLY, write_trace_id="t-1")

    assert caught.value.may_have_happened
    assert 1 == len(transport.requests)


async def test_each_item_of_a_batch_has_its_own_end(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """207: results and errors are matched by write trace id, in any order; the rest is unanswered."""
    body = {
        "status": "COMPLETE",
        "results": [{"id": "2", "objectWriteTraceId": "b"}, {"id": "1", "objectWriteTraceId": "a"}],
        "numErrors": 3,
        "errors": [
            item_error("VALIDATION_ERROR", "c"),
            item_error("RATE_LIMITS", "d", "e"),
            item_error("CONFLICT", "never sent"),
        ],
    }
    transport.steps = [httpx2.Response(207, json=body)]

    batch = await client.communications.batch_create(PORTAL, dict.fromkeys("abcdef", REPLY))

    assert {"a": "1", "b": "2"} == batch.created
    assert {"c": ValidationFailedError, "d": RateLimitedError, "e": RateLimitedError} == {
        name: type(error) for name, error in batch.failed.items()
    }
    assert {"f"} == batch.unanswered
    sent = json.loads(transport.requests[0].content)["inputs"]
    assert list("abcdef") == [one["objectWriteTraceId"] for one in sent]
    assert "/crm/objects/2026-09/communications/batch/create" == transport.requests[0].url.path


@pytest.mark.parametrize(
    "error",
    [
        {},
        {"context": None},
        {"context": {}},
        {"context": {"objectWriteTraceId": 7}},
        {"context": {"objectWriteTraceId": [None, {}]}},
    ],
    ids=json.dumps,
)
async def test_an_error_about_nobody_leaves_its_item_unanswered(
    client: HubSpotClient, transport: ScriptedTransport, error: dict[str, object]
) -> None:
    """When HubSpot does not say which input failed, none is declared written or failed."""
    transport.steps = [httpx2.Response(207, json={"results": [], "errors": [error]})]

    batch = await client.communications.batch_create(PORTAL, {"a": REPLY})

    assert ({}, {}, {"a"}) == (batch.created, batch.failed, batch.unanswered)


async def test_a_trace_id_may_come_as_plain_text(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """Contexts hold lists by the schema; a single text is understood as well."""
    error = {"category": "CONFLICT", "context": {"objectWriteTraceId": "a"}}
    transport.steps = [httpx2.Response(207, json={"errors": [error]})]

    batch = await client.communications.batch_create(PORTAL, {"a": REPLY})

    assert ConflictError is type(batch.failed["a"])


@pytest.mark.parametrize("size", [0, 101])
async def test_a_batch_has_one_to_a_hundred_inputs(
    client: HubSpotClient, transport: ScriptedTransport, size: int
) -> None:
    """HubSpot's limit is kept before anything is sent."""
    with pytest.raises(ValueError, match="1 to 100"):
        await client.communications.batch_create(PORTAL, {str(number): REPLY for number in range(size)})

    assert [] == transport.requests


async def test_a_contact_s_communications_are_read_in_two_calls(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """hubspot-contract.md section 5.4: by association, never by search; the newest id first."""
    transport.steps = [associations(9, "100"), records("100", "9")]

    found = [communication async for communication in client.communications.of_contact(PORTAL, "904")]

    first, second = transport.requests
    assert ["100", "9"] == [communication.id for communication in found]
    assert "<p>100</p>" == found[0].body
    assert datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC) == found[0].timestamp
    assert "/crm/associations/2026-09/contacts/communications/batch/read" == first.url.path
    assert {"inputs": [{"id": "904"}]} == json.loads(first.content)
    assert [{"id": "100"}, {"id": "9"}] == json.loads(second.content)["inputs"]


async def test_pages_and_chunks_are_read_as_they_are_asked_for(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """A reader who stops early costs nothing further; the cursor and the limit of 100 are kept."""
    transport.steps = [associations(*range(1, 151), after="next"), records("150"), records("50"), associations()]

    pages = client.communications.of_contact(PORTAL, "904")
    first = await anext(pages)
    calls_for_the_first = len(transport.requests)
    rest = [communication.id async for communication in pages]

    sizes = [len(json.loads(request.content)["inputs"]) for request in transport.requests]
    assert ("150", 2) == (first.id, calls_for_the_first)
    assert ["50"] == rest
    assert [1, 100, 50, 1] == sizes
    assert [{"id": "904", "after": "next"}] == json.loads(transport.requests[3].content)["inputs"]


async def test_only_what_is_unread_is_read(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """A reader who knows some of the communications pays for the others alone, and nothing when there are none."""
    transport.steps = [associations(9, "100"), records("9"), associations("100")]

    async def unread(ids: Mapping[str, Collection[str]]) -> Collection[str]:
        return ids.keys() - {"100"}

    found = [one.id for _ in range(2) async for _, one in client.communications.of_contacts(PORTAL, ["904"], unread)]

    assert ["9"] == found
    assert [{"id": "9"}] == json.loads(transport.requests[1].content)["inputs"]
    assert [] == transport.steps


async def test_a_contact_without_communications_has_none(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """HubSpot says "not found" inside a 207 for a contact without associations."""
    body = {"results": [], "errors": [{"category": "OBJECT_NOT_FOUND"}], "numErrors": 1}
    transport.steps = [httpx2.Response(207, json=body)]

    assert [] == [communication async for communication in client.communications.of_contact(PORTAL, "904")]


async def test_a_half_read_page_does_not_pass_for_a_whole(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """A record that could not be read might be the one that is looked for."""
    body = {"results": [], "errors": [{"category": "INTERNAL_ERROR"}]}
    transport.steps = [associations(1), httpx2.Response(207, json=body)]

    with pytest.raises(ServerFaultError):
        [communication async for communication in client.communications.of_contact(PORTAL, "904")]


@pytest.mark.parametrize("associated", ["abc", "", "1" * 5_000])
async def test_an_id_that_is_no_number_is_malformed(
    client: HubSpotClient, transport: ScriptedTransport, associated: str
) -> None:
    """Whatever stands where an id should be, the error is typed."""
    transport.steps = [associations(associated) for _ in range(3)]

    with pytest.raises(MalformedAnswerError):
        [communication async for communication in client.communications.of_contact(PORTAL, "904")]


async def test_a_contact_id_that_is_no_number_is_never_sent(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """Such a contact does not exist."""
    with pytest.raises(NotFoundError):
        await anext(client.communications.of_contact(PORTAL, "abc"))

    assert [] == transport.requests


def test_a_message_s_text_never_shows_in_a_log() -> None:
    """What was written to or by a person stays out of every representation."""
    assert "Yes, please" not in repr(REPLY)
