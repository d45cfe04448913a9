import httpx2
import pytest

from simulators.clock import ManualClock
from simulators.hubspot.blocking import DEFAULT_BLOCK_SECONDS, block_seconds
from simulators.receiver import Receiver

CALLBACKS = "/automation/actions/callbacks/2026-09"
DAY = 86_400.0


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("P1D", DAY),
        ("PT25H", 25 * 3600.0),
        ("P1W", 7 * DAY),
        ("P1DT1H1M1S", DAY + 3661),
        ("P1WT1H", DEFAULT_BLOCK_SECONDS),
        ("", DEFAULT_BLOCK_SECONDS),
        (5, DEFAULT_BLOCK_SECONDS),
        (None, DEFAULT_BLOCK_SECONDS),
    ],
)
def test_a_duration_is_read_as_iso_8601_or_counts_as_a_week(duration: object, seconds: float) -> None:
    """Weeks do not mix with anything; what cannot be read is HubSpot's default."""
    assert seconds == block_seconds(duration)


@pytest.fixture
async def blocked(http: httpx2.AsyncClient, portal_id: int, contact_id: str, receiver: Receiver) -> str:
    """A step that an answer has blocked for a day."""
    receiver.answer_next(200, '{"outputFields": {"hs_execution_state": "BLOCK", "hs_expiration_duration": "P1D"}}')
    answer = await http.post(f"/control/portals/{portal_id}/workflow-executions", json={"contact_id": contact_id})
    assert "blocked" == answer.json()["outcome"]
    return str(answer.json()["callback_id"])


async def _view(http: httpx2.AsyncClient, callback_id: str) -> dict[str, object]:
    view: dict[str, object] = (await http.get(f"/control/workflow-executions/{callback_id}")).json()
    return view


def _completion(state: str = "SUCCESS") -> dict[str, object]:
    return {"outputFields": {"hs_execution_state": state, "message_id": "m-1"}, "typedOutputs": {}}


async def test_a_step_is_completed_once(http: httpx2.AsyncClient, blocked: str, bearer: dict[str, str]) -> None:
    """The first completion ends the step; a second is refused as unknown and changes nothing."""
    first = await http.post(f"{CALLBACKS}/{blocked}/complete", json=_completion(), headers=bearer)
    second = await http.post(f"{CALLBACKS}/{blocked}/complete", json=_completion("FAIL_CONTINUE"), headers=bearer)

    assert (204, 400) == (first.status_code, second.status_code)
    assert f"Callback with ID {blocked} not found for App ID 77" == second.json()["message"]
    assert "success" == (await _view(http, blocked))["outcome"]


async def test_a_batch_is_completed_whole_or_not_at_all(
    http: httpx2.AsyncClient, blocked: str, bearer: dict[str, str]
) -> None:
    """One step that does not wait refuses the batch; without it the batch is carried out."""
    known = {"callbackId": blocked, **_completion("FAIL_CONTINUE")}
    unknown = {"callbackId": "ap-0", **_completion()}

    refused = await http.post(f"{CALLBACKS}/complete", json={"inputs": [known, unknown]}, headers=bearer)
    assert (400, "blocked") == (refused.status_code, (await _view(http, blocked))["outcome"])

    done = await http.post(f"{CALLBACKS}/complete", json={"inputs": [known]}, headers=bearer)
    assert (204, "fail_continue") == (done.status_code, (await _view(http, blocked))["outcome"])


async def test_a_block_expires(
    http: httpx2.AsyncClient, blocked: str, bearer: dict[str, str], clock: ManualClock
) -> None:
    """After its duration HubSpot goes on by itself, and the step can no longer be completed."""
    clock.advance(DAY - 1)
    assert "blocked" == (await _view(http, blocked))["outcome"]

    clock.advance(1)
    late = await http.post(f"{CALLBACKS}/{blocked}/complete", json=_completion(), headers=bearer)

    assert 401 == late.status_code  # the token is as old as the step
    assert "expired" == (await _view(http, blocked))["outcome"]


async def test_completing_needs_the_automation_scope_and_the_right_account(
    http: httpx2.AsyncClient, blocked: str, bearer: dict[str, str]
) -> None:
    """Without a token nothing is completed, and what is not text is no output."""
    url = f"{CALLBACKS}/{blocked}/complete"

    assert 401 == (await http.post(url, json=_completion())).status_code
    wrong = {"outputFields": {"hs_execution_state": "BLOCK"}, "typedOutputs": {}}
    assert 400 == (await http.post(url, json=wrong, headers=bearer)).status_code
    assert "blocked" == (await _view(http, blocked))["outcome"]
