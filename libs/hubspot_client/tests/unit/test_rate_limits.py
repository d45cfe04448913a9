import httpx2
import pytest

from hubspot_client import HubSpotClient, HubSpotConnection, RateLimit
from hubspot_client.testing import ScriptedTransport

DETAILS = {"portalId": 62515}
HEADERS = {
    "X-HubSpot-RateLimit-Max": "110",
    "X-HubSpot-RateLimit-Remaining": "108",
    "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
}


async def access_token(portal_id: int) -> str:
    """An access token that names its account."""
    return f"access-token-of-{portal_id}"


async def observed(transport: ScriptedTransport, *answers: httpx2.Response) -> list[tuple[int, RateLimit]]:
    """What the observer is told while one account's details are read."""
    told: list[tuple[int, RateLimit]] = []
    transport.steps = list(answers)
    connection = HubSpotConnection(
        "https://api.hubapi.test",
        transport=transport,
        observe_rate_limit=lambda portal_id, limit: told.append((portal_id, limit)),
    )
    async with connection:
        await HubSpotClient(connection, access_token).account_details(62515)
    return told


async def test_an_answer_tells_the_account_s_limit(transport: ScriptedTransport) -> None:
    """hubspot-contract.md section 6: the account, the window's size, what is left, the window's length."""
    told = await observed(transport, httpx2.Response(200, json=DETAILS, headers=HEADERS))

    assert [(62515, RateLimit(maximum=110, remaining=108, interval_milliseconds=10_000))] == told


async def test_every_answer_tells_it_whatever_its_status(transport: ScriptedTransport) -> None:
    """A try that failed counted too."""
    fault = httpx2.Response(502, headers=HEADERS | {"X-HubSpot-RateLimit-Remaining": "109"})
    told = await observed(transport, fault, httpx2.Response(200, json=DETAILS, headers=HEADERS))

    assert [109, 108] == [limit.remaining for _, limit in told]


@pytest.mark.parametrize("broken", ["", "-1", "many", "1.5", "9" * 10, "²"])
async def test_headers_that_are_no_numbers_tell_nothing(transport: ScriptedTransport, broken: str) -> None:
    """Half a limit is none."""
    headers = {name.encode(): broken.encode() for name in HEADERS}

    assert [] == await observed(transport, httpx2.Response(200, json=DETAILS, headers=headers))


async def test_answers_without_the_headers_tell_nothing(transport: ScriptedTransport) -> None:
    """Search's answers carry none."""
    assert [] == await observed(transport, httpx2.Response(200, json=DETAILS))
