"""Building workflows with the app's real action, enrolling contacts, and reading what became of them."""

import json

import httpx2
import pytest

from simulators.hubspot.signing import sign_v3
from simulators.receiver import Receiver

SENT = {"outputFields": {"ok": "true", "message_id": "m-1", "hs_execution_state": "SUCCESS"}}
OPTIONS = {
    "options": [{"label": "Sales", "description": "+1 555", "value": "line_1"}],
    "after": "2",
    "searchable": True,
}


@pytest.fixture
def workflows(portal_id: int) -> str:
    """The address of the account's workflows."""
    return f"/workflows/{portal_id}"


@pytest.fixture
async def workflow(http: httpx2.AsyncClient, workflows: str) -> str:
    """A workflow's address."""
    form = {
        "workflow_name": "Welcome",
        "message": "Hi {{ contact.firstname }}",
        "after_sending": "continue",
        "reply_days": "3",
        "unknown": "x",
    }
    return str((await http.post(workflows, data=form)).headers["location"])


async def test_the_builder_has_the_real_actions_fields(
    http: httpx2.AsyncClient, bearer: dict[str, str], workflows: str, receiver: Receiver
) -> None:
    """The form asks what the action asks; choices without a list are fetched from the app, signed, with the search."""
    receiver.answer_next(200, json.dumps(OPTIONS))

    page = (await http.get(f"{workflows}/new", params={"q": "sal"})).text

    for words in ("If it cannot be sent now", "After sending", "Wait for a reply", "Sales · +1 555", "There are more"):
        assert words in page
    (call,) = receiver.calls
    asked = json.loads(call.body)
    assert "http://localhost:8080/api/hubspot/options/phone-lines" == call.url
    assert ("phone_line_id", {"q": "sal"}) == (asked["inputFieldName"], asked["fetchOptions"])
    timestamp = call.headers["x-hubspot-request-timestamp"]
    assert sign_v3("secret-1", "POST", call.url, call.body, timestamp) == call.headers["x-hubspot-signature-v3"]


@pytest.mark.parametrize(("status", "body"), [(503, "{}"), (200, "<html>"), (200, '{"options": [1]}')])
async def test_an_app_that_does_not_tell_is_told_so(
    http: httpx2.AsyncClient, workflows: str, portal_id: int, receiver: Receiver, status: int, body: str
) -> None:
    """When the option fetch fails the form is there all the same, and says why it is short."""
    receiver.answer_next(status, body)

    page = await http.get(f"{workflows}/new")

    assert (200, True) == (page.status_code, "The app did not tell the choices." in page.text)


async def test_a_workflow_keeps_what_the_action_asks(http: httpx2.AsyncClient, workflow: str, workflows: str) -> None:
    """Unknown fields and days of something that is not waited for are left out."""
    page = (await http.get(workflow)).text

    assert "Hi {{ contact.firstname }}" in page
    assert '<dd class="body" dir="auto">Continue</dd>' in page
    assert "Wait for a reply up to" not in page
    assert "Welcome" in (await http.get(workflows)).text


async def test_an_enrolment_calls_the_app_and_its_history_is_told(
    http: httpx2.AsyncClient, workflow: str, contact_id: str, receiver: Receiver
) -> None:
    """An enrolled contact reaches the app with the workflow's fields; outcome, words and outputs are told."""
    receiver.answer_next(200, json.dumps(SENT))

    await http.post(f"{workflow}/enrollments", data={"contact": [contact_id]})
    await receiver.until_called(1)

    call = json.loads(receiver.calls[0].body)
    assert "Hi {{ contact.firstname }}" == call["inputFields"]["message"]
    assert int(workflow.rpartition("/")[2]) == call["context"]["workflowId"]
    history = (await http.get(f"{workflow}/history")).text
    for words in ("Zoë Vance", "Succeeded", "Sent as an iMessage.", "Message id", "m-1"):
        assert words in history


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, "{}", ("Will be retried", "Next attempt")),
        (200, '{"outputFields": {"hs_execution_state": "BLOCK"}}', ("Waiting", "Waits for the app")),
        (
            200,
            '{"outputFields": {"ok": "false", "error": "contact opted out", "hs_execution_state": "FAIL_CONTINUE"}}',
            ("Failed, went on", "STOP"),
        ),
    ],
)
async def test_waiting_and_refusals_are_told(
    http: httpx2.AsyncClient, workflow: str, contact_id: str, receiver: Receiver, status: int, body: str, words: str
) -> None:
    """What is retried, what waits and what was refused can be told apart, with the action's own words."""
    receiver.answer_next(status, body)

    await http.post(f"{workflow}/enrollments", data={"contact": [contact_id]})
    await receiver.until_called(1)

    history = (await http.get(f"{workflow}/history")).text
    assert all(word in history for word in words)


async def test_nobody_enrolled_changes_nothing(http: httpx2.AsyncClient, workflow: str, receiver: Receiver) -> None:
    """Pressing Enroll without a contact leads back."""
    assert 303 == (await http.post(f"{workflow}/enrollments")).status_code
    assert [] == receiver.calls


@pytest.mark.parametrize("path", ["/workflows/1", "/workflows/62515/7", "/workflows/62515/7/history"])
async def test_what_is_not_there_has_a_page(http: httpx2.AsyncClient, portal_id: int, path: str) -> None:
    """An unknown account or workflow is told in words."""
    assert 404 == (await http.get(path)).status_code
