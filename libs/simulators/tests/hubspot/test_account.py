import json

import httpx2
import pytest

from simulators.clock import ManualClock
from simulators.receiver import Receiver

DETAILS = "/account-info/2026-09/details"


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
async def test_details_name_the_account(
    http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int, version: str
) -> None:
    """Every version tells the account and the host of its pages."""
    answer = await http.get(f"/account-info/{version}/details", headers=bearer)

    assert (portal_id, "hub.test") == (answer.json()["portalId"], answer.json()["uiDomain"])


async def test_an_expired_token_says_so(http: httpx2.AsyncClient, bearer: dict[str, str], clock: ManualClock) -> None:
    """An access token ends after 1800 s by the clock, with its own category and the moment."""
    clock.advance(1800)

    answer = await http.get(DETAILS, headers=bearer)

    assert (401, "EXPIRED_AUTHENTICATION") == (answer.status_code, answer.json()["category"])
    assert answer.json()["context"]["expire time"][0].endswith("Z")
    assert "x-hubspot-auth-failure" in answer.headers


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer none"}, {"Authorization": "Basic eDp5"}])
async def test_no_token_is_invalid(http: httpx2.AsyncClient, header: dict[str, str]) -> None:
    """Without a token that was issued, every call is refused alike."""
    answer = await http.get(DETAILS, headers=header)

    assert (401, "INVALID_AUTHENTICATION") == (answer.status_code, answer.json()["category"])


async def test_the_burst_is_limited(http: httpx2.AsyncClient, bearer: dict[str, str], clock: ManualClock) -> None:
    """110 calls pass within 10 s, the next is refused, and the window rolls."""
    statuses = [(await http.get(DETAILS, headers=bearer)).status_code for _ in range(109)]
    last = await http.get(DETAILS, headers=bearer)
    refused = await http.get(DETAILS, headers=bearer)
    clock.advance(10)
    later = await http.get(DETAILS, headers=bearer)

    assert {200} == set(statuses)
    assert ("110", "0", "10000") == tuple(
        last.headers[f"x-hubspot-ratelimit-{name}"] for name in ("max", "remaining", "interval-milliseconds")
    )
    assert 429 == refused.status_code
    assert ("RATE_LIMIT", "TEN_SECONDLY_ROLLING") == (refused.json()["errorType"], refused.json()["policyName"])
    assert "retry-after" not in refused.headers
    assert "109" == later.headers["x-hubspot-ratelimit-remaining"]


async def test_a_clock_set_back_does_not_block(
    http: httpx2.AsyncClient, bearer: dict[str, str], clock: ManualClock
) -> None:
    """Calls counted at a time that is now to come no longer count."""
    await http.patch("/control/switches", json={"burst_limit": 1})
    await http.get(DETAILS, headers=bearer)
    clock.advance(-600)

    assert 200 == (await http.get(DETAILS, headers=bearer)).status_code


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
async def test_the_app_can_uninstall_itself(
    http: httpx2.AsyncClient, bearer: dict[str, str], tokens: dict[str, str], client_form: dict[str, str], version: str
) -> None:
    """After the app's own call nothing of the grant works any more."""
    answer = await http.delete(f"/appinstalls/{version}/external-install", headers=bearer)

    assert (204, b"") == (answer.status_code, answer.content)
    assert 401 == (await http.get(DETAILS, headers=bearer)).status_code
    refresh = client_form | {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert "BAD_REFRESH_TOKEN" == (await http.post("/oauth/2026-09/token", data=refresh)).json()["status"]
    for token in (tokens["access_token"], tokens["refresh_token"]):
        facts = await http.post("/oauth/2026-09/token/introspect", data=client_form | {"token": token})
        assert {"active": False} == facts.json()


async def test_an_uninstall_is_pushed(
    http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int, receiver: Receiver
) -> None:
    """An uninstall in HubSpot reaches the app as an array of one signed event."""
    answer = await http.post(f"/control/portals/{portal_id}/uninstall")
    await receiver.until_called(1)

    assert 200 == answer.status_code
    call = receiver.calls[0]
    (event,) = json.loads(call.body)
    assert "http://localhost:8080/api/hubspot/uninstall" == call.url
    assert ("app.uninstalled", portal_id, 77, 0) == (
        event["subscriptionType"],
        event["portalId"],
        event["appId"],
        event["attemptNumber"],
    )
    assert {"eventId", "subscriptionId", "occurredAt"} <= set(event)
    assert "v1" == call.headers["x-hubspot-signature-version"]
    assert "x-hubspot-signature-v3" in call.headers


async def test_an_uninstall_can_be_silent(
    http: httpx2.AsyncClient, bearer: dict[str, str], portal_id: int, receiver: Receiver
) -> None:
    """Asked not to push, HubSpot tells nobody; a second uninstall is a conflict."""
    silent = await http.post(f"/control/portals/{portal_id}/uninstall", json={"push": False})
    again = await http.post(f"/control/portals/{portal_id}/uninstall")

    assert silent.json()["delivery_id"] is None
    assert 409 == again.status_code
    assert [] == (await http.get("/control/deliveries")).json()["deliveries"]
