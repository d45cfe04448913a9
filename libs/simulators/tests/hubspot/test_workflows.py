import json

import httpx2
import pytest
from fastapi import FastAPI

from simulators.clock import ManualClock
from simulators.hubspot.signing import sign_v2, sign_v3
from simulators.hubspot.workflows import FIRST_RETRY_SECONDS, GIVE_UP_SECONDS
from simulators.receiver import Receiver

SEND = "http://localhost:8080/api/hubspot/send"


async def _run(http: httpx2.AsyncClient, portal_id: int, **order: object) -> dict[str, object]:
    answer = await http.post(f"/control/portals/{portal_id}/workflow-executions", json=order)
    assert 200 == answer.status_code, answer.text
    result: dict[str, object] = answer.json()
    return result


async def _attempts(http: httpx2.AsyncClient, callback_id: object) -> list[dict[str, object]]:
    attempts: list[dict[str, object]] = (await http.get(f"/control/workflow-executions/{callback_id}")).json()[
        "attempts"
    ]
    return attempts


async def test_the_action_is_called_as_the_contract_says(
    http: httpx2.AsyncClient, portal_id: int, contact_id: str, receiver: Receiver, clock: ManualClock
) -> None:
    """The body has callback, origin, context, the contact's five properties and the input; both signatures verify."""
    result = await _run(http, portal_id, contact_id=contact_id, input_fields={"message": "Hi"}, workflow_id=5)

    (call,) = receiver.calls
    body = json.loads(call.body)
    assert (SEND, result["callback_id"]) == (call.url, body["callbackId"])
    assert (portal_id, 5, "WORKFLOWS") == (
        body["origin"]["portalId"],
        body["context"]["workflowId"],
        body["context"]["source"],
    )
    assert body["origin"]["actionExecutionIndexIdentifier"]["enrollmentId"] > 0
    assert {
        "objectId": int(contact_id),
        "objectType": "CONTACT",
        "properties": {
            "phone": "+1 (555) 123-0000",
            "firstname": "Zoë",
            "lastname": "Vance",
            "company": "Acme",
        },
    } == body["object"]
    assert {"message": "Hi"} == body["inputFields"] == body["fields"]
    timestamp = str(int(clock.now() * 1000))
    assert sign_v2("secret-1", "POST", SEND, call.body) == call.headers["x-hubspot-signature"]
    assert sign_v3("secret-1", "POST", SEND, call.body, timestamp) == call.headers["x-hubspot-signature-v3"]
    assert timestamp == call.headers["x-hubspot-request-timestamp"]


async def test_signatures_can_be_chosen(
    http: httpx2.AsyncClient, portal_id: int, contact_id: str, receiver: Receiver
) -> None:
    """Asked for v2 alone, the call carries no v3 header."""
    await _run(http, portal_id, contact_id=contact_id, signatures=["v2"])

    assert "x-hubspot-signature" in receiver.calls[0].headers
    assert "x-hubspot-signature-v3" not in receiver.calls[0].headers


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, "{}", "success"),
        (204, "", "success"),
        (200, "not json", "success"),
        (200, '{"outputFields": {"hs_execution_state": "SUCCESS"}}', "success"),
        (200, '{"outputFields": {"hs_execution_state": "FAIL_CONTINUE"}}', "fail_continue"),
        (200, '{"outputFields": {"hs_execution_state": "BLOCK"}}', "blocked"),
        (200, '{"outputFields": {"hs_execution_state": "ASYNC"}}', "blocked"),
        (200, '{"outputFields": []}', "success"),
        (302, "", "failed"),
        (400, "{}", "failed"),
        (401, "{}", "failed"),
        (429, "{}", "will_retry"),
        (503, "{}", "will_retry"),
    ],
)
async def test_the_answer_decides(
    http: httpx2.AsyncClient,
    portal_id: int,
    contact_id: str,
    receiver: Receiver,
    status: int,
    body: str,
    outcome: str,
) -> None:
    """A named state decides, else the status; 4xx is final, 429 and 5xx are tried again."""
    receiver.answer_next(status, body)

    result = await _run(http, portal_id, contact_id=contact_id)

    assert (status, outcome, 1) == (result["status"], result["outcome"], result["attempts"])


async def test_a_server_error_is_tried_again_later(
    http: httpx2.AsyncClient, portal_id: int, contact_id: str, receiver: Receiver, clock: ManualClock
) -> None:
    """Each retry waits twice as long, is signed anew, and repeats the same callback id until the answer is final."""
    receiver.answer_next(503)
    receiver.answer_next(500)

    result = await _run(http, portal_id, contact_id=contact_id)
    await clock.until_waiting()
    clock.advance(FIRST_RETRY_SECONDS)
    await receiver.until_called(2)
    await clock.until_waiting()
    clock.advance(FIRST_RETRY_SECONDS)
    early = len(receiver.calls)
    clock.advance(FIRST_RETRY_SECONDS)
    await receiver.until_called(3)

    assert 2 == early
    assert 1 == len({json.loads(call.body)["callbackId"] for call in receiver.calls})
    assert 3 == len({call.headers["x-hubspot-signature-v3"] for call in receiver.calls})
    attempts = await _attempts(http, result["callback_id"])
    assert [(503, "will_retry"), (500, "will_retry"), (200, "success")] == [
        (attempt["status"], attempt["outcome"]) for attempt in attempts
    ]


