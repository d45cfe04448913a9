"""Completing blocked workflow steps."""

import json

import httpx2
import pytest

from hubspot_client import HubSpotClient, NotFoundError, ValidationFailedError
from hubspot_client.callbacks import COMPLETIONS_LIMIT
from hubspot_client.testing import ScriptedTransport

OUTPUTS = {"hs_execution_state": "SUCCESS", "message_id": "m-1"}
PATH = "/automation/actions/callbacks/2026-09"


async def test_one_step_is_completed_with_the_accounts_token(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """The call names the step in its path, carries outputs and the empty typed ones, and the account's own token."""
    transport.steps = [httpx2.Response(204)]

    await client.callbacks.complete(62515, "ap-62515-1-7-0", OUTPUTS)

    [request] = transport.requests
    assert ("POST", f"{PATH}/ap-62515-1-7-0/complete") == (request.method, request.url.path)
    assert {"outputFields": OUTPUTS, "typedOutputs": {}} == json.loads(request.content)
    assert "Bearer access-token-of-62515" == request.headers["authorization"]


async def test_many_steps_are_completed_in_one_call(client: HubSpotClient, transport: ScriptedTransport) -> None:
    """A batch names each step beside its outputs."""
    transport.steps = [httpx2.Response(204)]

    await client.callbacks.complete_batch(62515, {"ap-1": OUTPUTS, "ap-2": OUTPUTS})

    [request] = transport.requests
    assert f"{PATH}/complete" == request.url.path
    assert ["ap-1", "ap-2"] == [one["callbackId"] for one in json.loads(request.content)["inputs"]]


async def test_a_step_that_hubspot_does_not_wait_for_is_refused(
    client: HubSpotClient, transport: ScriptedTransport
) -> None:
    """HubSpot's 400 for an unknown callback is a refusal, sent once."""
    transport.steps = [httpx2.Response(400, json={"status": "error", "message": "Callback not found"})]

    with pytest.raises(ValidationFailedError):
        await client.callbacks.complete(62515, "ap-1", OUTPUTS)

    assert 1 == len(transport.requests)


@pytest.mark.parametrize("callback_id", ["", "a/b", "..%2f", "a b", "x" * 201])
async def test_an_id_that_cannot_stand_in_a_path_is_never_sent(
    client: HubSpotClient, transport: ScriptedTransport, callback_id: str
) -> None:
    """Such an id is refused here, without a call."""
    with pytest.raises(NotFoundError):
        await client.callbacks.complete(62515, callback_id, OUTPUTS)

    assert [] == transport.requests


@pytest.mark.parametrize("count", [0, COMPLETIONS_LIMIT + 1])
async def test_a_batch_has_its_bounds(client: HubSpotClient, count: int) -> None:
    """An empty batch, or one over the limit, is the caller's mistake."""
    with pytest.raises(ValueError, match="a batch has"):
        await client.callbacks.complete_batch(62515, {f"ap-{number}": OUTPUTS for number in range(count)})
