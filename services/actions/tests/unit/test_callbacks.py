"""Completing steps at HubSpot, over the client library."""

import json

import httpx2
import pytest

from actions.adapters.callbacks import HubSpotCallbacks
from actions.errors import CallbacksAwayError
from hubspot_client import HubSpotClient, HubSpotConnection
from hubspot_client.testing import ScriptedTransport

PORTAL_ID = 62515
OUTPUTS = {"hs_execution_state": "SUCCESS"}
DONE = httpx2.Response(204)
UNKNOWN = httpx2.Response(400, json={"status": "error", "category": "VALIDATION_ERROR", "message": "not found"})


class Tokens:
    """Access tokens that are forgotten on demand."""

    def __init__(self) -> None:
        self.forgotten: list[int] = []

    async def __call__(self, portal_id: int) -> str:
        """A token."""
        return f"token-of-{portal_id}"

    def forget(self, portal_id: int) -> None:
        """Note it."""
        self.forgotten.append(portal_id)


async def complete(*steps: httpx2.Response | Exception, count: int = 2) -> tuple[object, list[httpx2.Request], Tokens]:
    """Complete so many steps against a script: the result or the error, the requests, the tokens."""
    transport, tokens = ScriptedTransport(list(steps)), Tokens()
    async with HubSpotConnection("https://api.hubapi.test", transport=transport) as connection:
        callbacks = HubSpotCallbacks(HubSpotClient(connection, tokens), tokens)
        try:
            done: object = await callbacks.complete(PORTAL_ID, {f"ap-{number}": OUTPUTS for number in range(count)})
        except CallbacksAwayError as error:
            done = error
    return done, transport.requests, tokens


async def test_many_steps_take_one_call() -> None:
    """A batch that HubSpot takes completes every step."""
    done, requests, _ = await complete(DONE)

    assert ({"ap-0", "ap-1"}, 1) == (done, len(requests))
    assert 2 == len(json.loads(requests[0].content)["inputs"])


async def test_a_refused_batch_is_completed_one_by_one() -> None:
    """One step that is over refuses the batch; alone it counts as over, and the others are completed."""
    done, requests, _ = await complete(UNKNOWN, UNKNOWN, DONE)

    assert ({"ap-0", "ap-1"}, 3) == (done, len(requests))


async def test_one_that_fails_alone_is_left_for_later() -> None:
    """A fault of HubSpot with one step does not keep the others from ending."""
    done, _, _ = await complete(UNKNOWN, httpx2.Response(502), DONE)

    assert {"ap-1"} == done


@pytest.mark.parametrize(
    "trouble",
    [
        httpx2.Response(500),
        httpx2.Response(429, json={"status": "error", "message": "slow down"}),
        httpx2.ReadTimeout("gone"),
        httpx2.Response(403, json={"status": "error", "category": "MISSING_SCOPES", "message": "automation"}),
    ],
)
async def test_what_cannot_be_told_now_is_told_later(trouble: httpx2.Response | Exception) -> None:
    """Whatever keeps HubSpot from hearing leaves every step as it is."""
    done, requests, _ = await complete(trouble)

    assert isinstance(done, CallbacksAwayError)
    assert 1 == len(requests)


async def test_a_refused_token_is_asked_for_anew() -> None:
    """After a 401 the next try has another token."""
    _, _, tokens = await complete(httpx2.Response(401, json={"status": "error", "category": "EXPIRED_AUTHENTICATION"}))

    assert [PORTAL_ID] == tokens.forgotten