async def test_retry_after_counts_milliseconds(
    http: httpx2.AsyncClient, portal_id: int, contact_id: str, receiver: Receiver, clock: ManualClock
) -> None:
    """A 429 is obeyed in the unit of workflows."""
    receiver.answer_next(429, headers={"Retry-After": "1500"})

    await _run(http, portal_id, contact_id=contact_id)
    await clock.until_waiting()
    clock.advance(1.5)
    await receiver.until_called(2)

    assert 2 == len(receiver.calls)


async def test_retries_end_after_three_days(
    http: httpx2.AsyncClient, portal_id: int, contact_id: str, receiver: Receiver, clock: ManualClock
) -> None:
    """An app that never recovers is given up within three days, and the execution has failed."""
    started = clock.now()
    for _ in range(100):
        receiver.answer_next(503)
    result = await _run(http, portal_id, contact_id=contact_id)
    callback_id = result["callback_id"]

    while (await _attempts(http, callback_id))[-1]["outcome"] == "will_retry":
        await clock.until_waiting()
        clock.advance(8 * 3600)
        await receiver.until_called(len(await _attempts(http, callback_id)) + 1)

    attempts = await _attempts(http, callback_id)
    assert "failed" == attempts[-1]["outcome"]
    assert attempts[-1]["at"] - started <= GIVE_UP_SECONDS
    assert len(attempts) > 8


async def test_a_call_is_repeated_on_request(
    http: httpx2.AsyncClient, portal_id: int, contact_id: str, receiver: Receiver, clock: ManualClock
) -> None:
    """A repeat has the same body and callback id with a fresh signature; its input can be changed."""
    first = await _run(http, portal_id, contact_id=contact_id, input_fields={"message": "Hi"})
    clock.advance(1)
    repeat = await _run(http, portal_id, callback_id=first["callback_id"])
    await _run(http, portal_id, callback_id=first["callback_id"], input_fields={"message": "Ho"})

    one, two, three = receiver.calls
    assert (first["callback_id"], 2) == (repeat["callback_id"], repeat["attempts"])
    assert one.body == two.body
    assert one.headers["x-hubspot-signature-v3"] != two.headers["x-hubspot-signature-v3"]
    assert {"message": "Ho"} == json.loads(three.body)["inputFields"]


async def test_a_repeat_that_succeeds_ends_the_retries(
    http: httpx2.AsyncClient,
    portal_id: int,
    contact_id: str,
    receiver: Receiver,
    clock: ManualClock,
    simulator: FastAPI,
) -> None:
    """When a repeat got a final answer, the planned retry is not made."""
    receiver.answer_next(503)
    first = await _run(http, portal_id, contact_id=contact_id)
    await clock.until_waiting()

    await _run(http, portal_id, callback_id=first["callback_id"])
    clock.advance(86_400)
    await simulator.state.simulator.background.settle()

    assert 2 == len(receiver.calls)


async def test_a_call_belongs_to_its_account(http: httpx2.AsyncClient, portal_id: int, contact_id: str) -> None:
    """The callback id of one account is unknown in another."""
    first = await _run(http, portal_id, contact_id=contact_id)
    await http.post("/control/portals", json={"portal_id": 1, "name": "Other"})

    repeat = await http.post("/control/portals/1/workflow-executions", json={"callback_id": first["callback_id"]})

    assert 404 == repeat.status_code


async def test_what_does_not_exist_is_refused(http: httpx2.AsyncClient, portal_id: int) -> None:
    """An unknown contact, callback or account is a 404, an order without any a 422."""
    url = f"/control/portals/{portal_id}/workflow-executions"

    assert 404 == (await http.post(url, json={"contact_id": "1"})).status_code
    assert 404 == (await http.post(url, json={"callback_id": "ap-0"})).status_code
    assert 404 == (await http.post("/control/portals/1/workflow-executions", json={"contact_id": "1"})).status_code
    assert 422 == (await http.post(url, json={})).status_code


async def test_progress_says_what_executions_came_to_and_when_the_next_is_tried(
    http: httpx2.AsyncClient, portal_id: int, contact_id: str, receiver: Receiver, clock: ManualClock
) -> None:
    """Outcomes are counted; moments of further attempts and held steps are told, no more than asked for."""
    receiver.answer_next(200, json.dumps({"outputFields": {"hs_execution_state": "BLOCK"}}))
    held = await _run(http, portal_id, contact_id=contact_id)
    receiver.answer_next(200, json.dumps({"outputFields": {"hs_execution_state": "SUCCESS"}}))
    await _run(http, portal_id, contact_id=contact_id)
    for _ in range(2):
        receiver.answer_next(503)
        await _run(http, portal_id, contact_id=contact_id)
        clock.advance(1.0)

    url = f"/control/portals/{portal_id}/workflow-executions/progress"
    told, first = (await http.get(url)).json(), (await http.get(url, params={"limit": 1})).json()

    assert {"blocked": 1, "success": 1, "will_retry": 2} == told["outcomes"]
    assert [held["callback_id"]] == told["blocked"]
    assert clock.now() == told["now"]
    assert [clock.now() - 2 + FIRST_RETRY_SECONDS, clock.now() - 1 + FIRST_RETRY_SECONDS] == told["next_attempts"]
    assert told["next_attempts"][:1] == first["next_attempts"]
